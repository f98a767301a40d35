// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation files.
 *
 * All memory is reserved and zeroed when the file is made; it is free again
 * when the file is released, which is after the last close and unmap, since
 * each mapping holds the file.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/anon_inodes.h>
#include <linux/bsearch.h>
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/vmem.h>

#include "alloc.h"
#include "engine_slot.h"
#include "mapping.h"
#include "pool.h"
#include "region.h"

static bool alloc_grow(struct vmem_allocation *alloc)
{
	u32 max = alloc->max_runs ? alloc->max_runs * 2 : 4;
	struct vmem_run *runs;

	if (alloc->nr_runs < alloc->max_runs)
		return true;
	runs = kvmalloc_array(max, sizeof(*runs), GFP_KERNEL_ACCOUNT);
	if (!runs)
		return false;
	if (alloc->nr_runs)
		memcpy(runs, alloc->runs, alloc->nr_runs * sizeof(*runs));
	kvfree(alloc->runs);
	alloc->runs = runs;
	alloc->max_runs = max;
	return true;
}

/* Regions are mapped apart, so a run never crosses from one to the next. */
static bool alloc_extends(const struct vmem_run *last, u64 phys)
{
	return last->phys + ((u64)last->nr << VMEM_SLICE_SHIFT) == phys &&
	       vmem_region_of(last->phys) == vmem_region_of(phys);
}

static void alloc_append(struct vmem_allocation *alloc, u64 phys, u32 nr)
{
	struct vmem_run *run = &alloc->runs[alloc->nr_runs];
	u32 first = 0;

	if (alloc->nr_runs) {
		struct vmem_run *last = run - 1;

		if (alloc_extends(last, phys)) {
			last->nr += nr;
			return;
		}
		first = last->first + last->nr;
	}
	*run = (struct vmem_run){ .phys = phys, .first = first, .nr = nr };
	alloc->nr_runs++;
}

/* The engine has chosen a run. */
static int alloc_take(void *ctx, u64 phys, u32 nr)
{
	struct vmem_allocation *alloc = ctx;
	int ret;

	if (!alloc_grow(alloc))
		return -ENOMEM;
	ret = vmem_pool_take(phys, nr);
	if (!ret)
		alloc_append(alloc, phys, nr);
	return ret;
}

static u64 alloc_taken(const struct vmem_allocation *alloc)
{
	const struct vmem_run *last;

	if (!alloc->nr_runs)
		return 0;
	last = &alloc->runs[alloc->nr_runs - 1];
	return (u64)last->first + last->nr;
}

static void alloc_return(struct vmem_allocation *alloc,
			 void (*give)(u64 phys, u64 nr))
{
	u32 i;

	lockdep_assert_held(&vmem_pool_lock);
	for (i = 0; i < alloc->nr_runs; i++) {
		give(alloc->runs[i].phys, alloc->runs[i].nr);
		vmem_engine_freed(alloc->runs[i].phys, alloc->runs[i].nr);
	}
	alloc->nr_runs = 0;
}

static int alloc_reserve(struct vmem_allocation *alloc,
			 const struct vmem_want *want)
{
	int ret;

	mutex_lock(&vmem_pool_lock);
	ret = vmem_engine_alloc(want, alloc_take, alloc);
	if (!ret && alloc_taken(alloc) != want->nr_slices)
		ret = -EUCLEAN;
	if (ret)
		alloc_return(alloc, vmem_pool_untake);
	mutex_unlock(&vmem_pool_lock);
	if (ret == -EUCLEAN)
		pr_err("the engine chose memory that is not free: allocation refused\n");
	return ret;
}

static int alloc_zero(const struct vmem_allocation *alloc)
{
	u32 i;
	int ret = 0;

	for (i = 0; !ret && i < alloc->nr_runs; i++)
		ret = vmem_zero(&alloc->runs[i]);
	return ret;
}

static void alloc_destroy(struct vmem_allocation *alloc)
{
	mutex_lock(&vmem_pool_lock);
	alloc_return(alloc, vmem_pool_free);
	mutex_unlock(&vmem_pool_lock);
	kvfree(alloc->runs);
	kfree(alloc);
}

static struct vmem_allocation *alloc_create(const struct vmem_want *want)
{
	struct vmem_allocation *alloc;
	int ret;

	alloc = kzalloc(sizeof(*alloc), GFP_KERNEL_ACCOUNT);
	if (!alloc)
		return ERR_PTR(-ENOMEM);
	alloc->nr_slices = want->nr_slices;
	ret = alloc_reserve(alloc, want) ?: alloc_zero(alloc);
	if (ret) {
		alloc_destroy(alloc);
		return ERR_PTR(ret);
	}
	return alloc;
}

static int alloc_cmp_slice(const void *key, const void *elt)
{
	const struct vmem_run *run = elt;
	u64 slice = *(const u64 *)key;

	if (slice < run->first)
		return -1;
	return slice >= (u64)run->first + run->nr;
}

/**
 * vmem_alloc_find - the run that holds a place in the file
 * @alloc: the allocation
 * @slice: the place, in slices
 *
 * Returns NULL beyond the end. Any context.
 */
const struct vmem_run *vmem_alloc_find(const struct vmem_allocation *alloc,
				       u64 slice)
{
	return bsearch(&slice, alloc->runs, alloc->nr_runs,
		       sizeof(*alloc->runs), alloc_cmp_slice);
}

static int alloc_copy_extents(const struct vmem_allocation *alloc,
			      struct vmem_extent __user *to, u32 room)
{
	u32 i;

	for (i = 0; i < min(room, alloc->nr_runs); i++) {
		const struct vmem_run *run = &alloc->runs[i];
		struct vmem_extent extent = {
			.offset = (u64)run->first << VMEM_SLICE_SHIFT,
			.phys = run->phys,
			.length = (u64)run->nr << VMEM_SLICE_SHIFT,
		};

		if (copy_to_user(&to[i], &extent, sizeof(extent)))
			return -EFAULT;
	}
	return 0;
}

static long alloc_ioctl_extents(const struct vmem_allocation *alloc,
				struct vmem_extents __user *uarg)
{
	struct vmem_extents arg;
	u32 size;
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (get_user(size, &uarg->size))
		return -EFAULT;
	if (size < sizeof(arg))
		return -EINVAL;
	ret = copy_struct_from_user(&arg, sizeof(arg), uarg, size);
	if (ret)
		return ret;
	ret = alloc_copy_extents(alloc, u64_to_user_ptr(arg.extents), arg.nr);
	if (ret)
		return ret;
	return put_user(alloc->nr_runs, &uarg->nr);
}

static long alloc_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == VMEM_IOC_EXTENTS)
		return alloc_ioctl_extents(file->private_data,
					   (void __user *)arg);
	return -ENOTTY;
}

static loff_t alloc_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence,
				 i_size_read(file_inode(file)));
}

static int alloc_release(struct inode *inode, struct file *file)
{
	alloc_destroy(file->private_data);
	return 0;
}

static const struct file_operations alloc_fops = {
	.owner = THIS_MODULE,
	.llseek = alloc_llseek,
	.unlocked_ioctl = alloc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vmem_mmap,
	.get_unmapped_area = vmem_get_unmapped_area,
	.release = alloc_release,
};

/**
 * vmem_alloc_file - reserve memory and make the file that owns it
 * @want: how much, and of what kind
 * @name: for /proc
 *
 * May sleep, and takes as long as zeroing does. Returns the file, or -ENODEV
 * without an engine, -ENOMEM, -EINTR if killed.
 */
struct file *vmem_alloc_file(const struct vmem_want *want, const char *name)
{
	struct vmem_allocation *alloc;
	struct file *file;

	alloc = alloc_create(want);
	if (IS_ERR(alloc))
		return ERR_CAST(alloc);
	/* An inode of its own, so that its mappings can be found. */
	file = anon_inode_create_getfile(name, &alloc_fops, alloc, O_RDWR,
					 NULL);
	if (IS_ERR(file)) {
		alloc_destroy(alloc);
		return file;
	}
	i_size_write(file_inode(file), alloc->nr_slices << VMEM_SLICE_SHIFT);
	return file;
}

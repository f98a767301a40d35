// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation files.
 *
 * All memory is reserved and zeroed when the file is made; it is free again
 * when the file is released, which is after the last close and unmap, since
 * each mapping holds the file.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <uapi/linux/vmem.h>

#include "alloc.h"
#include "alloc_file.h"
#include "mapping.h"

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
	if (size < VMEM_EXTENTS_SIZE_VER0)
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
	vmem_alloc_destroy(file->private_data);
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
 * vmem_alloc_file - make an allocation and the file that owns it
 * @want: how much, and of what kind
 * @opened: the open of /dev/vmem that pays for it
 * @name: for /proc
 *
 * May sleep, and takes as long as zeroing does. Returns the file, or an error
 * of vmem_alloc_create().
 */
struct file *vmem_alloc_file(const struct vmem_want *want,
			     struct vmem_opened *opened, const char *name)
{
	struct vmem_allocation *alloc;
	struct file *file;

	alloc = vmem_alloc_create(want, opened);
	if (IS_ERR(alloc))
		return ERR_CAST(alloc);
	/* An inode of its own, so that its mappings can be found. */
	file = anon_inode_create_getfile(name, &alloc_fops, alloc, O_RDWR,
					 NULL);
	if (IS_ERR(file)) {
		vmem_alloc_destroy(alloc);
		return file;
	}
	i_size_write(file_inode(file), alloc->nr_slices << VMEM_SLICE_SHIFT);
	vmem_alloc_publish(alloc, file->f_mapping);
	return file;
}

// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vmem: its ioctls, and mmap for programs that know nothing of them. */
#include <linux/build_bug.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/topology.h>
#include <linux/uaccess.h>
#include <uapi/linux/vmem.h>

#include "alloc_file.h"
#include "device.h"
#include "engine_slot.h"
#include "mapping.h"
#include "opened.h"
#include "pool.h"

#define DEVICE_MAX_SLICES	U32_MAX		/* struct vmem_run counts so far */

/*
 * The caller's structure, whatever size it has: what it does not know is 0.
 * @vsize is the smallest there has ever been.
 */
static int device_copy_from(void *to, size_t ksize, size_t vsize,
			    void __user *from)
{
	u32 usize;

	if (get_user(usize, (u32 __user *)from))
		return -EFAULT;
	if (usize < vsize)
		return -EINVAL;
	return copy_struct_from_user(to, ksize, from, usize);
}

static bool device_alloc_valid(const struct vmem_alloc *arg)
{
	if (arg->flags & ~VMEM_ALLOC_PAGE_REQUIRED || arg->reserved)
		return false;
	if (!arg->length || arg->length % VMEM_SLICE_SIZE ||
	    arg->length / VMEM_SLICE_SIZE > DEVICE_MAX_SLICES)
		return false;
	if (arg->page_size && arg->page_size != VMEM_SLICE_SIZE &&
	    arg->page_size != VMEM_BLOCK_SIZE)
		return false;
	if (arg->flags & VMEM_ALLOC_PAGE_REQUIRED &&
	    (!arg->page_size || arg->length % arg->page_size))
		return false;
	if (arg->policy > VMEM_POLICY_INTERLEAVE)
		return false;
	if (arg->policy != VMEM_POLICY_PREFER && !arg->nodes)
		return false;
	return strnlen(arg->name, sizeof(arg->name)) < sizeof(arg->name);
}

static u64 device_local_node(void)
{
	return BIT_ULL(min(numa_node_id(), 63));
}

static void device_want(struct vmem_want *want, const struct vmem_alloc *arg)
{
	want->nr_slices = arg->length / VMEM_SLICE_SIZE;
	want->nodes = arg->nodes ?: device_local_node();
	want->policy = arg->policy;
	want->blocks = VMEM_BLOCKS_WANTED;
	if (arg->page_size == VMEM_SLICE_SIZE)
		want->blocks = VMEM_BLOCKS_AVOID;
	else if (arg->flags & VMEM_ALLOC_PAGE_REQUIRED)
		want->blocks = VMEM_BLOCKS_REQUIRED;
}

static long device_ioctl_alloc(struct vmem_opened *opened, void __user *uarg)
{
	char name[VMEM_NAME_LEN + sizeof("[vmem:]")];
	struct vmem_alloc arg;
	struct vmem_want want;
	struct file *file;
	int fd, ret;

	ret = device_copy_from(&arg, sizeof(arg), VMEM_ALLOC_SIZE_VER0, uarg);
	if (ret)
		return ret;
	if (!device_alloc_valid(&arg))
		return -EINVAL;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	device_want(&want, &arg);
	snprintf(name, sizeof(name), "[vmem:%s]", arg.name);
	file = vmem_alloc_file(&want, opened, name);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long device_ioctl_info(void __user *uarg)
{
	struct vmem_counts counts;
	struct vmem_info info;
	u32 usize;
	int ret;

	ret = device_copy_from(&info, sizeof(info), VMEM_INFO_SIZE_VER0, uarg);
	if (ret)
		return ret;
	if (info.reserved)
		return -EINVAL;
	usize = info.size;
	vmem_pool_count(NUMA_NO_NODE, &counts);
	info = (struct vmem_info){
		.size = usize,
		.slice_size = VMEM_SLICE_SIZE,
		.block_size = VMEM_BLOCK_SIZE,
		.total = counts.total * VMEM_SLICE_SIZE,
		.free = counts.free * VMEM_SLICE_SIZE,
		.free_blocks = counts.free_blocks,
		.clean = counts.clean * VMEM_SLICE_SIZE,
		.lent = counts.lent * VMEM_SLICE_SIZE,
		.poisoned = counts.poisoned * VMEM_SLICE_SIZE,
	};
	mutex_lock(&vmem_pool_lock);
	info.metadata = vmem_pool_metadata() + vmem_engine_metadata();
	mutex_unlock(&vmem_pool_lock);
	/* Anything beyond was checked to be zero, which is what it means. */
	return copy_to_user(uarg, &info, min_t(size_t, usize, sizeof(info))) ?
	       -EFAULT : 0;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case VMEM_IOC_ALLOC:
		return device_ioctl_alloc(file->private_data,
					  (void __user *)arg);
	case VMEM_IOC_INFO:
		return device_ioctl_info((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* The file behind this open; made by the first mmap, as large as that is. */
static struct file *device_implicit(struct vmem_opened *opened, u64 length)
{
	struct vmem_want want = {
		.nr_slices = length / VMEM_SLICE_SIZE,
		.nodes = device_local_node(),
		.policy = VMEM_POLICY_PREFER,
		.blocks = VMEM_BLOCKS_WANTED,
	};
	struct file *file;

	mutex_lock(&opened->lock);
	if (!opened->implicit) {
		file = vmem_alloc_file(&want, opened, "[vmem]");
		if (!IS_ERR(file))
			opened->implicit = file;
	} else {
		file = opened->implicit;
	}
	mutex_unlock(&opened->lock);
	return file;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	u64 length = ((u64)vma->vm_pgoff << PAGE_SHIFT) +
		     (vma->vm_end - vma->vm_start);
	struct file *implicit;
	int ret;

	/* Before memory is reserved, what vmem_mmap() would refuse. */
	ret = vmem_mapping_check(vma);
	if (ret)
		return ret;
	if (length / VMEM_SLICE_SIZE > DEVICE_MAX_SLICES)
		return -EINVAL;
	implicit = device_implicit(file->private_data, length);
	if (IS_ERR(implicit))
		return PTR_ERR(implicit);
	/* From here on the mapping holds the allocation by itself. */
	vma_set_file(vma, implicit);
	return vmem_mmap(implicit, vma);
}

static int device_open(struct inode *inode, struct file *file)
{
	file->private_data = vmem_opened_new();
	return file->private_data ? 0 : -ENOMEM;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct vmem_opened *opened = file->private_data;

	if (opened->implicit)
		fput(opened->implicit);
	vmem_opened_put(opened);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.llseek = noop_llseek,		/* 0: unmodified QEMU takes it as unknown */
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = device_mmap,
	.get_unmapped_area = vmem_get_unmapped_area,
};

static struct miscdevice device_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmem",
	.fops = &device_fops,
	.mode = 0600,
};

/**
 * vmem_device_init - make /dev/vmem appear
 */
int vmem_device_init(void)
{
	return misc_register(&device_misc);
}

/**
 * vmem_device_exit - take /dev/vmem away; nobody has it open
 */
void vmem_device_exit(void)
{
	misc_deregister(&device_misc);
}

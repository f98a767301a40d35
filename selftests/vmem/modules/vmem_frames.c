// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that maps page frames by pages, all at once: /dev/vmem_frames, where the offset
 * is the physical address.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static unsigned long skip;
module_param(skip, ulong, 0600);
MODULE_PARM_DESC(skip, "leave out the page frame behind so many of a mapping");

static int frames_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long first = skip ? min(skip << PAGE_SHIFT, size) : size;
	int err;

	err = remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, first, vma->vm_page_prot);
	if (err || first == size)
		return err;
	return remap_pfn_range(vma, vma->vm_start + first, vma->vm_pgoff + skip + 1,
			       size - first, vma->vm_page_prot);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.mmap = frames_mmap,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmem_frames",
	.fops = &fops,
};
module_misc_device(misc);

MODULE_DESCRIPTION("maps page frames by pages");
MODULE_LICENSE("GPL");

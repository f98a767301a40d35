// SPDX-License-Identifier: GPL-2.0-only
/*
 * Touches any physical address: from user space by mmap of /dev/taiji_peek, where
 * the offset is the address, or from the kernel while it loads.
 */

#include <linux/fs.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static unsigned long poke;
module_param(poke, ulong, 0);
MODULE_PARM_DESC(poke, "physical address to write to at once");

static int peek_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.mmap = peek_mmap,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "taiji_peek",
	.fops = &fops,
};

static int __init peek_init(void)
{
	if (poke)
		WRITE_ONCE(*(u64 *)phys_to_virt(poke), 0);
	return misc_register(&misc);
}

static void __exit peek_exit(void)
{
	misc_deregister(&misc);
}

module_init(peek_init);
module_exit(peek_exit);

MODULE_DESCRIPTION("touches what taiji hides");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel counts of each 2 MiB of memory for devices, as it is: /dev/dma_units
 * is an array of 32-bit words, the first for the address in the parameter base.
 */

#include <linux/dma-residency.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static struct dma_units units;
static unsigned long long base;
module_param(base, ullong, 0444);
MODULE_PARM_DESC(base, "physical address of the first unit");

static ssize_t units_read(struct file *file, char __user *buf, size_t size, loff_t *at)
{
	return simple_read_from_buffer(buf, size, at, units.counts,
				       units.nr * sizeof(*units.counts));
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.read = units_read,
	.llseek = default_llseek,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dma_units",
	.fops = &fops,
};

static int __init units_init(void)
{
	int err = dma_residency_units(&units);

	base = units.base;
	return err ?: misc_register(&misc);
}

static void __exit units_exit(void)
{
	misc_deregister(&misc);
}

module_init(units_init);
module_exit(units_exit);

MODULE_DESCRIPTION("shows what is counted for devices");
MODULE_LICENSE("GPL");

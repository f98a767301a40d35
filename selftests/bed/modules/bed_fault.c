// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that misbehaves on request, to see that the test bed notices.
 */
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "say, warn or leak");

/* Not __init: what is gone by the time of the report has no name in it. */
static noinline int bed_fault_leak(void)
{
	return kmalloc(4000, GFP_KERNEL) ? 0 : -ENOMEM;
}

static int __init bed_fault_init(void)
{
	if (sysfs_streq(how, "say"))
		pr_warn("bed_fault has something to say\n");
	else if (sysfs_streq(how, "warn"))
		WARN(1, "bed_fault was asked for this\n");
	else if (sysfs_streq(how, "leak"))
		return bed_fault_leak();
	else
		return -EINVAL;
	return 0;
}
module_init(bed_fault_init);

static void __exit bed_fault_exit(void)
{
}
module_exit(bed_fault_exit);

MODULE_DESCRIPTION("Fault for the self-tests of the test bed");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/* vmem.ko: owns boot-reserved memory and the mappings of it. */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/module.h>

#include "compat.h"
#include "device.h"
#include "lend.h"
#include "poison.h"
#include "region.h"
#include "sysfs.h"
#include "zero.h"

#define VMEM_VERSION "0.2.0"

static char *regions;
module_param(regions, charp, 0444);
MODULE_PARM_DESC(regions, "boot-reserved memory to use: SIZE@ADDR[,SIZE@ADDR...]");

static int __init vmem_init(void)
{
	int ret;

	ret = vmem_regions_claim(regions);
	if (ret)
		return ret;
	ret = vmem_zeroer_init();
	if (ret)
		goto release_regions;
	ret = vmem_lend_init();
	if (ret)
		goto exit_zeroer;
	ret = vmem_sysfs_init(VMEM_VERSION);
	if (ret)
		goto exit_lend;
	ret = vmem_device_init();
	if (ret)
		goto exit_sysfs;
	vmem_ras_init();
	if (!vmem_kvm_takes_pool())
		pr_warn("KVM of this kernel takes the pool for a device, and no virtual machine starts on it: use Linux 7.3, or apply kvm-patches/\n");
	return 0;

exit_sysfs:
	vmem_sysfs_exit();
exit_lend:
	vmem_lend_exit();
exit_zeroer:
	vmem_zeroer_exit();
release_regions:
	vmem_regions_release();
	return ret;
}
module_init(vmem_init);

static void __exit vmem_exit(void)
{
	vmem_ras_exit();
	vmem_device_exit();
	vmem_sysfs_exit();
	vmem_lend_exit();
	vmem_zeroer_exit();
	vmem_poison_exit();
	vmem_regions_release();
}
module_exit(vmem_exit);

MODULE_DESCRIPTION("vmem: memory for virtual machines without struct page");
MODULE_LICENSE("GPL");
MODULE_VERSION(VMEM_VERSION);

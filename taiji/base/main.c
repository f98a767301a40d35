// SPDX-License-Identifier: GPL-2.0-only
/*
 * taiji.ko: the base. It turns the running OS into a guest and back, and
 * decides what is swapped; the engine does it.
 */

#include <linux/init.h>
#include <linux/module.h>
#include <linux/taiji_engine.h>

#include "taiji.h"

struct taiji taiji;
DEFINE_MUTEX(taiji_lock);	/* see taiji.h */
DECLARE_RWSEM(taiji_gate);

static int __init taiji_init(void)
{
	int err;

	err = taiji_cpu_init();
	if (err)
		return err;

	err = taiji_device_init();
	if (err)
		goto out_cpu;

	err = taiji_sysfs_init();
	if (err)
		goto out_device;

	taiji_stats_init();
	pr_info("version %s\n", TAIJI_VERSION);
	return 0;

out_device:
	taiji_device_exit();
out_cpu:
	taiji_cpu_exit();
	return err;
}

/* Not reached while switched: the switch holds a reference to the module. */
static void __exit taiji_exit(void)
{
	taiji_stats_exit();
	taiji_sysfs_exit();
	taiji_device_exit();
	taiji_cpu_exit();
}

module_init(taiji_init);
module_exit(taiji_exit);

MODULE_DESCRIPTION("taiji: memory elasticity below the running OS");
MODULE_LICENSE("GPL");
MODULE_VERSION(TAIJI_VERSION);

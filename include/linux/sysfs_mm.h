/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_SYSFS_MM_H
#define _LINUX_SYSFS_MM_H

#include <linux/kernfs.h>
#include <linux/kobject.h>

/**
 * sysfs_mm_kobj - the kobject of /sys/kernel/mm
 *
 * mm_kobj is not exported to modules. The kernfs node of a kobject's directory
 * carries the kobject, and this one never goes away.
 *
 * Context: may sleep.
 * Return: the kobject, without a reference, or NULL.
 */
static inline struct kobject *sysfs_mm_kobj(void)
{
	struct kernfs_node *kn = kernfs_find_and_get(kernel_kobj->sd, "mm");
	struct kobject *kobj;

	if (!kn)
		return NULL;

	kobj = kn->priv;
	kernfs_put(kn);
	return kobj;
}

#endif /* _LINUX_SYSFS_MM_H */

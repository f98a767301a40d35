/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMEM_BASE_SYSFS_H
#define VMEM_BASE_SYSFS_H

struct kobject;

int vmem_sysfs_init(const char *version);
void vmem_sysfs_exit(void);
int vmem_sysfs_add_nodes(struct kobject *parent);
void vmem_sysfs_remove_nodes(void);

#endif /* VMEM_BASE_SYSFS_H */

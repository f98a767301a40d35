/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMEM_BASE_SYSFS_H
#define VMEM_BASE_SYSFS_H

int vmem_sysfs_init(const char *version);
void vmem_sysfs_exit(void);

#endif /* VMEM_BASE_SYSFS_H */

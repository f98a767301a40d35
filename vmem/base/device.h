/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMEM_BASE_DEVICE_H
#define VMEM_BASE_DEVICE_H

int vmem_device_init(void);
void vmem_device_exit(void);

#endif /* VMEM_BASE_DEVICE_H */

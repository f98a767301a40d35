/* SPDX-License-Identifier: GPL-2.0-only */
/* Lending free memory to the host. */
#ifndef VMEM_BASE_LEND_H
#define VMEM_BASE_LEND_H

#include <linux/types.h>

int vmem_lend_set(int nid, u64 bytes);
int vmem_lend_init(void);
void vmem_lend_exit(void);

#endif /* VMEM_BASE_LEND_H */

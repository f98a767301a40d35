/* SPDX-License-Identifier: GPL-2.0-only */
/* Bad memory. */
#ifndef VMEM_BASE_POISON_H
#define VMEM_BASE_POISON_H

#include <linux/types.h>

int vmem_poison(u64 phys);
bool vmem_poison_hits(u64 phys, u64 size);
void vmem_poison_exit(void);

void vmem_ras_init(void);
void vmem_ras_exit(void);

#endif /* VMEM_BASE_POISON_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroing: for a new owner, and in the background. */
#ifndef VMEM_BASE_ZERO_H
#define VMEM_BASE_ZERO_H

#include <linux/types.h>

int vmem_zero(u64 phys, u64 nr);
void vmem_zero_slice(u64 phys);
void vmem_zero_done(void);

int vmem_zeroer_init(void);
void vmem_zeroer_exit(void);
void vmem_zeroer_kick(void);
unsigned int vmem_zeroer_percent(void);
int vmem_zeroer_set_percent(unsigned int percent);

#endif /* VMEM_BASE_ZERO_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* The place where an engine plugs in. All need vmem_pool_lock. */
#ifndef VMEM_BASE_ENGINE_SLOT_H
#define VMEM_BASE_ENGINE_SLOT_H

#include <linux/vmem_engine.h>

int vmem_engine_alloc(const struct vmem_want *want, vmem_take_t take,
		      void *ctx);
void vmem_engine_freed(u64 phys, u64 nr);
size_t vmem_engine_metadata(void);
int vmem_engine_describe(char *buf);

#endif /* VMEM_BASE_ENGINE_SLOT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* The place where an engine plugs in. All but drop need vmem_pool_lock. */
#ifndef VMEM_BASE_ENGINE_SLOT_H
#define VMEM_BASE_ENGINE_SLOT_H

#include <linux/vmem_engine.h>

int vmem_engine_alloc(const struct vmem_want *want, vmem_take_t take,
		      void *ctx);
void vmem_engine_changed(u64 phys, u64 nr);
bool vmem_engine_next_dirty(int nid, u64 *phys);
int vmem_engine_lend(int nid, u64 nr, u64 *phys);
size_t vmem_engine_metadata(void);
int vmem_engine_describe(char *buf);
void vmem_engine_drop(void);

#endif /* VMEM_BASE_ENGINE_SLOT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* Which node an allocation comes from: one pack for each node with memory. */
#ifndef VMEM_ENGINE_NODE_H
#define VMEM_ENGINE_NODE_H

#include <linux/vmem_engine.h>

int node_attach(const struct vmem_span *spans, unsigned int nr);
void node_detach(void);
int node_alloc(const struct vmem_want *want, vmem_take_t take, void *ctx);
void node_changed(u64 phys, u32 nr);
bool node_next_dirty(int nid, u64 *phys);
bool node_lend(int nid, u64 nr_slices, u64 *phys);
size_t node_metadata(void);

#endif /* VMEM_ENGINE_NODE_H */

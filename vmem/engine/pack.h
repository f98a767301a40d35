/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choosing slices within one NUMA node.
 *
 * A pack is an array of blocks, sorted by address. It keeps the number of
 * free and of clean slices of each; everything else is read from the bytes of
 * the base.
 *
 * Whole blocks go only to those who can use them, or when nothing else is
 * left. Everything smaller goes into the most used block that still holds it,
 * so that whole blocks stay whole. Where that leaves a choice, clean slices go
 * first.
 *
 * Freestanding: this also compiles in user space, for tests. The caller
 * serialises.
 */
#ifndef VMEM_ENGINE_PACK_H
#define VMEM_ENGINE_PACK_H

#include <linux/vmem_engine.h>

struct pack_block {
	u64 phys;
	const u8 *slices;
	u16 nr_free;
	u16 nr_clean;		/* of nr_free: zeroed */
	u16 nr_zeroing;		/* of nr_free: being zeroed */
	u16 span;		/* a run never goes from one to another */
};

struct pack {
	struct pack_block *blocks;
	u32 nr_blocks;
	u32 nr_whole;		/* blocks with all slices free */
	u64 nr_free;		/* slices */
	vmem_take_t take;
	void *ctx;		/* of take() */
};

void pack_count(struct pack *pack);
int pack_take_blocks(struct pack *pack, u64 nr_blocks);
int pack_take_slices(struct pack *pack, u64 nr_slices);
bool pack_changed(struct pack *pack, u64 phys);
bool pack_next_dirty(const struct pack *pack, u64 *phys);
bool pack_find_aligned(const struct pack *pack, u64 nr_slices, u64 *phys);

#endif /* VMEM_ENGINE_PACK_H */

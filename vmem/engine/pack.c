// SPDX-License-Identifier: GPL-2.0-only
/* Choosing slices within one NUMA node, see pack.h. */
#include "pack.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif

struct pack_run {
	u32 start;
	u32 nr;
};

static bool pack_is_whole(const struct pack_block *block)
{
	return block->nr_free == VMEM_BLOCK_SLICES;
}

/**
 * pack_count - (re)build all counts from the bytes
 * @pack: blocks and nr_blocks are set, and blocks sorted by address
 */
void pack_count(struct pack *pack)
{
	u32 i, j;

	pack->nr_free = 0;
	pack->nr_whole = 0;
	for (i = 0; i < pack->nr_blocks; i++) {
		struct pack_block *block = &pack->blocks[i];

		block->nr_free = 0;
		for (j = 0; j < VMEM_BLOCK_SLICES; j++)
			block->nr_free += vmem_slice_free(block->slices[j]);
		pack->nr_free += block->nr_free;
		pack->nr_whole += pack_is_whole(block);
	}
}

static int pack_take_run(struct pack *pack, struct pack_block *block,
			 struct pack_run run)
{
	u64 phys = block->phys + ((u64)run.start << VMEM_SLICE_SHIFT);
	int ret = pack->take(pack->ctx, phys, run.nr);

	if (ret)
		return ret;
	pack->nr_whole -= pack_is_whole(block);
	block->nr_free -= run.nr;
	pack->nr_free -= run.nr;
	return 0;
}

/**
 * pack_take_blocks - take whole blocks, lowest address first
 * @pack: where from
 * @nr_blocks: how many, at most pack->nr_whole
 *
 * Returns 0, or the error of take() with some of them taken.
 */
int pack_take_blocks(struct pack *pack, u64 nr_blocks)
{
	const struct pack_run all = { 0, VMEM_BLOCK_SLICES };
	u32 i;
	int ret;

	for (i = 0; nr_blocks && i < pack->nr_blocks; i++) {
		if (!pack_is_whole(&pack->blocks[i]))
			continue;
		ret = pack_take_run(pack, &pack->blocks[i], all);
		if (ret)
			return ret;
		nr_blocks--;
	}
	return nr_blocks ? -ENOMEM : 0;
}

/* Is @a a better home than @b for @nr slices? */
static bool pack_better_block(const struct pack_block *a,
			      const struct pack_block *b, u64 nr)
{
	if (!b)
		return true;
	/* A whole block is broken only when no other has anything left. */
	if (pack_is_whole(a) != pack_is_whole(b))
		return pack_is_whole(b);
	/* The most used that holds it all; if none does, the fewest pieces. */
	if (b->nr_free < nr)
		return a->nr_free > b->nr_free;
	return a->nr_free >= nr && a->nr_free < b->nr_free;
}

static struct pack_block *pack_best_block(struct pack *pack, u64 nr)
{
	struct pack_block *best = NULL;
	u32 i;

	for (i = 0; i < pack->nr_blocks; i++) {
		struct pack_block *block = &pack->blocks[i];

		if (block->nr_free && pack_better_block(block, best, nr))
			best = block;
	}
	return best;
}

/* The shortest free run of at least @nr slices, or else the longest. */
static struct pack_run pack_best_run(const struct pack_block *block, u64 nr)
{
	struct pack_run run = { 0, 0 }, best = { 0, 0 };
	u32 i;

	for (i = 0; i < VMEM_BLOCK_SLICES; i = run.start + run.nr + 1) {
		run.start = i;
		run.nr = 0;
		while (run.start + run.nr < VMEM_BLOCK_SLICES &&
		       vmem_slice_free(block->slices[run.start + run.nr]))
			run.nr++;
		if (best.nr < nr ? run.nr > best.nr :
				   run.nr >= nr && run.nr < best.nr)
			best = run;
	}
	if (best.nr > nr)
		best.nr = nr;
	return best;
}

static int pack_take_from(struct pack *pack, struct pack_block *block, u64 nr)
{
	while (nr) {
		struct pack_run run = pack_best_run(block, nr);
		int ret = pack_take_run(pack, block, run);

		if (ret)
			return ret;
		nr -= run.nr;
	}
	return 0;
}

/**
 * pack_take_slices - take slices where they harm least
 * @pack: where from
 * @nr_slices: how many, at most pack->nr_free
 *
 * Returns 0, or the error of take() with some of them taken.
 */
int pack_take_slices(struct pack *pack, u64 nr_slices)
{
	while (nr_slices) {
		struct pack_block *block = pack_best_block(pack, nr_slices);
		u64 nr = nr_slices;
		int ret;

		if (!block)
			return -ENOMEM;
		if (nr > block->nr_free)
			nr = block->nr_free;
		ret = pack_take_from(pack, block, nr);
		if (ret)
			return ret;
		nr_slices -= nr;
	}
	return 0;
}

/* The first block at or above @phys. */
static u32 pack_search(const struct pack *pack, u64 phys)
{
	u32 low = 0, high = pack->nr_blocks;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (pack->blocks[mid].phys < phys)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/**
 * pack_give - note that slices became free
 * @pack: whose they may be
 * @phys: physical address of the first
 * @nr: how many, all in one block
 *
 * Returns false if they are not of this pack.
 */
bool pack_give(struct pack *pack, u64 phys, u32 nr)
{
	u64 base = phys & ~((1ULL << VMEM_BLOCK_SHIFT) - 1);
	u32 slice = (phys - base) >> VMEM_SLICE_SHIFT;
	u32 i = pack_search(pack, base);

	/* Regions that share a block have one copy of it each. */
	for (; i < pack->nr_blocks && pack->blocks[i].phys == base; i++) {
		struct pack_block *block = &pack->blocks[i];

		if (block->slices[slice] & VMEM_SLICE_ABSENT)
			continue;
		block->nr_free += nr;
		pack->nr_free += nr;
		pack->nr_whole += pack_is_whole(block);
		return true;
	}
	return false;
}

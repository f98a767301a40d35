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

/* Count a block afresh, and the pack with it. */
static void pack_recount(struct pack *pack, struct pack_block *block)
{
	u32 i;

	pack->nr_free -= block->nr_free;
	pack->nr_whole -= pack_is_whole(block);
	block->nr_free = 0;
	block->nr_clean = 0;
	block->nr_zeroing = 0;
	for (i = 0; i < VMEM_BLOCK_SLICES; i++) {
		u8 state = block->slices[i];

		if (!vmem_slice_free(state))
			continue;
		block->nr_free++;
		block->nr_clean += !state;
		block->nr_zeroing += !!(state & VMEM_SLICE_ZEROING);
	}
	pack->nr_free += block->nr_free;
	pack->nr_whole += pack_is_whole(block);
}

/**
 * pack_count - (re)build all counts from the bytes
 * @pack: blocks and nr_blocks are set, and blocks sorted by address
 */
void pack_count(struct pack *pack)
{
	u32 i;

	pack->nr_free = 0;
	pack->nr_whole = 0;
	for (i = 0; i < pack->nr_blocks; i++) {
		pack->blocks[i].nr_free = 0;
		pack_recount(pack, &pack->blocks[i]);
	}
}

static int pack_take_run(struct pack *pack, struct pack_block *block,
			 struct pack_run run)
{
	u64 phys = block->phys + ((u64)run.start << VMEM_SLICE_SHIFT);
	int ret = pack->take(pack->ctx, phys, run.nr);

	if (!ret)
		pack_recount(pack, block);
	return ret;
}

/* Adjacent blocks in one go: large allocations are many of them. */
static int pack_take_adjacent(struct pack *pack, struct pack_block *block,
			      u32 nr)
{
	int ret = pack->take(pack->ctx, block->phys, nr * VMEM_BLOCK_SLICES);
	u32 i;

	if (ret)
		return ret;
	/* No need to look at the bytes. */
	for (i = 0; i < nr; i++) {
		block[i].nr_free = 0;
		block[i].nr_clean = 0;
		block[i].nr_zeroing = 0;
	}
	pack->nr_free -= (u64)nr * VMEM_BLOCK_SLICES;
	pack->nr_whole -= nr;
	return 0;
}

static bool pack_block_suits(const struct pack_block *block, bool all)
{
	return pack_is_whole(block) &&
	       (all || block->nr_clean == VMEM_BLOCK_SLICES);
}

/* How many adjacent blocks suit, from @i on, of at most @nr_blocks? */
static u32 pack_adjacent(const struct pack *pack, u32 i, bool all,
			 u64 nr_blocks)
{
	const struct pack_block *block = &pack->blocks[i];
	u32 nr = 0;

	while (nr < nr_blocks && i + nr < pack->nr_blocks &&
	       block[nr].span == block->span &&
	       pack_block_suits(&block[nr], all))
		nr++;
	return nr;
}

/* Whole blocks in the order of their addresses, clean ones only or all. */
static int pack_take_some(struct pack *pack, bool all, u64 *nr_blocks)
{
	u32 i, nr;
	int ret;

	for (i = 0; *nr_blocks && i < pack->nr_blocks; i += nr ?: 1) {
		nr = pack_adjacent(pack, i, all, *nr_blocks);
		if (!nr)
			continue;
		ret = pack_take_adjacent(pack, &pack->blocks[i], nr);
		if (ret)
			return ret;
		*nr_blocks -= nr;
	}
	return 0;
}

/**
 * pack_take_blocks - take whole blocks, clean ones first
 * @pack: where from
 * @nr_blocks: how many, at most pack->nr_whole
 *
 * Returns 0, or the error of take() with some of them taken.
 */
int pack_take_blocks(struct pack *pack, u64 nr_blocks)
{
	int ret = pack_take_some(pack, false, &nr_blocks);

	if (!ret)
		ret = pack_take_some(pack, true, &nr_blocks);
	if (!ret && nr_blocks)
		ret = -ENOMEM;
	return ret;
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

/* May a slice with this state be part of a run? */
static bool pack_suits(u8 state, bool clean)
{
	return clean ? !state : vmem_slice_free(state);
}

/* The shortest run of at least @nr free slices, or else the longest. */
static struct pack_run pack_find_run(const struct pack_block *block, u64 nr,
				     bool clean)
{
	struct pack_run run = { 0, 0 }, best = { 0, 0 };
	u32 i;

	for (i = 0; i < VMEM_BLOCK_SLICES; i = run.start + run.nr + 1) {
		run.start = i;
		run.nr = 0;
		while (run.start + run.nr < VMEM_BLOCK_SLICES &&
		       pack_suits(block->slices[run.start + run.nr], clean))
			run.nr++;
		if (best.nr < nr ? run.nr > best.nr :
				   run.nr >= nr && run.nr < best.nr)
			best = run;
	}
	if (best.nr > nr)
		best.nr = nr;
	return best;
}

/* A clean run if one is long enough: pieces last longer than dirt. */
static struct pack_run pack_best_run(const struct pack_block *block, u64 nr)
{
	struct pack_run run = { 0, 0 };

	if (block->nr_clean >= nr)
		run = pack_find_run(block, nr, true);
	return run.nr == nr ? run : pack_find_run(block, nr, false);
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
 * pack_changed - take note of bytes that the base has changed
 * @pack: whose they may be
 * @phys: physical address of one of the slices, all in one block
 *
 * Returns false if they are not of this pack.
 */
bool pack_changed(struct pack *pack, u64 phys)
{
	u64 base = phys & ~((1ULL << VMEM_BLOCK_SHIFT) - 1);
	u32 slice = (phys - base) >> VMEM_SLICE_SHIFT;
	u32 i = pack_search(pack, base);

	/* Regions that share a block have one copy of it each. */
	for (; i < pack->nr_blocks && pack->blocks[i].phys == base; i++) {
		if (pack->blocks[i].slices[slice] & VMEM_SLICE_ABSENT)
			continue;
		pack_recount(pack, &pack->blocks[i]);
		return true;
	}
	return false;
}

static u32 pack_nr_dirty(const struct pack_block *block)
{
	return block->nr_free - block->nr_clean - block->nr_zeroing;
}

/**
 * pack_next_dirty - a slice that ought to be zeroed next
 * @pack: where
 * @phys: set to its address
 *
 * Whole blocks come first: those who want them want them clean. Returns false
 * if there is nothing to do.
 */
bool pack_next_dirty(const struct pack *pack, u64 *phys)
{
	const struct pack_block *best = NULL;
	u32 i;

	for (i = 0; i < pack->nr_blocks; i++) {
		const struct pack_block *block = &pack->blocks[i];

		if (!pack_nr_dirty(block))
			continue;
		if (!best || (pack_is_whole(block) && !pack_is_whole(best)))
			best = block;
	}
	for (i = 0; best && i < VMEM_BLOCK_SLICES; i++) {
		*phys = best->phys + ((u64)i << VMEM_SLICE_SHIFT);
		if (best->slices[i] == VMEM_SLICE_DIRTY)
			return true;
	}
	return false;
}

static bool pack_is_free(const struct pack_block *block, u32 start, u32 nr)
{
	u32 i;

	for (i = start; i < start + nr; i++)
		if (!vmem_slice_free(block->slices[i]))
			return false;
	return true;
}

/* Are the blocks from @i on adjacent, and whole, for @nr_slices? */
static bool pack_are_whole(const struct pack *pack, u32 i, u64 nr_slices)
{
	u64 phys = pack->blocks[i].phys;
	u64 nr = nr_slices / VMEM_BLOCK_SLICES, j;

	if (phys & ((nr_slices << VMEM_SLICE_SHIFT) - 1))
		return false;
	for (j = 0; j < nr; j++, phys += 1ULL << VMEM_BLOCK_SHIFT)
		if (i + j >= pack->nr_blocks ||
		    pack->blocks[i + j].phys != phys ||
		    !pack_is_whole(&pack->blocks[i + j]))
			return false;
	return true;
}

/* A place for @nr slices in one block. */
static bool pack_find_within(const struct pack_block *block, u32 nr, u64 *phys)
{
	u32 start;

	for (start = 0; start < VMEM_BLOCK_SLICES; start += nr) {
		*phys = block->phys + ((u64)start << VMEM_SLICE_SHIFT);
		if (pack_is_free(block, start, nr))
			return true;
	}
	return false;
}

/**
 * pack_find_aligned - a free run that is aligned to its size
 * @pack: where
 * @nr_slices: how long, a power of two
 * @phys: set to its address
 *
 * Broken blocks come first, the highest of them: the host gets what is worth
 * least here. Returns false if there is none.
 */
bool pack_find_aligned(const struct pack *pack, u64 nr_slices, u64 *phys)
{
	bool whole;
	u32 i, round;

	for (round = 0; round < 2; round++) {
		for (i = pack->nr_blocks; i-- > 0;) {
			whole = pack_is_whole(&pack->blocks[i]);
			if (whole != round)
				continue;
			*phys = pack->blocks[i].phys;
			if (nr_slices > VMEM_BLOCK_SLICES ?
			    whole && pack_are_whole(pack, i, nr_slices) :
			    pack_find_within(&pack->blocks[i], nr_slices, phys))
				return true;
		}
	}
	return false;
}

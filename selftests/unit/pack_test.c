// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pack core against a naive model, with random allocations and frees.
 * usage: pack_test [STEPS [SEED]]
 */
#include "pack_host.h"

#define TEST_BLOCKS	24
#define TEST_OWNERS	400

/* ---- the model: everything counted afresh ---- */

struct model {
	u64 nr_free;
	u64 nr_whole;
	u64 nr_pure;		/* whole blocks that are clean */
	u64 nr_dirty;		/* slices that could be zeroed */
	bool whole_dirty;	/* some of them in whole blocks */
	u64 in_broken;		/* free slices outside of whole blocks */
};

static struct model model_count(void)
{
	struct model model = {};
	u32 i, j;

	for (i = 0; i < pack.nr_blocks; i++) {
		u32 nr = 0, clean = 0, dirty = 0;

		for (j = 0; j < VMEM_BLOCK_SLICES; j++) {
			nr += vmem_slice_free(bytes[i][j]);
			clean += !bytes[i][j];
			dirty += bytes[i][j] == VMEM_SLICE_DIRTY;
		}
		check(nr == blocks[i].nr_free, "counts each block right");
		check(clean == blocks[i].nr_clean, "counts clean slices right");
		model.nr_free += nr;
		model.nr_dirty += dirty;
		model.nr_pure += clean == VMEM_BLOCK_SLICES;
		if (nr == VMEM_BLOCK_SLICES && dirty)
			model.whole_dirty = true;
		if (nr == VMEM_BLOCK_SLICES)
			model.nr_whole++;
		else
			model.in_broken += nr;
	}
	check(model.nr_free == pack.nr_free, "counts free slices right");
	check(model.nr_whole == pack.nr_whole, "counts whole blocks right");
	return model;
}

/* Could @nr go into one broken block, and which is the fullest of those? */
static bool model_fits(u32 nr, u32 *fullest)
{
	bool fits = false;
	u32 i;

	*fullest = 0;
	for (i = 0; i < pack.nr_blocks; i++) {
		if (blocks[i].nr_free < nr ||
		    blocks[i].nr_free == VMEM_BLOCK_SLICES)
			continue;
		if (!fits || blocks[i].nr_free < *fullest)
			*fullest = blocks[i].nr_free;
		fits = true;
	}
	return fits;
}

static void check_blocks(struct owner *owner, u64 nr)
{
	struct model before = model_count(), after;
	u32 i;

	pack.ctx = owner;
	check(!pack_take_blocks(&pack, nr), "whole blocks are given");
	after = model_count();
	check(owner->nr_slices == nr * VMEM_BLOCK_SLICES, "blocks: all of it");
	check(after.nr_whole == before.nr_whole - nr, "blocks: whole ones");
	check(before.nr_pure - after.nr_pure ==
	      (nr < before.nr_pure ? nr : before.nr_pure),
	      "blocks: clean ones first");
	for (i = 0; i < owner->nr_runs; i++)
		check(owner->runs[i].nr % VMEM_BLOCK_SLICES == 0 &&
		      !(owner->runs[i].phys & ((1 << VMEM_BLOCK_SHIFT) - 1)),
		      "blocks: aligned");
}

static void check_slices(struct owner *owner, u64 nr)
{
	struct model before = model_count(), after;
	u64 had = owner->nr_slices, broken = 0;
	u32 fullest, first = owner->nr_runs;
	bool fits = model_fits(nr, &fullest);

	pack.ctx = owner;
	check(!pack_take_slices(&pack, nr), "what is free is given");
	after = model_count();
	check(owner->nr_slices == had + nr, "slices: all of it");
	/* A whole block is broken only for what fits nowhere else. */
	if (nr > before.in_broken)
		broken = (nr - before.in_broken + VMEM_BLOCK_SLICES - 1) /
			 VMEM_BLOCK_SLICES;
	check(after.nr_whole == before.nr_whole - broken,
	      "slices: blocks stay whole");
	if (fits) {
		u32 home = block_of(owner->runs[first].phys);

		check(blocks[home].nr_free == fullest - nr,
		      "slices: into the fullest block that holds them");
	}
}

/* ---- random life ---- */

static u64 some_slices(void)
{
	switch (rnd(4)) {
	case 0:
		return 1 + rnd(8);
	case 1:
		return 1 + rnd(VMEM_BLOCK_SLICES - 1);
	case 2:
		return VMEM_BLOCK_SLICES * (1 + rnd(4));
	default:
		return 1 + rnd(6 * VMEM_BLOCK_SLICES);
	}
}

static void step_alloc(void)
{
	struct owner *owner = new_owner();
	u64 nr = some_slices(), whole = 0;

	if (nr_owners == TEST_OWNERS)
		return;
	if (nr > pack.nr_free) {
		/* The caller knows from the count that it cannot be. */
		check(model_count().nr_free < nr, "refuses only what is too much");
		return;
	}
	if (rnd(2)) {
		whole = nr / VMEM_BLOCK_SLICES;
		if (whole > pack.nr_whole)
			whole = pack.nr_whole;
		check_blocks(owner, whole);
	}
	if (nr > whole * VMEM_BLOCK_SLICES)
		check_slices(owner, nr - whole * VMEM_BLOCK_SLICES);
	nr_owners++;
}

static void step_free(void)
{
	if (!nr_owners)
		return;
	end_owner(rnd(nr_owners));
	model_count();
}

static u64 busy[8];		/* what is being zeroed, or 0 */

/* What the threads do that zero: begin one, or end one. */
static void step_zero(void)
{
	struct model model = model_count();
	u32 i = rnd(8);
	u64 phys;

	if (busy[i]) {
		*byte_of(busy[i]) &= ~(VMEM_SLICE_ZEROING | VMEM_SLICE_DIRTY);
		check(pack_changed(&pack, busy[i]), "takes note of the end");
		busy[i] = 0;
	} else if (pack_next_dirty(&pack, &phys)) {
		check(*byte_of(phys) == VMEM_SLICE_DIRTY, "zeroes dirty slices");
		check(!model.whole_dirty ||
		      blocks[block_of(phys)].nr_free == VMEM_BLOCK_SLICES,
		      "zeroes whole blocks first");
		*byte_of(phys) |= VMEM_SLICE_ZEROING;
		check(pack_changed(&pack, phys), "takes note of zeroing");
		busy[i] = phys;
	} else {
		check(!model.nr_dirty, "zeroes whatever is dirty");
	}
	model_count();
}

/* Now and then a slice goes bad, whoever has it. */
static void step_poison(void)
{
	u32 i = rnd(pack.nr_blocks), j = rnd(VMEM_BLOCK_SLICES);

	if (bytes[i][j] & VMEM_SLICE_ABSENT)
		return;
	bytes[i][j] |= VMEM_SLICE_POISON;
	check(pack_changed(&pack, blocks[i].phys +
			   ((u64)j << VMEM_SLICE_SHIFT)), "takes note of poison");
	model_count();
}

static bool model_run_is_free(u64 phys, u64 nr)
{
	for (; nr--; phys += 1ULL << VMEM_SLICE_SHIFT) {
		u32 i = pack_search(&pack, phys >> VMEM_BLOCK_SHIFT <<
				    VMEM_BLOCK_SHIFT);

		if (i == pack.nr_blocks || blocks[i].phys >> VMEM_BLOCK_SHIFT !=
		    phys >> VMEM_BLOCK_SHIFT || !vmem_slice_free(*byte_of(phys)))
			return false;
	}
	return true;
}

/* Is what is found free and aligned, and nothing found only if there is none? */
static void step_find_aligned(void)
{
	u64 nr = 1ULL << (4 + rnd(7)), size = nr << VMEM_SLICE_SHIFT, phys, at;
	bool found = pack_find_aligned(&pack, nr, &phys), exists = false;
	u32 i;

	if (found)
		check(!(phys & (size - 1)) && model_run_is_free(phys, nr),
		      "finds what is free and aligned");
	for (i = 0; !exists && i < pack.nr_blocks; i++)
		for (at = blocks[i].phys; !exists && !(at & (size - 1)) &&
		     at < blocks[i].phys + (1ULL << VMEM_BLOCK_SHIFT); at += size)
			exists = model_run_is_free(at, nr);
	check(found == exists, "finds one if there is one");
}

/* An error from the base leaves the counts right, and what was taken. */
static void step_fail(void)
{
	struct owner *owner = new_owner();
	u64 nr = some_slices();
	int ret;

	if (nr_owners == TEST_OWNERS || nr > pack.nr_free)
		return;
	fail_after = rnd(3);
	pack.ctx = owner;
	ret = pack_take_slices(&pack, nr);
	check(!ret || ret == -ENOMEM, "passes the error on");
	check(ret ? owner->nr_slices < nr : owner->nr_slices == nr,
	      "an error means not all of it");
	fail_after = -1;
	model_count();
	give_all(owner);
	model_count();
}

/* As a new engine does. */
static void step_recount(void)
{
	pack_count(&pack);
	model_count();
}

/* Sometimes with gaps between blocks, and with ends that are absent. */
static void setup(void)
{
	u64 at = 1 + rnd(8);
	u32 i, span = 0;

	memset(&pack, 0, sizeof(pack));
	memset(busy, 0, sizeof(busy));
	pack.nr_blocks = 1 + rnd(TEST_BLOCKS);
	pack.blocks = blocks;
	pack.take = take;
	for (i = 0; i < pack.nr_blocks; i++) {
		memset(bytes[i], rnd(2) ? VMEM_SLICE_DIRTY : 0,
		       VMEM_BLOCK_SLICES);
		if (rnd(5) == 0)
			memset(bytes[i], VMEM_SLICE_ABSENT,
			       rnd(VMEM_BLOCK_SLICES));
		blocks[i].phys = at << VMEM_BLOCK_SHIFT;
		blocks[i].slices = bytes[i];
		blocks[i].span = span;
		if (!rnd(4)) {
			at += rnd(5);
			span++;
		}
		at++;
	}
	pack_count(&pack);
}

/* Foreign addresses, and a block that two regions share. */
static void check_give(void)
{
	static u8 low[VMEM_BLOCK_SLICES], high[VMEM_BLOCK_SLICES];
	struct pack_block shared[2] = {
		{ .phys = 1ULL << VMEM_BLOCK_SHIFT, .slices = low },
		{ .phys = 1ULL << VMEM_BLOCK_SHIFT, .slices = high },
	};
	struct pack two = { .blocks = shared, .nr_blocks = 2 };

	memset(low, VMEM_SLICE_ABSENT, sizeof(low));
	memset(high, VMEM_SLICE_ABSENT, sizeof(high));
	low[3] = VMEM_SLICE_USED;
	high[4] = VMEM_SLICE_USED;
	pack_count(&two);
	check(!two.nr_free, "shared block: nothing free");
	high[4] = VMEM_SLICE_DIRTY;
	check(pack_changed(&two, (1ULL << VMEM_BLOCK_SHIFT) +
			(4ULL << VMEM_SLICE_SHIFT)), "shared block: given");
	check(!shared[0].nr_free && shared[1].nr_free == 1 && two.nr_free == 1,
	      "shared block: to the region that has it");
	check(!pack_changed(&two, 0) &&
	      !pack_changed(&two, 2ULL << VMEM_BLOCK_SHIFT) &&
	      !pack_changed(&two, (1ULL << VMEM_BLOCK_SHIFT)),
	      "foreign addresses are refused");
}

static void run(u64 steps)
{
	u64 step;

	for (step = 0; step < steps; step++) {
		u32 kind = rnd(100);

		/* A new machine now and then, always from empty. */
		if (step % 5000 == 0) {
			while (nr_owners)
				step_free();
			setup();
		}
		if (kind < 35)
			step_alloc();
		else if (kind < 65)
			step_free();
		else if (kind < 93)
			step_zero();
		else if (kind < 94)
			step_find_aligned();
		else if (kind < 95 && rnd(8) == 0)
			step_poison();
		else if (kind < 98)
			step_fail();
		else
			step_recount();
	}
}

int main(int argc, char **argv)
{
	u64 steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 200000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..1\n# %llu steps, seed %llu\n",
	       (unsigned long long)steps, (unsigned long long)seed);
	rng = seed * 0x9e3779b97f4a7c15ULL | 1;
	check_give();
	run(steps);
	free_owners();
	printf("ok 1 pack behaves as its model\n");
	return 0;
}

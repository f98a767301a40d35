// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pack core against a naive model, with random allocations and frees.
 * usage: pack_test [STEPS [SEED]]
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#include "../../vmem/engine/pack.c"

#define MAX_BLOCKS	24
#define MAX_OWNERS	400
#define MAX_RUNS	4096

struct run {
	u64 phys;
	u32 nr;
};

struct owner {
	struct run *runs;
	u32 nr_runs;
	u64 nr_slices;
};

/* The bytes, as the base keeps them, and who owns what. */
static u8 bytes[MAX_BLOCKS][VMEM_BLOCK_SLICES];
static struct pack_block blocks[MAX_BLOCKS];
static struct pack pack;
static struct owner owners[MAX_OWNERS];
static u32 nr_owners;
static int fail_after = -1;	/* takes until one fails, or -1 */
static u64 rng;

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 %s\n", what);
	exit(1);
}

static u32 rnd(u32 below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 32) % below;
}

static u32 block_of(u64 phys)
{
	u32 i;

	for (i = 0; i < pack.nr_blocks; i++)
		if (blocks[i].phys == phys >> VMEM_BLOCK_SHIFT << VMEM_BLOCK_SHIFT)
			return i;
	check(false, "takes from a block of the pack");
	return 0;
}

static u8 *byte_of(u64 phys)
{
	return &bytes[block_of(phys)][(phys >> VMEM_SLICE_SHIFT) %
				      VMEM_BLOCK_SLICES];
}

/* What the base does: only free slices, within one block. */
static int take(void *ctx, u64 phys, u32 nr)
{
	struct owner *owner = ctx;
	u8 *byte = byte_of(phys);
	u32 i;

	check(nr > 0, "takes something");
	check(byte + nr <= bytes[block_of(phys)] + VMEM_BLOCK_SLICES,
	      "takes within one block");
	if (!fail_after)
		return -ENOMEM;
	fail_after -= fail_after > 0;
	for (i = 0; i < nr; i++) {
		check(vmem_slice_free(byte[i]), "takes free slices only");
		byte[i] |= VMEM_SLICE_USED;
	}
	check(owner->nr_runs < MAX_RUNS, "takes in few runs");
	owner->runs[owner->nr_runs++] = (struct run){ phys, nr };
	owner->nr_slices += nr;
	return 0;
}

static void give_all(struct owner *owner)
{
	u32 i;

	for (i = 0; i < owner->nr_runs; i++) {
		memset(byte_of(owner->runs[i].phys), VMEM_SLICE_DIRTY,
		       owner->runs[i].nr);
		check(pack_changed(&pack, owner->runs[i].phys),
		      "knows its own blocks");
	}
	owner->nr_runs = 0;
	owner->nr_slices = 0;
}

/* ---- the model: everything counted afresh ---- */

struct model {
	u64 nr_free;
	u64 nr_whole;
	u64 in_broken;		/* free slices outside of whole blocks */
};

static struct model model_count(void)
{
	struct model model = {};
	u32 i, j;

	for (i = 0; i < pack.nr_blocks; i++) {
		u32 nr = 0;

		for (j = 0; j < VMEM_BLOCK_SLICES; j++)
			nr += vmem_slice_free(bytes[i][j]);
		check(nr == blocks[i].nr_free, "counts each block right");
		model.nr_free += nr;
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
	for (i = 0; i < owner->nr_runs; i++)
		check(owner->runs[i].nr == VMEM_BLOCK_SLICES &&
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
	struct owner *owner = &owners[nr_owners];
	u64 nr = some_slices(), whole = 0;

	if (nr_owners == MAX_OWNERS)
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
	u32 i;

	if (!nr_owners)
		return;
	i = rnd(nr_owners);
	give_all(&owners[i]);
	nr_owners--;
	/* The last one moves here, with its array. */
	if (i != nr_owners) {
		struct owner last = owners[nr_owners];

		owners[nr_owners] = owners[i];
		owners[i] = last;
	}
	model_count();
}

/* An error from the base leaves the counts right, and what was taken. */
static void step_fail(void)
{
	struct owner *owner = &owners[nr_owners];
	u64 nr = some_slices();
	int ret;

	if (nr_owners == MAX_OWNERS || nr > pack.nr_free)
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
	u32 i;

	memset(&pack, 0, sizeof(pack));
	pack.nr_blocks = 1 + rnd(MAX_BLOCKS);
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
		at += 1 + (rnd(4) ? 0 : rnd(5));
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
		if (kind < 50)
			step_alloc();
		else if (kind < 95)
			step_free();
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
	u32 i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..1\n# %llu steps, seed %llu\n",
	       (unsigned long long)steps, (unsigned long long)seed);
	rng = seed * 0x9e3779b97f4a7c15ULL | 1;
	for (i = 0; i < MAX_OWNERS; i++)
		owners[i].runs = calloc(MAX_RUNS, sizeof(struct run));
	check_give();
	run(steps);
	for (i = 0; i < MAX_OWNERS; i++)
		free(owners[i].runs);
	printf("ok 1 pack behaves as its model\n");
	return 0;
}

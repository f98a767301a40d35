/* SPDX-License-Identifier: GPL-2.0-only */
/* The pack core in user space, with a base that keeps bytes and owners. */
#ifndef UNIT_PACK_HOST_H
#define UNIT_PACK_HOST_H

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

#define MAX_BLOCKS	512
#define MAX_OWNERS	4096
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

static inline void check(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 %s\n", what);
	exit(1);
}

static inline u32 rnd(u32 below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 32) % below;
}

static inline u32 block_of(u64 phys)
{
	u32 i = pack_search(&pack, phys >> VMEM_BLOCK_SHIFT << VMEM_BLOCK_SHIFT);

	check(i < pack.nr_blocks && blocks[i].phys >> VMEM_BLOCK_SHIFT ==
	      phys >> VMEM_BLOCK_SHIFT, "stays within the pack");
	return i;
}

static inline u8 *byte_of(u64 phys)
{
	return &bytes[block_of(phys)][(phys >> VMEM_SLICE_SHIFT) %
				      VMEM_BLOCK_SLICES];
}

static inline struct owner *new_owner(void)
{
	struct owner *owner = &owners[nr_owners];

	if (!owner->runs)
		owner->runs = calloc(MAX_RUNS, sizeof(struct run));
	check(owner->runs, "memory for the test itself");
	return owner;
}

static inline void free_owners(void)
{
	u32 i;

	for (i = 0; i < MAX_OWNERS; i++)
		free(owners[i].runs);
}

/* Whole blocks of one span, which are adjacent in memory and in the table. */
static inline bool takes_whole(u64 phys, u32 nr)
{
	u32 first = block_of(phys), last = first + nr / VMEM_BLOCK_SLICES - 1;

	return nr % VMEM_BLOCK_SLICES == 0 && last < pack.nr_blocks &&
	       blocks[last].span == blocks[first].span &&
	       blocks[last].phys - phys == (u64)(last - first) << VMEM_BLOCK_SHIFT;
}

/* What the base does: only free slices. */
static inline int take(void *ctx, u64 phys, u32 nr)
{
	struct owner *owner = ctx;
	u8 *byte = byte_of(phys);
	u32 i;

	check(nr > 0, "takes something");
	check(byte + nr <= bytes[block_of(phys)] + VMEM_BLOCK_SLICES ||
	      (!(phys & ((1 << VMEM_BLOCK_SHIFT) - 1)) && takes_whole(phys, nr)),
	      "takes within one block, or adjacent ones");
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

/* Poison stays; a slice that is being zeroed still is. */
static inline void give_all(struct owner *owner)
{
	u32 i, j;

	for (i = 0; i < owner->nr_runs; i++) {
		u8 *byte = byte_of(owner->runs[i].phys);

		for (j = 0; j < owner->runs[i].nr; j++)
			byte[j] = (byte[j] & ~VMEM_SLICE_USED) |
				  VMEM_SLICE_DIRTY;
		/* As the base does, block by block. */
		for (j = 0; j < owner->runs[i].nr; j += VMEM_BLOCK_SLICES)
			check(pack_changed(&pack, owner->runs[i].phys +
					   ((u64)j << VMEM_SLICE_SHIFT)),
			      "knows its own blocks");
	}
	owner->nr_runs = 0;
	owner->nr_slices = 0;
}

/* The last one moves to the place of the one that ends. */
static inline void end_owner(u32 i)
{
	struct owner ended = owners[i];

	give_all(&ended);
	nr_owners--;
	owners[i] = owners[nr_owners];
	owners[nr_owners] = ended;
}

#endif /* UNIT_PACK_HOST_H */

// SPDX-License-Identifier: GPL-2.0-only
/* The bytes of all slices, and the only code that hands slices over. */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/unaligned.h>
#include <linux/vmem_engine.h>

#include <asm/barrier.h>

#include "pool.h"
#include "region.h"

DEFINE_MUTEX(vmem_pool_lock);	/* see pool.h */

/* The same bits in eight bytes. */
static u64 pool_word(u8 bits)
{
	return bits * 0x0101010101010101ULL;
}

#define POOL_STEP	128	/* bytes that are looked at in one go */

/*
 * All bits that any of the bytes has. Large allocations are long runs of
 * these, hence the words.
 */
static u8 pool_union(const u8 *slice, u64 nr)
{
	u64 sum = 0;
	int i;

	for (; nr >= POOL_STEP; nr -= POOL_STEP, slice += POOL_STEP)
#pragma GCC unroll 16
		for (i = 0; i < POOL_STEP; i += 8)
			sum |= get_unaligned((const u64 *)(slice + i));
	while (nr--)
		sum |= *slice++;
	sum |= sum >> 32;
	sum |= sum >> 16;
	return sum | sum >> 8;
}

/* Give all of the bytes the same bits. */
static void pool_fill(u8 *slice, u64 nr, u8 bits)
{
	int i;

	for (; nr >= POOL_STEP; nr -= POOL_STEP, slice += POOL_STEP)
#pragma GCC unroll 16
		for (i = 0; i < POOL_STEP; i += 8)
			put_unaligned(pool_word(bits), (u64 *)(slice + i));
	while (nr--)
		*slice++ = bits;
}

static u8 *pool_slice(u64 phys)
{
	return vmem_region_slice(vmem_region_of(phys), phys);
}

/**
 * vmem_pool_set - set bits of some bytes
 * @phys: physical address of the first slice
 * @nr: how many, in one region
 * @bits: VMEM_SLICE_*
 */
void vmem_pool_set(u64 phys, u64 nr, u8 bits)
{
	u8 *slice = pool_slice(phys);

	lockdep_assert_held(&vmem_pool_lock);
	for (; nr >= 8; nr -= 8, slice += 8)
		put_unaligned(get_unaligned((u64 *)slice) | pool_word(bits),
			      (u64 *)slice);
	while (nr--)
		*slice++ |= bits;
}

/**
 * vmem_pool_clear - clear bits of some bytes
 * @phys: physical address of the first slice
 * @nr: how many, in one region
 * @bits: VMEM_SLICE_*
 *
 * Whoever finds a bit clear by vmem_pool_any() also sees all that was stored
 * before.
 */
void vmem_pool_clear(u64 phys, u64 nr, u8 bits)
{
	u8 *slice = pool_slice(phys);

	lockdep_assert_held(&vmem_pool_lock);
	for (; nr; nr--, slice++)	/* pairs with vmem_pool_any() */
		smp_store_release(slice, *slice & ~bits);
}

/**
 * vmem_pool_any - does any of some bytes have any of some bits?
 * @phys: physical address of the first slice
 * @nr: how many, in one region
 * @bits: VMEM_SLICE_*
 *
 * Any context; vmem_pool_lock makes the answer last.
 */
bool vmem_pool_any(u64 phys, u64 nr, u8 bits)
{
	const u8 *slice = pool_slice(phys);

	for (; nr; nr--, slice++)	/* pairs with vmem_pool_clear() */
		if (smp_load_acquire(slice) & bits)
			return true;
	return false;
}

/**
 * vmem_pool_take - give free slices an owner
 * @phys: physical address of the first
 * @nr: how many
 * @was: all bits that any of them had is added to this
 *
 * The engine's choice is not believed: invariant 7 rests on this check.
 * Returns 0, or -EUCLEAN if they are not all free slices of one region.
 */
int vmem_pool_take(u64 phys, u32 nr, u8 *was)
{
	struct vmem_region *region = vmem_region_of(phys);
	u8 *slice, any;
	u64 room;

	lockdep_assert_held(&vmem_pool_lock);
	if (!region || !IS_ALIGNED(phys, 1ULL << VMEM_SLICE_SHIFT))
		return -EUCLEAN;
	room = region->start + region->size - phys;
	if (nr > room >> VMEM_SLICE_SHIFT)
		return -EUCLEAN;
	slice = vmem_region_slice(region, phys);
	any = pool_union(slice, nr);
	if (!vmem_slice_free(any))
		return -EUCLEAN;
	if (any)
		vmem_pool_set(phys, nr, VMEM_SLICE_USED);
	else
		pool_fill(slice, nr, VMEM_SLICE_USED);
	*was |= any;
	return 0;
}

/**
 * vmem_pool_untake - undo vmem_pool_take() of slices nobody has seen yet
 * @phys: physical address of the first
 * @nr: how many
 */
void vmem_pool_untake(u64 phys, u64 nr)
{
	vmem_pool_clear(phys, nr, VMEM_SLICE_USED);
}

/**
 * vmem_pool_free - take slices from their owner
 * @phys: physical address of the first
 * @nr: how many
 *
 * Poisoned ones stay what they are, and are not free.
 */
void vmem_pool_free(u64 phys, u64 nr)
{
	vmem_pool_set(phys, nr, VMEM_SLICE_DIRTY);
	vmem_pool_clear(phys, nr, VMEM_SLICE_USED);
}

static void pool_count_region(const struct vmem_region *region,
			      struct vmem_counts *counts)
{
	u32 nr = region->nr_blocks * VMEM_BLOCK_SLICES;
	u32 in_block = 0;
	u64 run = 0;
	u32 i;

	counts->total += region->size >> VMEM_SLICE_SHIFT;
	for (i = 0; i < nr; i++) {
		u8 state = region->slices[i];
		bool is_free = vmem_slice_free(state);

		if (i % VMEM_BLOCK_SLICES == 0)
			in_block = 0;
		in_block += is_free;
		counts->free_blocks += in_block == VMEM_BLOCK_SLICES;
		counts->free += is_free;
		counts->clean += state == 0;
		counts->lent += !!(state & VMEM_SLICE_LENT);
		counts->poisoned += !!(state & VMEM_SLICE_POISON);
		run = is_free ? run + 1 : 0;
		counts->largest_run = max(counts->largest_run, run);
	}
}

/**
 * vmem_pool_count - count slices by state
 * @nid: of this node, or NUMA_NO_NODE for all
 * @counts: filled in
 *
 * Takes vmem_pool_lock. May sleep.
 */
void vmem_pool_count(int nid, struct vmem_counts *counts)
{
	unsigned int i;

	*counts = (struct vmem_counts){};
	mutex_lock(&vmem_pool_lock);
	for (i = 0; i < vmem_nr_regions; i++)
		if (nid == NUMA_NO_NODE || vmem_regions[i].nid == nid)
			pool_count_region(&vmem_regions[i], counts);
	mutex_unlock(&vmem_pool_lock);
}

/**
 * vmem_pool_metadata - bytes of memory that describe the pool
 */
size_t vmem_pool_metadata(void)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < vmem_nr_regions; i++)
		sum += sizeof(struct vmem_region) +
		       vmem_regions[i].nr_blocks * VMEM_BLOCK_SLICES;
	return sum;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The bytes of all slices, and the only code that hands slices over. */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/string.h>
#include <linux/vmem_engine.h>

#include "pool.h"
#include "region.h"

DEFINE_MUTEX(vmem_pool_lock);	/* see pool.h */

/**
 * vmem_pool_take - give free slices an owner
 * @phys: physical address of the first
 * @nr: how many
 *
 * The engine's choice is not believed: invariant 7 rests on this check.
 * Returns 0, or -EUCLEAN if they are not all free slices of one region.
 */
int vmem_pool_take(u64 phys, u32 nr)
{
	struct vmem_region *region = vmem_region_of(phys);
	u8 *slice;
	u64 room;
	u32 i;

	lockdep_assert_held(&vmem_pool_lock);
	if (!region || !IS_ALIGNED(phys, 1ULL << VMEM_SLICE_SHIFT))
		return -EUCLEAN;
	room = region->start + region->size - phys;
	if (nr > room >> VMEM_SLICE_SHIFT)
		return -EUCLEAN;
	slice = vmem_region_slice(region, phys);
	for (i = 0; i < nr; i++)
		if (!vmem_slice_free(slice[i]))
			return -EUCLEAN;
	for (i = 0; i < nr; i++)
		slice[i] |= VMEM_SLICE_USED;
	return 0;
}

/**
 * vmem_pool_untake - undo vmem_pool_take() of slices nobody has seen yet
 * @phys: physical address of the first
 * @nr: how many
 */
void vmem_pool_untake(u64 phys, u64 nr)
{
	u8 *slice = vmem_region_slice(vmem_region_of(phys), phys);

	lockdep_assert_held(&vmem_pool_lock);
	while (nr--)
		*slice++ &= ~VMEM_SLICE_USED;
}

/**
 * vmem_pool_free - take slices from their owner
 * @phys: physical address of the first
 * @nr: how many
 */
void vmem_pool_free(u64 phys, u64 nr)
{
	lockdep_assert_held(&vmem_pool_lock);
	memset(vmem_region_slice(vmem_region_of(phys), phys), VMEM_SLICE_DIRTY,
	       nr);
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
		bool is_free = vmem_slice_free(region->slices[i]);

		if (i % VMEM_BLOCK_SLICES == 0)
			in_block = 0;
		in_block += is_free;
		counts->free_blocks += in_block == VMEM_BLOCK_SLICES;
		counts->free += is_free;
		counts->clean += region->slices[i] == 0;
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

/* SPDX-License-Identifier: GPL-2.0-only */
/* An allocation: extents of the pool that have one owner. */
#ifndef VMEM_BASE_ALLOC_H
#define VMEM_BASE_ALLOC_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/vmem_engine.h>

struct address_space;
struct vmem_opened;

/* A physically contiguous run. */
struct vmem_run {
	u64 phys;
	u32 first;		/* where it starts in the file, in slices */
	u32 nr;			/* slices */
};

/**
 * struct vmem_allocation - what an allocation file owns
 * @nr_slices: length of the file
 * @nr_runs: how many @runs
 * @max_runs: room in @runs
 * @was: all bits that the bytes had before: 0 if all of it was clean
 * @runs: sorted by vmem_run.first, without gaps
 * @opened: who pays
 * @mapping: of the file
 * @list: of all allocations that may be mapped
 *
 * Nothing changes between vmem_alloc_publish() and the release of the file, so
 * faults need no lock for this. Each mapping holds the file.
 */
struct vmem_allocation {
	u64 nr_slices;
	u32 nr_runs;
	u32 max_runs;
	u8 was;
	struct vmem_run *runs;
	struct vmem_opened *opened;
	struct address_space *mapping;
	struct list_head list;
};

struct vmem_allocation *vmem_alloc_create(const struct vmem_want *want,
					  struct vmem_opened *opened);
void vmem_alloc_destroy(struct vmem_allocation *alloc);
void vmem_alloc_publish(struct vmem_allocation *alloc,
			struct address_space *mapping);
struct vmem_allocation *vmem_alloc_owner(u64 phys, u64 *offset);
const struct vmem_run *vmem_alloc_find(const struct vmem_allocation *alloc,
				       u64 slice);

#endif /* VMEM_BASE_ALLOC_H */

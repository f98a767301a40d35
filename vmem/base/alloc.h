/* SPDX-License-Identifier: GPL-2.0-only */
/* An allocation: a file, and the extents of the pool behind it. */
#ifndef VMEM_BASE_ALLOC_H
#define VMEM_BASE_ALLOC_H

#include <linux/types.h>
#include <linux/vmem_engine.h>

struct file;

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
 * @runs: sorted by vmem_run.first, without gaps
 *
 * Nothing changes between vmem_alloc_file() and the release of the file, so
 * faults need no lock. Each mapping holds the file.
 */
struct vmem_allocation {
	u64 nr_slices;
	u32 nr_runs;
	u32 max_runs;
	struct vmem_run *runs;
};

struct file *vmem_alloc_file(const struct vmem_want *want, const char *name);
const struct vmem_run *vmem_alloc_find(const struct vmem_allocation *alloc,
				       u64 slice);
int vmem_zero(const struct vmem_run *run);

#endif /* VMEM_BASE_ALLOC_H */

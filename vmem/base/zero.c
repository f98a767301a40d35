// SPDX-License-Identifier: GPL-2.0-only
/* Nobody ever sees what an earlier owner left. */
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "alloc.h"
#include "region.h"

/**
 * vmem_zero - zero those slices of a run that are dirty
 * @run: the run, owned by the caller and not mapped yet
 *
 * May sleep. Returns 0, or -EINTR if the caller was killed meanwhile.
 */
int vmem_zero(const struct vmem_run *run)
{
	const struct vmem_region *region = vmem_region_of(run->phys);
	const u8 *slice = vmem_region_slice(region, run->phys);
	void *at = region->map + (run->phys - region->start);
	u32 i;

	for (i = 0; i < run->nr; i++) {
		if (slice[i] & VMEM_SLICE_DIRTY)
			memset(at, 0, 1UL << VMEM_SLICE_SHIFT);
		at += 1UL << VMEM_SLICE_SHIFT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Nobody ever sees what an earlier owner left. */
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include <asm/barrier.h>

#include "alloc.h"
#include "region.h"

#ifdef CONFIG_X86_64
/* Around the cache: it holds nothing of this, and its owner may be far away. */
static void zero_slice(void *slice)
{
	u64 *at = slice, *end = slice + (1UL << VMEM_SLICE_SHIFT);

	for (; at < end; at += 4)
		asm volatile("movnti %1, 0(%0)\n\t"
			     "movnti %1, 8(%0)\n\t"
			     "movnti %1, 16(%0)\n\t"
			     "movnti %1, 24(%0)"
			     : : "r" (at), "r" (0UL) : "memory");
	/* These stores are not ordered with what makes them visible to others. */
	wmb();
}
#else
/* On arm64 this is DC ZVA, which is as good. */
static void zero_slice(void *slice)
{
	memset(slice, 0, 1UL << VMEM_SLICE_SHIFT);
}
#endif

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
			zero_slice(at);
		at += 1UL << VMEM_SLICE_SHIFT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

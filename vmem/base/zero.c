// SPDX-License-Identifier: GPL-2.0-only
/* Nobody ever sees what an earlier owner left. */
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/vmem_engine.h>
#include <linux/wait.h>

#include "pool.h"
#include "region.h"
#include "zero.h"
#include "zero_fill.h"

static DECLARE_WAIT_QUEUE_HEAD(zero_done);	/* a slice lost its ZEROING */

/**
 * vmem_zero_slice - zero a slice
 * @phys: its physical address; nobody else may have it
 */
void vmem_zero_slice(u64 phys)
{
	zero_fill(vmem_region_at(phys));
}

/**
 * vmem_zero_done - tell waiting owners that a slice is zeroed
 */
void vmem_zero_done(void)
{
	wake_up_all(&zero_done);
}

/* Zero a slice that was just taken, if it needs that. */
static int zero_taken(u64 phys)
{
	/* In the background it is already under way. */
	if (wait_event_killable(zero_done,
				!vmem_pool_any(phys, 1, VMEM_SLICE_ZEROING)))
		return -EINTR;
	if (vmem_pool_any(phys, 1, VMEM_SLICE_DIRTY))
		vmem_zero_slice(phys);
	return 0;
}

/**
 * vmem_zero - zero those slices of a run that are dirty
 * @phys: the first, owned by the caller and not mapped yet
 * @nr: how many, in one region
 *
 * May sleep. Returns 0, or -EINTR if the caller was killed meanwhile.
 */
int vmem_zero(u64 phys, u64 nr)
{
	for (; nr; nr--, phys += 1ULL << VMEM_SLICE_SHIFT) {
		int ret = zero_taken(phys);

		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

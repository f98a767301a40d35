// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the engine counts, read where it writes it, without a call.
 */

#include <linux/cpumask.h>

#include "taiji.h"

/**
 * taiji_stats_sum - one counter over all CPUs
 * @offset:	of a u64 in struct taiji_cpu_stats
 *
 * Context: taiji_gate held, system switched.
 */
u64 taiji_stats_sum(size_t offset)
{
	u64 sum = 0;
	u32 cpu;

	for (cpu = 0; cpu < taiji.start->nr_cpus; cpu++)
		sum += READ_ONCE(*(u64 *)((void *)&taiji.cpus[cpu] + offset));
	return sum;
}

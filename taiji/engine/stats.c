// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"
#include "stats.h"

static __u64 *stats_shared(enum figure which)
{
	struct taiji_shared *shared = arena->shared;

	switch (which) {
	case FIGURE_SECTIONS_OUT:
		return &shared->sections_out;
	case FIGURE_SECTIONS_ABSENT:
		return &shared->sections_absent;
	case FIGURE_PAGES_ZERO:
		return &shared->pages_zero;
	case FIGURE_PAGES_SAME:
		return &shared->pages_same;
	case FIGURE_PAGES_LZ4:
		return &shared->pages_lz4;
	case FIGURE_PAGES_RAW:
		return &shared->pages_raw;
	case FIGURE_BYTES_STORED:
		return &shared->bytes_stored;
	default:
		return &shared->metadata;
	}
}

void stats_publish(void)
{
	struct cpu *cpu = this_cpu();

	for (int i = 0; i < NR_FIGURES; i++) {
		if (cpu->delta[i])
			__atomic_fetch_add(stats_shared(i), cpu->delta[i], __ATOMIC_RELAXED);
		cpu->delta[i] = 0;
	}
	cpu->pending = 0;
}

void stats_figure(enum figure which, s64 difference)
{
	struct cpu *cpu = this_cpu();

	cpu->delta[which] += difference;
	if (++cpu->pending >= STATS_BATCH)
		stats_publish();
}

void stats_in_time(u64 ticks)
{
	unsigned int bucket = ticks ? 64 - __builtin_clzll(ticks) : 0;

	if (bucket >= TAIJI_HIST_BUCKETS)
		bucket = TAIJI_HIST_BUCKETS - 1;
	stats_count(&my_stats()->in_time[bucket]);
}

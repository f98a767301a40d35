/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures.
 *
 * A CPU's counters are its own, so a count is a plain store. The global figures are shared: each
 * CPU collects differences and adds them at the end of a call, or when STATS_BATCH of them have
 * come together, so that swap-in does not fight for their cache line.
 */
#ifndef TAIJI_STATS_H
#define TAIJI_STATS_H

#include <linux/taiji_call.h>
#include "types.h"

#define STATS_BATCH	64

enum figure {
	FIGURE_SECTIONS_OUT,
	FIGURE_SECTIONS_ABSENT,
	FIGURE_PAGES_ZERO,
	FIGURE_PAGES_SAME,
	FIGURE_PAGES_LZ4,
	FIGURE_PAGES_RAW,
	FIGURE_BYTES_STORED,
	FIGURE_METADATA,
	NR_FIGURES
};

static inline void stats_add(__u64 *counter, u64 n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void stats_count(__u64 *counter)
{
	stats_add(counter, 1);
}

static inline void stats_longest(__u64 *longest, u64 ticks)
{
	if (ticks > *longest)
		__atomic_store_n(longest, ticks, __ATOMIC_RELAXED);
}

void stats_figure(enum figure which, s64 difference);
void stats_publish(void);
void stats_in_time(u64 ticks);

#endif

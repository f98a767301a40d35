/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures, and what else each CPU has of its own.
 *
 * A CPU's counters are its own, so a count is a plain store. The global figures are shared: each
 * CPU collects differences and adds them at the end of a call, or when STATS_BATCH of them have
 * come together, so that swap-in does not fight for their cache line.
 */
#ifndef TAIJI_STATS_H
#define TAIJI_STATS_H

#include "arena.h"
#include "arch.h"
#include "codec.h"

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

/**
 * struct cpu - what one CPU has of its own
 * @stats: its counters, in memory the host reads
 * @delta: what it has not added to the global figures yet
 * @pending: how many differences that are
 * @victim: the section that it takes out while it waits for a frame, or FRAME_NONE
 * @victim_page: how far it has come with that
 * @owned: how many sections it has owned, ever
 * @looked: when it looked for interrupts last, or began a call
 * @packed: a micro-page as LZ4 leaves it, before its size is known
 * @workmem: LZ4's
 * @frame: one free frame in reserve, or FRAME_NONE; others may steal it
 */
struct cpu {
	struct taiji_cpu_stats *stats;
	s64 delta[NR_FIGURES];
	u32 pending;
	u32 victim;
	u32 victim_page;
	u64 looked;
	u64 owned;
	u8 packed[TAIJI_PAGE_SIZE] __aligned(64);
	u64 workmem[CODEC_WORKMEM / 8];

	u32 frame __aligned(64);
} __aligned(64);

static inline struct cpu *this_cpu(void)
{
	return &arena->cpus[arch_cpu()];
}

static inline struct taiji_cpu_stats *my_stats(void)
{
	return this_cpu()->stats;
}

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

/* For calls, which end when an interrupt is pending. */
static inline bool stats_irq_pending(void)
{
	struct cpu *cpu = this_cpu();
	u64 now = arch_clock();

	stats_longest(&cpu->stats->longest_call, now - cpu->looked);
	cpu->looked = now;
	return arch_irq_pending();
}

void stats_figure(enum figure which, s64 difference);
void stats_publish(void);
void stats_in_time(u64 ticks);

#endif

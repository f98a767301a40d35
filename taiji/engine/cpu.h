/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each CPU has of its own.
 */
#ifndef TAIJI_CPU_H
#define TAIJI_CPU_H

#include "arena.h"
#include "arch.h"
#include "codec.h"
#include "section.h"
#include "stats.h"

/**
 * struct cpu - what one CPU has of its own
 * @stats: its counters, in memory the host reads
 * @delta: what it has not added to the global figures yet
 * @pending: how many differences that are
 * @spans_kept: spans that the machine's victim may still need, while this CPU works at it
 *	(relief.c); else 0
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
	u32 spans_kept;
	u64 looked;
	u64 owned;
	u8 packed[TAIJI_PAGE_SIZE] __aligned(64);
	u64 workmem[CODEC_WORKMEM / 8];

	u32 frame __aligned(64);
} __aligned(64);

static inline struct cpu *cpu_at(u32 cpu)
{
	return arena->cpus[cpu];
}

static inline struct cpu *this_cpu(void)
{
	return cpu_at(arch_cpu());
}

static inline struct taiji_cpu_stats *my_stats(void)
{
	return this_cpu()->stats;
}

/*
 * No CPU reaches what was unmapped of these sections any more: one flush on all CPUs, so those that
 * take many sections away share it.
 */
static inline void cpu_flush(struct section *first, u32 n)
{
	arch_flush_sections(section_ipa(first), n);
	stats_count(&my_stats()->flushes);
}

/* For calls, which end when an interrupt is pending. */
static inline bool cpu_irq_pending(void)
{
	struct cpu *cpu = this_cpu();
	u64 now = arch_clock();

	stats_longest(&cpu->stats->longest_call, now - cpu->looked);
	cpu->looked = now;
	return arch_irq_pending();
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sections in a row that are taken out of reach one after the other, and then share one flush. In
 * between an interrupt may end it: then what has begun is flushed and finished, and the caller is
 * told how far it came.
 */
#ifndef TAIJI_BATCH_H
#define TAIJI_BATCH_H

#include "cpu.h"

#define BATCH_MAX	64

/**
 * struct batch - where a call is with them
 * @first: the first section
 * @dealt: how many have been dealt with, from @first on
 * @begun: which of these wait for the flush
 */
struct batch {
	struct section *first;
	u32 dealt;
	u64 begun;
};

/* The next one, while @n are more than have been dealt with. */
static inline struct section *batch_next(const struct batch *b, u32 n)
{
	return b->dealt < n ? section_after(b->first, b->dealt) : NULL;
}

/* It is dealt with, or begun. */
static inline void batch_add(struct batch *b, bool begun)
{
	if (begun)
		b->begun |= BIT_ULL(b->dealt);
	b->dealt++;
}

/* For all that have begun. */
static inline void batch_flush(const struct batch *b)
{
	if (b->begun)
		cpu_flush(b->first, 64 - __builtin_clzll(b->begun));
}

/* After the flush, each of them once; then NULL. */
static inline struct section *batch_take(struct batch *b)
{
	u32 i;

	if (!b->begun)
		return NULL;
	i = __builtin_ctzll(b->begun);
	b->begun &= b->begun - 1;
	return section_after(b->first, i);
}

#endif

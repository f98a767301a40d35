/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store: objects of 128 to 4096 bytes in frames, for micro-pages that are out and for the
 * tables of split sections.
 *
 * A location is the frame's number and the offset in the frame in units of 64 bytes. Objects of
 * 4096 bytes are page-aligned.
 */
#ifndef TAIJI_STORE_H
#define TAIJI_STORE_H

#include "frame.h"

#define STORE_UNIT_SHIFT	6
#define STORE_FRAME_SHIFT	(TAIJI_SECTION_SHIFT - STORE_UNIT_SHIFT)
#define STORE_NONE		(~0ULL)
/* More than this is kept raw: it would take a whole page anyway. */
#define STORE_MAX_PACKED	(TAIJI_PAGE_SIZE - 64)

static inline pa_t store_pa(u64 at)
{
	return pa(arena->first + (at << STORE_UNIT_SHIFT));
}

/* Page numbers, for tables: what fits in 32 bits. */
static inline u32 store_page_of(u64 at)
{
	return at >> (TAIJI_PAGE_SHIFT - STORE_UNIT_SHIFT);
}

static inline u64 store_of_page(u32 page)
{
	return (u64)page << (TAIJI_PAGE_SHIFT - STORE_UNIT_SHIFT);
}

static inline pa_t store_page(u32 page)
{
	return store_pa(store_of_page(page));
}

bool store_init(void);
/*
 * STORE_NONE when there is no room and the store may not grow. Only what takes memory out of use
 * calls it, swap-in never.
 */
u64 store_alloc(u32 length);
/*
 * Another place for what is at @than, from where less is lost: in a fuller frame, or a fuller part
 * of it. STORE_NONE when it is well where it is. The caller sees to it that what is there stays
 * there until then. Each such step makes the fuller one fuller, so they come to an end.
 */
u64 store_alloc_better(u64 than);
/* From any CPU, swap-in too: no lock, but when a span fills a little less, or empties. */
void store_free(u64 at);
/* What the object at @at takes, in bytes. It must not be freed meanwhile. */
u32 store_size(u64 at);
/* Unused spans, and those that free frames would make. It may change at any time. */
u32 store_spare(void);
/* Spans that so many objects of a whole page take. */
u32 store_spans_for(u32 pages);

#endif

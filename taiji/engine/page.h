/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry of a micro-page: the machine's leaf while bit 0 is set, else ours.
 *
 *	state		where the content is		next
 *	(leaf)		frame, mapped			HELD
 *	HELD		frame, not mapped		leaf, BUSY
 *	BUSY		one CPU is working on it	whatever that CPU says
 *	ZERO, SAME	in the entry			BUSY
 *	LZ4, RAW	in the store			BUSY
 *
 * Every change is a compare-and-swap, but for the end of BUSY: that is its owner's release store.
 * HELD means that no CPU can reach the content, TLBs included, once the call that made it so has
 * flushed.
 *
 * SYNCED: instruction fetch sees what is in the frame, so the page may be mapped executable.
 * MOVED: while the section moves, the content is already in the target frame.
 */
#ifndef TAIJI_PAGE_H
#define TAIJI_PAGE_H

#include "arch.h"

enum page_state {
	PAGE_HELD = 1,
	PAGE_BUSY,
	PAGE_ZERO,
	PAGE_SAME,
	PAGE_LZ4,
	PAGE_RAW,
};

#define PAGE_STATE_SHIFT	1
#define PAGE_STATE_MASK		7ULL
#define PAGE_SYNCED		BIT_ULL(4)
#define PAGE_MOVED		BIT_ULL(5)
#define PAGE_LENGTH_SHIFT	6
#define PAGE_LENGTH_MASK	0xfffULL
#define PAGE_VALUE_SHIFT	18

static inline u64 page_load(const u64 *entry)
{
	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

static inline void page_store(u64 *entry, u64 e)
{
	__atomic_store_n(entry, e, __ATOMIC_RELEASE);
}

static inline bool page_change(u64 *entry, u64 *old, u64 e)
{
	return __atomic_compare_exchange_n(entry, old, e, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static inline bool page_valid(u64 e)
{
	return e & ARCH_LEAF_VALID;
}

static inline enum page_state page_state(u64 e)
{
	return e >> PAGE_STATE_SHIFT & PAGE_STATE_MASK;
}

static inline u64 page_entry(enum page_state state)
{
	return (u64)state << PAGE_STATE_SHIFT;
}

static inline bool page_held(u64 e)
{
	return !page_valid(e) && page_state(e) == PAGE_HELD;
}

static inline bool page_busy(u64 e)
{
	return !page_valid(e) && page_state(e) == PAGE_BUSY;
}

static inline bool page_out(u64 e)
{
	return !page_valid(e) && page_state(e) >= PAGE_ZERO;
}

static inline bool page_stored(u64 e)
{
	return !page_valid(e) && page_state(e) >= PAGE_LZ4;
}

/* The pattern of SAME, the location of LZ4 and RAW. */
static inline u64 page_value(u64 e)
{
	return e >> PAGE_VALUE_SHIFT;
}

static inline u32 page_length(u64 e)
{
	return (e >> PAGE_LENGTH_SHIFT & PAGE_LENGTH_MASK) + 1;
}

static inline u64 page_entry_out(enum page_state state, u64 value, u32 length)
{
	return page_entry(state) | value << PAGE_VALUE_SHIFT |
	       (u64)(length - 1) << PAGE_LENGTH_SHIFT;
}

#endif

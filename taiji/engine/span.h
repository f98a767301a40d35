/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame of the store is a page of administration and seven spans of 73 pages. A span holds
 * objects of one size class, a multiple of 64 bytes, and has a bitmap of what is taken and a count
 * of it.
 *
 *	span is		on the list of
 *	unused		(its frame's @unused; the frame is on one of store->frames)
 *	with room	its class
 *	full		nothing
 *
 * Lock order: class, then store. Both are held for a few dozen instructions.
 *
 * A span empties as a whole and a frame with it. Then it goes back to the free frames. So that they
 * do empty, spans are cut from the fullest frame first.
 */
#ifndef TAIJI_SPAN_H
#define TAIJI_SPAN_H

#include "arch.h"
#include "store.h"

#define STORE_SPANS		7
#define STORE_SPAN_PAGES	73
#define STORE_SPAN_UNITS	(STORE_SPAN_PAGES << (TAIJI_PAGE_SHIFT - STORE_UNIT_SHIFT))
#define STORE_PAGE_UNITS	(1U << (TAIJI_PAGE_SHIFT - STORE_UNIT_SHIFT))
#define STORE_MIN_CLASS		2
#define STORE_MAX_CLASS		64
#define STORE_MAP_WORDS		((STORE_SPAN_UNITS / STORE_MIN_CLASS + 63) / 64)

/* As many a victim may need, and only a victim may take: 512 micro-pages and a table, all raw. */
#define STORE_KEPT_SPANS	8

/* Spans are named frame * 8 + number + 1; 0 is none. */
#define SPAN_NONE		0

/**
 * struct span - 73 pages of one size class
 * @used: objects taken
 * @relist: as few as this, and it is offered to its class again
 * @capacity: objects it can hold
 * @class: size of an object in units; 0 while unused
 * @listed: on its class's list
 * @next, @prev: there
 * @map: bit set: taken, or beyond @capacity
 */
struct span {
	u32 used;
	u16 relist;
	u16 capacity;
	u16 class;
	u16 listed;
	u32 next;
	u32 prev;
	u64 map[STORE_MAP_WORDS];
};

/*
 * The first page of a frame of the store: its spans, which are unused, how many that are, and its
 * place on the list of frames that have as many.
 */
struct store_frame {
	u32 unused;
	u32 nr_unused;
	u32 next;
	u32 prev;
	struct span spans[STORE_SPANS];
};

struct store_class {
	u32 lock;
	u32 head;
};

struct store {
	u32 lock;	/* of what follows, and the spans' frames */
	u32 nr_unused;	/* spans of them that are unused */
	u32 frames[STORE_SPANS + 1];	/* by how many of their spans are unused */
	struct store_class classes[STORE_MAX_CLASS + 1];
};

static inline struct store_frame *store_frame(u32 frame)
{
	return arch_va(frame_pa(frame));
}

static inline u32 span_name(u32 frame, u32 number)
{
	return (frame << 3) + number + 1;
}

static inline u32 span_frame(u32 name)
{
	return (name - 1) >> 3;
}

static inline u32 span_number(u32 name)
{
	return (name - 1) & 7;
}

static inline struct span *span_at(u32 name)
{
	return &store_frame(span_frame(name))->spans[span_number(name)];
}

/* Where its first object is in its frame, in units. */
static inline u32 span_base(u32 name)
{
	return STORE_PAGE_UNITS + span_number(name) * STORE_SPAN_UNITS;
}

/* How many spans of the same frame are in use, itself included. It may change at any time. */
static inline u32 span_neighbours(u32 name)
{
	return STORE_SPANS - __atomic_load_n(&store_frame(span_frame(name))->nr_unused,
					     __ATOMIC_RELAXED);
}

static inline void store_lock(u32 *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		arch_relax();
}

static inline void store_unlock(u32 *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/*
 * An unused span, of the fullest frame there is or of a new one; SPAN_NONE when there is none and
 * the store may not grow.
 */
u32 span_take(void);
/* One in another frame, that is at least as full as this span's; SPAN_NONE when there is none. */
u32 span_take_better(u32 than);
/* It is empty. The caller holds its class's lock. */
void span_give_up(u32 name);

#endif

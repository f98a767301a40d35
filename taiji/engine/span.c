// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"
#include "span.h"
#include "stats.h"

static void frame_list_locked(u32 frame)
{
	struct store_frame *f = store_frame(frame);
	u32 *head = &arena->store->frames[f->nr_unused];

	f->prev = FRAME_NONE;
	f->next = *head;
	if (f->next != FRAME_NONE)
		store_frame(f->next)->prev = frame;
	*head = frame;
}

static void frame_unlist_locked(u32 frame)
{
	struct store_frame *f = store_frame(frame);

	if (f->prev != FRAME_NONE)
		store_frame(f->prev)->next = f->next;
	else
		arena->store->frames[f->nr_unused] = f->next;
	if (f->next != FRAME_NONE)
		store_frame(f->next)->prev = f->prev;
}

/* Of those with an unused span, the one with the fewest. */
static u32 store_fullest_locked(void)
{
	for (u32 i = 1; i <= STORE_SPANS; i++) {
		if (arena->store->frames[i] != FRAME_NONE)
			return arena->store->frames[i];
	}
	return FRAME_NONE;
}

/* It is looked at without the lock. */
static void store_count_unused_locked(s32 more)
{
	u32 *nr_unused = &arena->store->nr_unused;

	__atomic_store_n(nr_unused, *nr_unused + more, __ATOMIC_RELAXED);
}

static void frame_set_unused_locked(u32 frame, u32 unused, s32 more)
{
	struct store_frame *f = store_frame(frame);

	frame_unlist_locked(frame);
	store_count_unused_locked(more);
	f->unused = unused;
	/* It is looked at without the lock. */
	__atomic_store_n(&f->nr_unused, f->nr_unused + more, __ATOMIC_RELAXED);
	frame_list_locked(frame);
}

/*
 * Growing stops at the reserve. What is left is for the machine's victim, which gives back a frame
 * when it is out (relief.c).
 */
static u32 store_take_frame(void)
{
	return frame_take(FRAME_STORE, this_cpu()->spans_kept ? 0 : arena->reserve);
}

u32 store_spare(void)
{
	return __atomic_load_n(&arena->store->nr_unused, __ATOMIC_RELAXED) +
	       __atomic_load_n(&arena->nr_free, __ATOMIC_RELAXED) * STORE_SPANS;
}

static u32 store_grow_locked(void)
{
	u32 frame = store_take_frame();
	struct store_frame *f;

	if (frame == FRAME_NONE)
		return FRAME_NONE;
	f = store_frame(frame);
	for (u32 i = 0; i < STORE_SPANS; i++)
		f->spans[i].class = 0;
	f->unused = (1U << STORE_SPANS) - 1;
	__atomic_store_n(&f->nr_unused, STORE_SPANS, __ATOMIC_RELAXED);
	store_count_unused_locked(STORE_SPANS);
	frame_list_locked(frame);
	__atomic_fetch_add(&arena->store_frames, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&arena->shared->store_frames, 1, __ATOMIC_RELAXED);
	return frame;
}

static u32 span_cut_locked(u32 frame)
{
	u32 unused = store_frame(frame)->unused;
	u32 number = __builtin_ctz(unused);

	frame_set_unused_locked(frame, unused & ~(1U << number), -1);
	return span_name(frame, number);
}

u32 span_take(void)
{
	struct store *store = arena->store;
	u32 frame;
	u32 name;

	if (!this_cpu()->spans_kept && store_spare() <= STORE_KEPT_SPANS)
		return SPAN_NONE;
	store_lock(&store->lock);
	frame = store_fullest_locked();
	if (frame == FRAME_NONE)
		frame = store_grow_locked();
	name = frame == FRAME_NONE ? SPAN_NONE : span_cut_locked(frame);
	store_unlock(&store->lock);
	return name;
}

u32 span_take_better(u32 than)
{
	struct store *store = arena->store;
	u32 name = SPAN_NONE;
	u32 mine = span_frame(than);
	u32 frame;

	store_lock(&store->lock);
	frame = store_fullest_locked();
	if (frame != FRAME_NONE && frame != mine &&
	    store_frame(frame)->nr_unused <= store_frame(mine)->nr_unused)
		name = span_cut_locked(frame);
	store_unlock(&store->lock);
	return name;
}

/* The rare lock on the path of swap-in: once for each 73 pages of content. */
void span_give_up(u32 name)
{
	struct store *store = arena->store;
	u32 frame = span_frame(name);
	struct store_frame *f = store_frame(frame);

	span_at(name)->class = 0;
	store_lock(&store->lock);
	frame_set_unused_locked(frame, f->unused | 1U << span_number(name), 1);
	if (f->nr_unused == STORE_SPANS) {
		frame_unlist_locked(frame);
		store_count_unused_locked(-STORE_SPANS);
		__atomic_fetch_sub(&arena->store_frames, 1, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&arena->shared->store_frames, 1, __ATOMIC_RELAXED);
		frame_put(frame);
	}
	store_unlock(&store->lock);
}

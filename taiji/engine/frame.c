// SPDX-License-Identifier: GPL-2.0-only
/*
 * arena->nr_free counts tickets: a frame may be taken only by who took one off that count, and a
 * frame is put before its ticket is. So whoever has a ticket finds a frame, if perhaps not in the
 * first round.
 */
#include "check.h"
#include "cpu.h"
#include "frame.h"

#define FRAME_LINKED	((u32)BIT_ULL(31))
#define FRAME_TAG	BIT_ULL(32)

void frame_init(u32 frame, u32 owner)
{
	frame_at(frame)->next = FRAME_NONE;
	frame_at(frame)->state = owner;
}

u32 frame_owner(u32 frame)
{
	return __atomic_load_n(&frame_at(frame)->state, __ATOMIC_ACQUIRE) & ~FRAME_LINKED;
}

void frame_set_owner(u32 frame, u32 owner)
{
	u32 *state = &frame_at(frame)->state;
	u32 old = __atomic_load_n(state, __ATOMIC_RELAXED);

	/* Somebody may drop its link at the same time. */
	while (!__atomic_compare_exchange_n(state, &old, (old & FRAME_LINKED) | owner, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

static bool frame_ticket(u32 floor)
{
	u32 n = __atomic_load_n(&arena->nr_free, __ATOMIC_RELAXED);

	while (n > floor) {
		if (__atomic_compare_exchange_n(&arena->nr_free, &n, n - 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			__atomic_fetch_sub(&arena->shared->free_frames, 1, __ATOMIC_RELAXED);
			return true;
		}
	}
	return false;
}

static void frame_return_ticket(void)
{
	__atomic_fetch_add(&arena->shared->free_frames, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&arena->nr_free, 1, __ATOMIC_RELEASE);
}

static void frame_push(u32 frame)
{
	u64 head = __atomic_load_n(&arena->free_head, __ATOMIC_RELAXED);
	u64 top;

	do {
		__atomic_store_n(&frame_at(frame)->next, (u32)head, __ATOMIC_RELAXED);
		top = ((head & ~(FRAME_TAG - 1)) + FRAME_TAG) | frame;
	} while (!__atomic_compare_exchange_n(&arena->free_head, &head, top, false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static u32 frame_pop(void)
{
	u64 head = __atomic_load_n(&arena->free_head, __ATOMIC_ACQUIRE);
	u64 top;

	do {
		if ((u32)head == FRAME_NONE)
			return FRAME_NONE;
		/* May be stale; then the tag has moved on and the exchange fails. */
		top = __atomic_load_n(&frame_at((u32)head)->next, __ATOMIC_RELAXED);
		top |= (head & ~(FRAME_TAG - 1)) + FRAME_TAG;
	} while (!__atomic_compare_exchange_n(&arena->free_head, &head, top, false,
					      __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
	return (u32)head;
}

static u32 frame_steal(struct cpu *cpu)
{
	if (__atomic_load_n(&cpu->frame, __ATOMIC_RELAXED) == FRAME_NONE)
		return FRAME_NONE;
	return __atomic_exchange_n(&cpu->frame, FRAME_NONE, __ATOMIC_ACQUIRE);
}

static u32 frame_unlink_any(void)
{
	u32 frame = frame_steal(this_cpu());

	if (frame == FRAME_NONE)
		frame = frame_pop();
	for (u32 i = 0; frame == FRAME_NONE && i < arena->nr_cpus; i++)
		frame = frame_steal(cpu_at(i));
	return frame;
}

/* Its link is ours: take it if it is free, else it was claimed and only the link goes. */
static bool frame_take_unlinked(u32 frame, u32 owner)
{
	u32 *state = &frame_at(frame)->state;
	u32 old = __atomic_load_n(state, __ATOMIC_RELAXED);
	u32 new;

	do {
		new = old == (FRAME_FREE | FRAME_LINKED) ? owner : old & ~FRAME_LINKED;
	} while (!__atomic_compare_exchange_n(state, &old, new, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return old == (FRAME_FREE | FRAME_LINKED);
}

u32 frame_take(u32 owner, u32 floor)
{
	u32 frame;

	if (!frame_ticket(floor))
		return FRAME_NONE;
	for (;;) {
		frame = frame_unlink_any();
		if (frame != FRAME_NONE && frame_take_unlinked(frame, owner))
			return frame;
	}
}

bool frame_claim(u32 frame, u32 owner, u32 floor)
{
	u32 old = FRAME_FREE | FRAME_LINKED;

	if (!frame_ticket(floor))
		return false;
	if (__atomic_compare_exchange_n(&frame_at(frame)->state, &old, owner | FRAME_LINKED,
					false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return true;
	frame_return_ticket();
	return false;
}

u32 frame_take_home(u32 section, u32 floor)
{
	if (frame_owner(section) == FRAME_FREE && frame_claim(section, section, floor))
		return section;
	return frame_take(section, floor);
}

void frame_put(u32 frame)
{
	u32 old = __atomic_exchange_n(&frame_at(frame)->state, FRAME_FREE | FRAME_LINKED,
				      __ATOMIC_ACQ_REL);
	u32 none = FRAME_NONE;

	ENSURE((old & ~FRAME_LINKED) != FRAME_FREE);
	if (!(old & FRAME_LINKED) &&
	    !__atomic_compare_exchange_n(&this_cpu()->frame, &none, frame, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		frame_push(frame);
	frame_return_ticket();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A frame of the store is a page of administration and seven spans of 73 pages. A span holds
 * objects of one size class, a multiple of 64 bytes, and has a bitmap of what is taken and a count
 * of it.
 *
 *	span is		on the list of
 *	unused		(its frame's @unused; the frame is on store->head)
 *	with room	its class
 *	full		nothing
 *
 * Lock order: class, then store. Both are held for a few dozen instructions. Allocation takes its
 * class's. Freeing clears the bit and counts down without a lock, except when the count goes to
 * @relist (a sixteenth is free: the span is offered again) or to 0 (it is given up): these two
 * happen under the class lock, so that one CPU at most does either. Until it has counted down, its
 * own object keeps the span what it is; after it, nobody looks at the span without the lock.
 *
 * A span empties as a whole and a frame with it. Then it goes back to the free frames.
 */
#include "check.h"
#include "stats.h"
#include "store.h"

#define STORE_SPANS		7
#define STORE_SPAN_PAGES	73
#define STORE_SPAN_UNITS	(STORE_SPAN_PAGES << (TAIJI_PAGE_SHIFT - STORE_UNIT_SHIFT))
#define STORE_PAGE_UNITS	(1U << (TAIJI_PAGE_SHIFT - STORE_UNIT_SHIFT))
#define STORE_MIN_CLASS		2
#define STORE_MAX_CLASS		64
#define STORE_MAP_WORDS		((STORE_SPAN_UNITS / STORE_MIN_CLASS + 63) / 64)

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
 * The first page of a frame of the store: its spans, which are unused, and its place on the list
 * of such frames.
 */
struct store_frame {
	u32 unused;
	u32 next;
	u32 prev;
	struct span spans[STORE_SPANS];
};

struct store_class {
	u32 lock;
	u32 head;
};

struct store {
	u32 lock;
	u32 head;
	struct store_class classes[STORE_MAX_CLASS + 1];
};

static void lock(u32 *l)
{
	while (__atomic_exchange_n(l, 1, __ATOMIC_ACQUIRE))
		arch_relax();
}

static void unlock(u32 *l)
{
	__atomic_store_n(l, 0, __ATOMIC_RELEASE);
}

bool store_init(void)
{
	BUILD_BUG_ON(sizeof(struct store_frame) > TAIJI_PAGE_SIZE);
	arena->store = arena_alloc(sizeof(struct store), 64);
	if (!arena->store)
		return false;
	arena->store->head = FRAME_NONE;
	return true;
}

static struct store_frame *store_frame(u32 frame)
{
	return arch_va(frame_pa(frame));
}

static struct span *span_at(u32 name)
{
	return &store_frame((name - 1) >> 3)->spans[(name - 1) & 7];
}

static u32 span_name(u32 frame, u32 number)
{
	return (frame << 3) + number + 1;
}

static void span_list(struct store_class *class, u32 name)
{
	struct span *span = span_at(name);

	span->prev = SPAN_NONE;
	span->next = class->head;
	if (class->head)
		span_at(class->head)->prev = name;
	class->head = name;
	span->listed = 1;
}

static void span_unlist(struct store_class *class, u32 name)
{
	struct span *span = span_at(name);

	if (span->prev)
		span_at(span->prev)->next = span->next;
	else
		class->head = span->next;
	if (span->next)
		span_at(span->next)->prev = span->prev;
	span->listed = 0;
}

static void frame_list(u32 frame)
{
	struct store_frame *f = store_frame(frame);

	f->prev = FRAME_NONE;
	f->next = arena->store->head;
	if (f->next != FRAME_NONE)
		store_frame(f->next)->prev = frame;
	arena->store->head = frame;
}

static void frame_unlist(u32 frame)
{
	struct store_frame *f = store_frame(frame);

	if (f->prev != FRAME_NONE)
		store_frame(f->prev)->next = f->next;
	else
		arena->store->head = f->next;
	if (f->next != FRAME_NONE)
		store_frame(f->next)->prev = f->prev;
}

/*
 * Growing stops at the reserve. But when all that is left is the reserve, swapping out is what
 * makes frames: then one CPU at a time may go on, down to the last, and gives back a frame when
 * its section is out.
 */
static u32 store_take_frame(void)
{
	u32 frame = frame_take(FRAME_STORE, arena->reserve);
	u32 me = arch_cpu() + 1;
	u32 nobody = 0;

	if (frame != FRAME_NONE)
		return frame;
	if (!__atomic_compare_exchange_n(&arena->relief, &nobody, me, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED) && nobody != me)
		return FRAME_NONE;
	return frame_take(FRAME_STORE, 0);
}

void store_end_relief(void)
{
	if (__atomic_load_n(&arena->relief, __ATOMIC_RELAXED) == arch_cpu() + 1)
		__atomic_store_n(&arena->relief, 0, __ATOMIC_RELEASE);
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
	frame_list(frame);
	__atomic_fetch_add(&arena->shared->store_frames, 1, __ATOMIC_RELAXED);
	return frame;
}

static u32 span_take(void)
{
	struct store *store = arena->store;
	u32 name = SPAN_NONE;
	u32 frame, number;

	lock(&store->lock);
	frame = store->head;
	if (frame == FRAME_NONE)
		frame = store_grow_locked();
	if (frame != FRAME_NONE) {
		number = __builtin_ctz(store_frame(frame)->unused);
		name = span_name(frame, number);
		store_frame(frame)->unused &= ~(1U << number);
		if (!store_frame(frame)->unused)
			frame_unlist(frame);
	}
	unlock(&store->lock);
	return name;
}

/* The rare lock on the path of swap-in: once for each 73 pages of content. */
static void span_give_up(u32 name)
{
	struct store *store = arena->store;
	u32 frame = (name - 1) >> 3;
	struct store_frame *f = store_frame(frame);
	bool empty;

	span_at(name)->class = 0;
	lock(&store->lock);
	if (!f->unused)
		frame_list(frame);
	f->unused |= 1U << ((name - 1) & 7);
	empty = f->unused == (1U << STORE_SPANS) - 1;
	if (empty) {
		frame_unlist(frame);
		__atomic_fetch_sub(&arena->shared->store_frames, 1, __ATOMIC_RELAXED);
		frame_put(frame);
	}
	unlock(&store->lock);
}

static void span_start(u32 name, u32 class)
{
	struct span *span = span_at(name);
	u32 capacity = STORE_SPAN_UNITS / class;

	span->used = 0;
	span->capacity = capacity;
	span->relist = capacity - capacity / 16 - 1;
	span->class = class;
	for (u32 i = 0; i < STORE_MAP_WORDS; i++)
		span->map[i] = 0;
	for (u32 i = capacity; i < STORE_MAP_WORDS * 64; i++)
		span->map[i / 64] |= 1ULL << (i % 64);
	span_list(&arena->store->classes[class], name);
}

/* There is room: a bit is cleared before it is counted. */
static u32 span_alloc(struct span *span)
{
	for (u32 i = 0; i < STORE_MAP_WORDS; i++) {
		u64 word = __atomic_load_n(&span->map[i], __ATOMIC_ACQUIRE);
		u32 bit;

		if (!~word)
			continue;
		bit = __builtin_ctzll(~word);
		__atomic_fetch_or(&span->map[i], 1ULL << bit, __ATOMIC_ACQUIRE);
		return i * 64 + bit;
	}
	arch_bug("store: no room in a span with room");
}

static u32 span_base(u32 name)
{
	return STORE_PAGE_UNITS + ((name - 1) & 7) * STORE_SPAN_UNITS;
}

static u64 class_alloc(u32 class, bool grow)
{
	struct store_class *c = &arena->store->classes[class];
	u64 at = STORE_NONE;
	u32 name;

	lock(&c->lock);
	name = c->head;
	if (!name && grow) {
		name = span_take();
		if (name)
			span_start(name, class);
	}
	if (name) {
		struct span *span = span_at(name);

		at = ((u64)((name - 1) >> 3) << STORE_FRAME_SHIFT) + span_base(name) +
		     span_alloc(span) * class;
		if (__atomic_add_fetch(&span->used, 1, __ATOMIC_ACQ_REL) == span->capacity)
			span_unlist(c, name);
	}
	unlock(&c->lock);
	return at;
}

u64 store_alloc(u32 length)
{
	u32 class = (length + (1U << STORE_UNIT_SHIFT) - 1) >> STORE_UNIT_SHIFT;
	u64 at;

	if (class < STORE_MIN_CLASS)
		class = STORE_MIN_CLASS;
	at = class_alloc(class, true);
	/* Too roomy is better than not at all. */
	while (at == STORE_NONE && class < STORE_MAX_CLASS)
		at = class_alloc(++class, false);
	if (at != STORE_NONE)
		stats_figure(FIGURE_BYTES_STORED, (s64)class << STORE_UNIT_SHIFT);
	return at;
}

static void span_count_down_locked(struct store_class *c, u32 name)
{
	struct span *span = span_at(name);
	u32 used = __atomic_sub_fetch(&span->used, 1, __ATOMIC_ACQ_REL);

	if (!span->listed && used <= span->relist)
		span_list(c, name);
	if (!used) {
		span_unlist(c, name);
		span_give_up(name);
	}
}

static void span_count_down(u32 name)
{
	struct span *span = span_at(name);
	struct store_class *c = &arena->store->classes[span->class];
	u32 relist = span->relist;
	u32 used = __atomic_load_n(&span->used, __ATOMIC_RELAXED);

	do {
		if (used == 1 || used - 1 == relist) {
			lock(&c->lock);
			span_count_down_locked(c, name);
			unlock(&c->lock);
			return;
		}
	} while (!__atomic_compare_exchange_n(&span->used, &used, used - 1, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
}

void store_free(u64 at)
{
	u32 frame = at >> STORE_FRAME_SHIFT;
	u32 unit = (at & ((1U << STORE_FRAME_SHIFT) - 1)) - STORE_PAGE_UNITS;
	u32 number = unit / STORE_SPAN_UNITS;
	u32 name = span_name(frame, number);
	struct span *span = span_at(name);
	u32 class = span->class;
	u32 bit = unit % STORE_SPAN_UNITS / class;
	u64 old;

#ifdef TAIJI_DEBUG
	__builtin_memset(arch_va(store_pa(at)), 0x5a, class << STORE_UNIT_SHIFT);
#endif
	stats_figure(FIGURE_BYTES_STORED, -((s64)class << STORE_UNIT_SHIFT));
	old = __atomic_fetch_and(&span->map[bit / 64], ~(1ULL << (bit % 64)), __ATOMIC_RELEASE);
	ENSURE(old & 1ULL << (bit % 64));
	span_count_down(name);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects in spans (span.h), by size class.
 *
 * Allocation takes its class's lock. Freeing clears the bit and counts down without a lock, except
 * when the count goes to @relist (a sixteenth is free: the span is offered again) or to 0 (it is
 * given up): these two happen under the class lock, so that one CPU at most does either. Until it
 * has counted down, its own object keeps the span what it is; after it, nobody looks at the span
 * without the lock.
 */
#include "check.h"
#include "cpu.h"
#include "span.h"
#include "stats.h"

bool store_init(void)
{
	BUILD_BUG_ON(sizeof(struct store_frame) > TAIJI_PAGE_SIZE);
	BUILD_BUG_ON(STORE_KEPT_SPANS * STORE_SPAN_PAGES < TAIJI_SECTION_PAGES + 1);
	BUILD_BUG_ON(FRAME_KEPT * STORE_SPANS < STORE_KEPT_SPANS);
	arena->store = arena_alloc(sizeof(struct store), 64);
	if (!arena->store)
		return false;
	__builtin_memset(arena->store, 0, sizeof(struct store));
	for (u32 i = 0; i <= STORE_SPANS; i++)
		arena->store->frames[i] = FRAME_NONE;
	return true;
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

static void span_start(u32 name, u32 class)
{
	struct span *span = span_at(name);
	u32 capacity = STORE_SPAN_UNITS / class;

	span->used = 0;
	span->capacity = capacity;
	span->relist = capacity - capacity / 16 - 1;
	span->class = class;
	for (u32 i = 0; i < STORE_MAP_WORDS; i++)
		span->map[i] = i * 64 < capacity ? 0 : ~0ULL;
	if (capacity % 64)
		span->map[capacity / 64] = ~0ULL << (capacity % 64);
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

/* An object of a span on the list of its class. */
static u64 span_take_object(struct store_class *c, u32 name)
{
	struct span *span = span_at(name);
	u64 at = ((u64)span_frame(name) << STORE_FRAME_SHIFT) + span_base(name) +
		 span_alloc(span) * span->class;

	if (__atomic_add_fetch(&span->used, 1, __ATOMIC_ACQ_REL) == span->capacity)
		span_unlist(c, name);
	stats_figure(FIGURE_BYTES_STORED, (s64)span->class << STORE_UNIT_SHIFT);
	return at;
}

static u64 class_alloc(u32 class, bool grow)
{
	struct store_class *c = &arena->store->classes[class];
	u64 at = STORE_NONE;
	u32 name;

	store_lock(&c->lock);
	name = c->head;
	if (!name && grow) {
		name = span_take();
		if (name)
			span_start(name, class);
	}
	if (name)
		at = span_take_object(c, name);
	store_unlock(&c->lock);
	return at;
}

/*
 * The machine's victim must fit, whatever is in it: when the spans that are left are no more than
 * it could need, a new one is for whole pages, where everything has room.
 */
static bool store_may_start(u32 class)
{
	u32 kept = this_cpu()->spans_kept;

	return class == STORE_MAX_CLASS || !kept || store_spare() > kept;
}

u64 store_alloc(u32 length)
{
	u32 class = (length + (1U << STORE_UNIT_SHIFT) - 1) >> STORE_UNIT_SHIFT;
	u64 at;

	if (class < STORE_MIN_CLASS)
		class = STORE_MIN_CLASS;
	at = class_alloc(class, store_may_start(class));
	/* Too roomy is better than not at all. */
	while (at == STORE_NONE && class < STORE_MAX_CLASS) {
		class++;
		at = class_alloc(class, class == STORE_MAX_CLASS && this_cpu()->spans_kept);
	}
	return at;
}

static u32 span_of(u64 at)
{
	u32 unit = (at & ((1U << STORE_FRAME_SHIFT) - 1)) - STORE_PAGE_UNITS;

	return span_name(at >> STORE_FRAME_SHIFT, unit / STORE_SPAN_UNITS);
}

u32 store_size(u64 at)
{
	return span_at(span_of(at))->class << STORE_UNIT_SHIFT;
}

u32 store_spans_for(u32 pages)
{
	return (pages + STORE_SPAN_PAGES - 1) / STORE_SPAN_PAGES;
}

/*
 * The fuller its frame, and then the span, the better it is to be there: only whole frames come
 * free.
 */
static u32 span_worth(u32 name)
{
	u32 used = __atomic_load_n(&span_at(name)->used, __ATOMIC_RELAXED);

	return span_neighbours(name) << 16 | used;
}

u64 store_alloc_better(u64 than)
{
	u32 name = span_of(than);
	struct span *span = span_at(name);
	struct store_class *c = &arena->store->classes[span->class];
	u64 at = STORE_NONE;
	u32 better;

	store_lock(&c->lock);
	better = c->head;
	/* The best that was seen is where everything goes. */
	if (span->listed && span_worth(name) > span_worth(better)) {
		span_unlist(c, name);
		span_list(c, name);
		better = name;
	}
	if (!better || better == name || span_worth(better) < span_worth(name)) {
		better = span_take_better(name);
		if (better)
			span_start(better, span->class);
	}
	if (better)
		at = span_take_object(c, better);
	store_unlock(&c->lock);
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
			store_lock(&c->lock);
			span_count_down_locked(c, name);
			store_unlock(&c->lock);
			return;
		}
	} while (!__atomic_compare_exchange_n(&span->used, &used, used - 1, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
}

void store_free(u64 at)
{
	u32 name = span_of(at);
	struct span *span = span_at(name);
	u32 class = span->class;
	u32 bit = ((at & ((1U << STORE_FRAME_SHIFT) - 1)) - span_base(name)) / class;
	u64 old;

#ifdef TAIJI_DEBUG
	__builtin_memset(arch_va(store_pa(at)), 0x5a, class << STORE_UNIT_SHIFT);
#endif
	stats_figure(FIGURE_BYTES_STORED, -((s64)class << STORE_UNIT_SHIFT));
	old = __atomic_fetch_and(&span->map[bit / 64], ~(1ULL << (bit % 64)), __ATOMIC_RELEASE);
	ENSURE(old & 1ULL << (bit % 64));
	span_count_down(name);
}

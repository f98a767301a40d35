// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames under pressure (invariant 10).
 *
 * The threads of the host that swap out may never run again: every CPU can be in a fault with its
 * interrupts masked, in a softirq, or in a kernel that does not preempt. So a fault that finds no
 * frame does not wait for them. All such CPUs work at one section, the machine's victim, each at
 * micro-pages of its own:
 *
 *	PREPARE	one worker takes the section out of reach, with one flush
 *	OUT	each worker packs the next micro-page; when all are out, the frame is free
 *	UNDO	it did not fit, or took as much store as it would free: each worker brings the
 *		next micro-page in again
 *
 * Who the victim is and how far it has come is one word, arena->relief, which changes by
 * compare-and-swap. A worker is a CPU inside one abort or call, so it ends; the first to come owns
 * the section and the last to leave disowns it. Between two steps nothing is owned and nobody has
 * a role: any CPU goes on where the last one stopped.
 *
 * Why it ends, and how much store a victim may take: Documentation/design.rst, "Frames under
 * pressure".
 */
#include "age.h"
#include "block.h"
#include "cpu.h"
#include "relief.h"
#include "span.h"
#include "stats.h"
#include "store.h"
#include "swap_in.h"
#include "swap_out.h"

#define RELIEF_LOOK	16	/* sections in one fault, as interrupts wait */
#define RELIEF_SAMPLE	32	/* micro-pages that tell whether a section packs */
#define RELIEF_FAILED	8	/* victims that left no frame, and what is resident does not pack */

/* A section that leaves more than this of a frame in the store has not made enough room. */
#define RELIEF_WORTH	(TAIJI_SECTION_SIZE / 16 * 15)

enum relief_phase {
	RELIEF_PREPARE,
	RELIEF_OUT,
	RELIEF_UNDO,
};

/* arena->relief: victim, next micro-page, workers, phase, and: the workers shall leave. */
#define RELIEF_NEXT_SHIFT	FRAME_BITS
#define RELIEF_NEXT		BIT_ULL(RELIEF_NEXT_SHIFT)
#define RELIEF_WORKERS_SHIFT	(RELIEF_NEXT_SHIFT + 10)
#define RELIEF_WORKER		BIT_ULL(RELIEF_WORKERS_SHIFT)
#define RELIEF_COUNT_MASK	1023ULL
#define RELIEF_PHASE_SHIFT	(RELIEF_WORKERS_SHIFT + 10)
#define RELIEF_PHASE_MASK	3ULL
#define RELIEF_FULL		BIT_ULL(RELIEF_PHASE_SHIFT + 2)

static u32 relief_victim(u64 word)
{
	return word & FRAME_NONE;
}

static u32 relief_next(u64 word)
{
	return word >> RELIEF_NEXT_SHIFT & RELIEF_COUNT_MASK;
}

static u32 relief_workers(u64 word)
{
	return word >> RELIEF_WORKERS_SHIFT & RELIEF_COUNT_MASK;
}

static enum relief_phase relief_phase(u64 word)
{
	return word >> RELIEF_PHASE_SHIFT & RELIEF_PHASE_MASK;
}

static u64 relief_word(u32 victim, enum relief_phase phase)
{
	return victim | (u64)phase << RELIEF_PHASE_SHIFT;
}

static u64 relief_load(void)
{
	return __atomic_load_n(&arena->relief, __ATOMIC_ACQUIRE);
}

static bool relief_change(u64 *old, u64 word)
{
	return __atomic_compare_exchange_n(&arena->relief, old, word, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static u32 relief_rounds(void)
{
	return 2 * arena->nr_sections;
}

bool relief_is_barren(void)
{
	return __atomic_load_n(&arena->relief_barren, __ATOMIC_RELAXED) >= relief_rounds();
}

void relief_note_frame(void)
{
	if (__atomic_load_n(&arena->relief_barren, __ATOMIC_RELAXED))
		__atomic_store_n(&arena->relief_barren, 0, __ATOMIC_RELAXED);
}

/* @sections more of the clock have left no frame. */
static void relief_note_barren(u32 sections)
{
	if (!relief_is_barren())
		__atomic_fetch_add(&arena->relief_barren, sections, __ATOMIC_RELAXED);
}

/* Is there room for what is in, even if nothing of it packs? */
static bool relief_fits(u64 word)
{
	u32 pages = section_resident(word) + !(word & SECTION_TABLE);

	return store_spare() >= store_spans_for(pages);
}

static bool relief_is_candidate(u64 word)
{
	return word & SECTION_SWAPPABLE && word & SECTION_MAPPED &&
	       !(word & (SECTION_OWNED | SECTION_MOVING)) && section_frame(word) != FRAME_NONE &&
	       relief_fits(word);
}

/*
 * The first of the next RELIEF_LOOK of a clock that was not touched since the clock came by, or
 * else one that is partly out, as it takes the least for a frame, or else any. When an interrupt
 * ends the search, it goes on there next time. @looked: how many it has come by.
 */
static u32 relief_choose(u32 *looked)
{
	u32 fallback = FRAME_NONE;
	bool partial = false;

	for (*looked = 0; *looked < RELIEF_LOOK; ++*looked) {
		u32 i = __atomic_fetch_add(&arena->relief_hand, 1, __ATOMIC_RELAXED) %
			arena->nr_sections;
		struct section *s = section_nth(i);
		u64 ages;

		if (!relief_is_candidate(section_word(s)))
			continue;
		ages = age_sections(s, 1);
		if (taiji_age(ages, 0) == TAIJI_AGE_OLD)
			return section_index(s);
		if (fallback == FRAME_NONE || (taiji_age_is_partial(ages, 0) && !partial)) {
			fallback = section_index(s);
			partial = taiji_age_is_partial(ages, 0);
		}
		if (cpu_irq_pending())
			return FRAME_NONE;
	}
	return fallback;
}

/* Nobody has a victim: choose one. */
static bool relief_begin(u64 *word)
{
	u64 none = *word;
	u32 looked;
	u32 victim = relief_choose(&looked);

	if (victim == FRAME_NONE) {
		relief_note_barren(looked);
		return false;
	}
	if (relief_change(&none, relief_word(victim, RELIEF_PREPARE)))
		*word = relief_word(victim, RELIEF_PREPARE);
	else
		*word = none;
	return true;
}

/* Owned. Is it still what it was when the last worker left? */
static bool relief_still(u64 word, u64 section)
{
	if (!(section & SECTION_SWAPPABLE) || section & SECTION_MOVING ||
	    section_frame(section) == FRAME_NONE)
		return false;
	return section & (relief_phase(word) == RELIEF_PREPARE ? SECTION_MAPPED : SECTION_TABLE);
}

enum relief_owned {
	RELIEF_JOINED,
	RELIEF_CHANGED,		/* *word is what arena->relief is now */
	RELIEF_ANOTHERS,
};

/* The first worker owns the section; if it is not what it was, there is no victim any more. */
static enum relief_owned relief_own(u64 *word)
{
	struct section *s = section_of(relief_victim(*word));
	u64 with = *word + RELIEF_WORKER;

	if (!section_own(s))
		return RELIEF_ANOTHERS;
	if (!relief_still(*word, section_word(s)))
		with = FRAME_NONE;
	if (relief_change(word, with)) {
		*word = with;
		if (with != FRAME_NONE)
			return RELIEF_JOINED;
	}
	section_disown(s);
	return RELIEF_CHANGED;
}

/* Be one of the victim's workers. False when there is none, or it has to be left alone a moment. */
static bool relief_join(u64 *word)
{
	enum relief_owned owned;

	*word = relief_load();
	for (;;) {
		if (relief_victim(*word) == FRAME_NONE) {
			if (!relief_begin(word))
				return false;
		} else if (!relief_workers(*word)) {
			owned = relief_own(word);
			if (owned != RELIEF_CHANGED)
				return owned == RELIEF_JOINED;
		} else if (relief_phase(*word) == RELIEF_PREPARE || *word & RELIEF_FULL) {
			return false;
		} else if (relief_change(word, *word + RELIEF_WORKER)) {
			*word += RELIEF_WORKER;
			return true;
		}
	}
}

/* The only worker. */
static bool relief_prepare(struct section *s, u64 *word)
{
	u64 next = relief_word(relief_victim(*word), RELIEF_OUT) + RELIEF_WORKER;
	bool ready = !swap_out_prepare(s);

	__atomic_store_n(&arena->relief_bytes, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&arena->relief_pages, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&arena->relief_resident, section_resident(section_word(s)),
			 __ATOMIC_RELAXED);
	/* Nobody else changes it now. */
	__atomic_store_n(&arena->relief, ready ? next : FRAME_NONE, __ATOMIC_RELEASE);
	if (!ready) {
		section_disown(s);
		relief_note_barren(1);
	}
	*word = next;
	return ready;
}

/*
 * Would all that was in take less than what is worth a frame, if it went on like this? A sample
 * tells: what does not pack is not to take the last frames for long.
 */
static bool relief_is_worth(u64 bytes)
{
	u64 all = __atomic_add_fetch(&arena->relief_bytes, bytes, __ATOMIC_RELAXED);
	u64 pages = __atomic_add_fetch(&arena->relief_pages, 1, __ATOMIC_RELAXED);
	u32 resident = __atomic_load_n(&arena->relief_resident, __ATOMIC_RELAXED);

	return pages < RELIEF_SAMPLE || all * resident <= RELIEF_WORTH * pages;
}

static bool relief_out(struct section *s, u64 word)
{
	u32 i = relief_next(word);
	s64 bytes;

	/* The rest of it, and what other workers are at. */
	this_cpu()->spans_kept = store_spans_for(TAIJI_SECTION_PAGES - i + relief_workers(word));
	bytes = swap_out_page(s, section_word(s), i);
	return bytes >= 0 && relief_is_worth(bytes);
}

/* The next micro-page is this CPU's. False when there is none. */
static bool relief_page(struct section *s, u64 *word)
{
	do {
		if (relief_next(*word) == TAIJI_SECTION_PAGES || *word & RELIEF_FULL)
			return false;
	} while (!relief_change(word, *word + RELIEF_NEXT));

	if (relief_phase(*word) == RELIEF_UNDO)
		swap_in_owned(s, relief_next(*word));
	else if (!relief_out(s, *word))
		__atomic_fetch_or(&arena->relief, RELIEF_FULL, __ATOMIC_RELAXED);
	*word = relief_load();
	return true;
}

/* All of it has been gone through, and nobody works at it any more. Owned. */
static void relief_end(struct section *s, enum relief_phase phase)
{
	if (phase == RELIEF_UNDO) {
		block_collapse(s);
		relief_note_barren(relief_rounds() / RELIEF_FAILED + 1);
	} else if (section_resident(section_word(s))) {
		/* Touched meanwhile, so somebody gets on. Partly out, it takes little next time. */
		relief_note_barren(1);
	} else {
		relief_note_frame();
	}
}

static void relief_leave(struct section *s, u64 word)
{
	u64 left;

	do {
		left = word - RELIEF_WORKER;
		if (relief_workers(left))
			continue;
		if (left & RELIEF_FULL)
			left = relief_word(relief_victim(word), RELIEF_UNDO);
		else if (relief_next(left) == TAIJI_SECTION_PAGES)
			left = FRAME_NONE;
	} while (!relief_change(&word, left));

	/* The last one. Whoever comes next cannot own the section before it is let go. */
	if (relief_victim(left) == FRAME_NONE)
		relief_end(s, relief_phase(word));
	if (!relief_workers(left))
		section_disown(s);
}

static void relief_work(u64 word)
{
	struct section *s = section_of(relief_victim(word));

	if (relief_phase(word) == RELIEF_PREPARE && !relief_prepare(s, &word))
		return;
	while (relief_page(s, &word)) {
		if (cpu_irq_pending())
			break;
	}
	relief_leave(s, word);
}

void relief_step(void)
{
	struct cpu *cpu = this_cpu();
	u64 before = cpu->stats->swap_out;
	u64 word;

	cpu->spans_kept = STORE_KEPT_SPANS;
	if (relief_join(&word))
		relief_work(word);
	cpu->spans_kept = 0;
	stats_add(&cpu->stats->relieved, cpu->stats->swap_out - before);
}

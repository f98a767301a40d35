// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap-in: a CPU serves its own fault, and shares no lock with another.
 *
 *   enter	one compare-and-swap on the section's word: a user, with a frame if it had none
 *   claim	one on the micro-page's entry: OUT -> BUSY
 *   fill	straight into the frame
 *   publish	one store: the leaf
 *   leave	one on the word: a user less, a resident micro-page more
 */
#include "block.h"
#include "check.h"
#include "codec.h"
#include "cpu.h"
#include "move.h"
#include "page.h"
#include "pin.h"
#include "relief.h"
#include "stats.h"
#include "store.h"
#include "swap_in.h"
#include "whole.h"

enum swap_in_enter {
	ENTERED,
	SEALED,
	NO_FRAME,
	NOT_OURS,
};

static enum swap_in_enter swap_in_enter(struct section *s, u64 *word, u32 floor)
{
	u64 old = section_word(s);
	u32 frame = FRAME_NONE;
	enum swap_in_enter result;
	u64 new = old;

	do {
		result = NOT_OURS;
		if (!(old & SECTION_OURS))
			break;
		result = SEALED;
		if (old & (SECTION_SEALED | SECTION_ABSENT))
			break;
		result = NO_FRAME;
		new = old + SECTION_USER;
		if (section_frame(old) == FRAME_NONE) {
			if (frame == FRAME_NONE)
				frame = frame_take_home(section_index(s), floor);
			if (frame == FRAME_NONE)
				break;
			new = section_with_frame(new, frame);
		}
		result = ENTERED;
	} while (!section_change(s, &old, new));

	if (result == ENTERED && section_frame(old) == FRAME_NONE)
		stats_figure(FIGURE_SECTIONS_OUT, -1);
	else if (frame != FRAME_NONE)
		section_put_frame(s, frame);
	*word = new;
	return result;
}

/*
 * A frame for the first touch of new memory. Swap-in lives on the last ones, so this leaves them;
 * but a CPU that has masked its interrupts does not wait, and when nothing that is in packs, half
 * of them bring each CPU to where it can schedule (design.rst).
 */
static u32 swap_in_touch_frame(struct section *s)
{
	u32 floor = arch_irqs_masked() ? FRAME_KEPT : taiji_floor_touch(arena->nr_cpus);
	u32 frame = frame_take_home(section_index(s), floor);

	if (frame != FRAME_NONE)
		relief_note_frame();
	else if (relief_is_barren())
		frame = frame_take_home(section_index(s), taiji_floor_barren(arena->nr_cpus));
	return frame;
}

/* A whole frame at once, and what is in it is nobody's business. */
static bool swap_in_touch(struct section *s, u64 word)
{
	u32 frame;

	if (word & SECTION_OWNED) {
		stats_count(&my_stats()->retries);
		return true;
	}
	frame = swap_in_touch_frame(s);
	if (frame == FRAME_NONE) {
		stats_count(&my_stats()->stalls);
		stats_count(&my_stats()->touch_stalls);
		relief_step();
		return true;
	}
	if (!section_change(s, &word, section_with_frame(word, frame) | SECTION_OWNED |
			    SECTION_SEALED | TAIJI_SECTION_PAGES * SECTION_RESIDENT)) {
		section_put_frame(s, frame);
		return true;
	}
	arch_map_block(section_ipa(s), frame_pa(frame));
	arch_publish();
	section_set_sealed(s, SECTION_BLOCK, SECTION_ABSENT);
	pin_put_back(s);
	section_disown(s);
	stats_figure(FIGURE_SECTIONS_ABSENT, -1);
	stats_count(&my_stats()->touched);
	return true;
}

void swap_in_forget(u64 e)
{
	enum page_state state = page_state(e);

	stats_figure(FIGURE_PAGES_ZERO + (state - PAGE_ZERO), -1);
	if (page_stored(e))
		store_free(page_value(e));
}

/* The content of a micro-page that we made BUSY. */
static void swap_in_fill(struct section *s, u64 word, u32 i, u64 e)
{
	void *page = arch_va(section_page(s, word, i));

	switch (page_state(e)) {
	case PAGE_ZERO:
		codec_fill(page, 0);
		break;
	case PAGE_SAME:
		codec_fill(page, page_value(e));
		break;
	case PAGE_LZ4:
		ENSURE(codec_unpack(page, arch_va(store_pa(page_value(e))), page_length(e)));
		break;
	case PAGE_RAW:
		__builtin_memcpy(page, arch_va(store_pa(page_value(e))), TAIJI_PAGE_SIZE);
		break;
	default:
		arch_bug("swap_in: not out");
	}
#ifdef TAIJI_DEBUG
	/* Invariant 4. */
	ENSURE(codec_sum(page) == *section_sum(s, i));
#endif
	stats_count(&my_stats()->swap_in);
	if (!page_stored(e))
		stats_count(&my_stats()->in_zero);
	swap_in_forget(e);
}

static void swap_in_publish(u64 *entry, u64 leaf)
{
	page_store(entry, leaf);
	arch_publish();
}

/* Code comes in executable, so that its fetch does not fault again. */
static void swap_in_code(pa_t page)
{
	arch_clean_page(arch_va(page));
	arch_renew_fetch();
	stats_count(&my_stats()->exec);
}

/* Nothing is mapped there. Returns how many micro-pages came in. */
static u32 swap_in_translation(struct section *s, u64 word, u32 i, bool fetch)
{
	u64 *entry = &section_table(s)[i];
	pa_t page = section_page(s, word, i);
	u64 e = page_load(entry);
	bool held = page_held(e);

	/* Another CPU was faster, or this one's walk was older than the entry. */
	if (page_valid(e))
		return 0;
	if (held && (!(word & SECTION_MOVING) || e & PAGE_MOVED)) {
		fetch = fetch && !(e & PAGE_SYNCED);
		if (fetch)
			swap_in_code(page);
		if (page_change(entry, &e, arch_leaf(page, fetch || e & PAGE_SYNCED)))
			arch_publish();
		return 0;
	}
	if (page_busy(e) || !page_change(entry, &e, page_entry(PAGE_BUSY))) {
		stats_count(&my_stats()->retries);
		return 0;
	}
	if (held)
		move_page(s, word, i);
	else
		swap_in_fill(s, word, i, e);
	if (fetch)
		swap_in_code(page);
	swap_in_publish(entry, arch_leaf(page, fetch));
	return !held;
}

static void swap_in_exec(struct section *s, u64 word, ipa_t at, u32 i)
{
	u64 *entry = &section_table(s)[i];
	pa_t page = section_page(s, word, i);
	u64 e = page_load(entry);

	if (!page_valid(e))
		return;
	if (!arch_leaf_exec(e)) {
		swap_in_code(page);
		page_change(entry, &e, arch_leaf(page, true));
		arch_publish();
	}
	arch_forget_page(at);
}

static void swap_in_young(struct section *s, u32 i)
{
	u64 *entry = &section_table(s)[i];
	u64 e = page_load(entry);

	while (page_valid(e) && !arch_leaf_young(e)) {
		if (page_change(entry, &e, arch_leaf_mkyoung(e)))
			break;
	}
	arch_publish();
}

static u32 swap_in_block(struct section *s, ipa_t at, enum engine_fault kind)
{
	if (kind == FAULT_ACCESS_FLAG)
		arch_block_set_young(section_ipa(s));
	/* Anything else is a TLB that still knows the table: a block lacks nothing. */
	if (kind == FAULT_EXEC)
		arch_forget_page(at);
	return 0;
}

static u32 swap_in_entered(struct section *s, u64 word, ipa_t at, enum engine_fault kind)
{
	u32 i = at.val >> TAIJI_PAGE_SHIFT & (TAIJI_SECTION_PAGES - 1);

	if (word & SECTION_BLOCK)
		return swap_in_block(s, at, kind);
	switch (kind) {
	case FAULT_TRANSLATION:
	case FAULT_FETCH:
		return swap_in_translation(s, word, i, kind == FAULT_FETCH);
	case FAULT_EXEC:
		swap_in_exec(s, word, at, i);
		return 0;
	case FAULT_ACCESS_FLAG:
		swap_in_young(s, i);
		return 0;
	default:
		return 0;
	}
}

bool swap_in_fault(struct section *s, ipa_t at, enum engine_fault kind, u64 since)
{
	u64 word = section_word(s);
	u32 more;

	if (word & SECTION_ABSENT)
		return swap_in_touch(s, word);
	switch (swap_in_enter(s, &word, FRAME_KEPT)) {
	case NOT_OURS:
		return false;
	case SEALED:
		stats_count(&my_stats()->retries);
		return true;
	case NO_FRAME:
		stats_count(&my_stats()->stalls);
		relief_step();
		return true;
	case ENTERED:
		break;
	}
	more = swap_in_entered(s, word, at, kind);
	word = section_leave(s, more);
	if (!more)
		return true;
	/* It becomes a block when there is time. */
	if (block_whole(word))
		whole_queue(s);
	stats_in_time(arch_clock() - since);
	return true;
}

/* What we made BUSY. */
static void swap_in_page(struct section *s, u64 word, u32 i, u64 e)
{
	swap_in_fill(s, word, i, e);
	swap_in_publish(&section_table(s)[i], arch_leaf(section_page(s, word, i), false));
}

void swap_in_owned(struct section *s, u32 i)
{
	u64 *entry = &section_table(s)[i];
	u64 e = page_load(entry);

	if (!page_out(e) || !page_change(entry, &e, page_entry(PAGE_BUSY)))
		return;
	swap_in_page(s, section_word(s), i, e);
	__atomic_fetch_add(&s->word, SECTION_RESIDENT, __ATOMIC_RELEASE);
}

/*
 * Bring in what is out from @from on. Returns where it stopped: at an interrupt, or where a fault
 * is at work.
 */
static u32 swap_in_pages(struct section *s, u64 word, u32 from, u32 *more)
{
	u64 *table = section_table(s);
	u32 i;

	for (i = from; i < TAIJI_SECTION_PAGES; i++) {
		u64 e = page_load(&table[i]);

		if (page_busy(e))
			break;
		if (!page_out(e))
			continue;
		if (!page_change(&table[i], &e, page_entry(PAGE_BUSY)))
			break;
		swap_in_page(s, word, i, e);
		++*more;
		if (cpu_irq_pending())
			return i + 1;
	}
	return i;
}

s64 swap_in_section(struct section *s, u32 from)
{
	u64 word = section_word(s);
	u32 more = 0;
	u32 to;

	if (!(word & SECTION_OURS))
		return -TAIJI_EINVAL;
	if (!(word & SECTION_TABLE))
		return TAIJI_SECTION_PAGES;
	if (word & SECTION_MOVING && !move_run(s))
		return from;
	if (swap_in_enter(s, &word, 0) != ENTERED)
		return -TAIJI_ENOMEM;
	to = swap_in_pages(s, word, from, &more);
	word = section_leave(s, more);
	if (to < TAIJI_SECTION_PAGES)
		return to;
	if (block_collapse(s))
		return TAIJI_SECTION_PAGES;
	/* Interrupted while syncing, or what is before @from has gone out since. */
	return section_resident(word) == TAIJI_SECTION_PAGES ? TAIJI_SECTION_PAGES - 1 : 0;
}

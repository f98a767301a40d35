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
 * First touch of new memory: a whole frame at once, and what is in it is nobody's business. Only
 * who cannot wait for the host's threads takes one of those that swap-in lives on.
 */
static bool swap_in_touch(struct section *s, u64 word)
{
	bool masked = arch_irqs_masked();
	u32 frame;

	if (word & SECTION_OWNED) {
		stats_count(&my_stats()->retries);
		return true;
	}
	frame = frame_take_home(section_index(s), masked ? FRAME_KEPT :
				taiji_floor_touch(arena->nr_cpus));
	if (frame == FRAME_NONE) {
		stats_count(&my_stats()->stalls);
		stats_count(&my_stats()->touch_stalls);
		if (masked)
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

/* Nothing is mapped there. Returns how many micro-pages came in. */
static u32 swap_in_translation(struct section *s, u64 word, u32 i)
{
	u64 *entry = &section_table(s)[i];
	pa_t page = section_page(s, word, i);
	u64 e = page_load(entry);

	/* Another CPU was faster, or this one's walk was older than the entry. */
	if (page_valid(e))
		return 0;
	if (page_held(e) && (!(word & SECTION_MOVING) || e & PAGE_MOVED)) {
		if (page_change(entry, &e, arch_leaf(page, e & PAGE_SYNCED)))
			arch_publish();
		return 0;
	}
	if (page_busy(e) || !page_change(entry, &e, page_entry(PAGE_BUSY))) {
		stats_count(&my_stats()->retries);
		return 0;
	}
	if (page_held(e)) {
		move_page(s, word, i);
		swap_in_publish(entry, arch_leaf(page, false));
		return 0;
	}
	swap_in_fill(s, word, i, e);
	swap_in_publish(entry, arch_leaf(page, false));
	return 1;
}

static void swap_in_exec(struct section *s, u64 word, ipa_t at, u32 i)
{
	u64 *entry = &section_table(s)[i];
	pa_t page = section_page(s, word, i);
	u64 e = page_load(entry);

	if (!page_valid(e))
		return;
	if (!arch_leaf_exec(e)) {
		arch_sync_icache(arch_va(page));
		if (page_change(entry, &e, arch_leaf(page, true)))
			stats_count(&my_stats()->exec);
		arch_publish();
	}
	arch_flush_page(at);
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
		arch_flush_page(at);
	return 0;
}

static u32 swap_in_entered(struct section *s, u64 word, ipa_t at, enum engine_fault kind)
{
	u32 i = at.val >> TAIJI_PAGE_SHIFT & (TAIJI_SECTION_PAGES - 1);

	if (word & SECTION_BLOCK)
		return swap_in_block(s, at, kind);
	switch (kind) {
	case FAULT_TRANSLATION:
		return swap_in_translation(s, word, i);
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
	section_leave(s, more);
	/* Whole again, the section becomes a block when there is time: TAIJI_CALL_COLLAPSE. */
	if (more)
		stats_in_time(arch_clock() - since);
	return true;
}

/*
 * Bring in what is out from @from on, and let fetch see it at once, so that the section can become
 * a block. Returns where it stopped: at an interrupt, or where a fault is at work.
 */
static u32 swap_in_pages(struct section *s, u64 word, u32 from, u32 *more)
{
	u64 *table = section_table(s);
	u32 i;

	for (i = from; i < TAIJI_SECTION_PAGES; i++) {
		pa_t page = section_page(s, word, i);
		u64 e = page_load(&table[i]);

		if (page_busy(e))
			break;
		if (!page_out(e))
			continue;
		if (!page_change(&table[i], &e, page_entry(PAGE_BUSY)))
			break;
		swap_in_fill(s, word, i, e);
		arch_sync_icache(arch_va(page));
		swap_in_publish(&table[i], arch_leaf(page, true));
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

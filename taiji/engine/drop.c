// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is out goes out of the store first, micro-page by micro-page, and is zeros from then on: so
 * this can be left alone at any point. Only when nothing is stored any more, the rest goes at once.
 */
#include "batch.h"
#include "check.h"
#include "cpu.h"
#include "drop.h"
#include "page.h"
#include "pin.h"
#include "stats.h"
#include "swap_in.h"

#define DROP_LOOK	16	/* objects of the store between two looks at the interrupts */

/* It was out, and is BUSY: ours. */
static void drop_out(struct section *s, u32 i, u64 *entry, u64 e)
{
	swap_in_forget(e);
	stats_figure(FIGURE_PAGES_ZERO, 1);
#ifdef TAIJI_DEBUG
	/* The sum of zeros. */
	*section_sum(s, i) = 0;
#else
	(void)s;
	(void)i;
#endif
	page_store(entry, page_entry_out(PAGE_ZERO, 0, TAIJI_PAGE_SIZE));
}

/* False when an interrupt waits. */
static bool drop_stored(struct section *s)
{
	u64 *table = section_table(s);
	u32 dropped = 0;

	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		u64 e = page_load(&table[i]);

		if (!page_stored(e) || !page_change(&table[i], &e, page_entry(PAGE_BUSY)))
			continue;
		drop_out(s, i, &table[i], e);
		if (!(++dropped % DROP_LOOK) && cpu_irq_pending())
			return false;
	}
	return true;
}

/* Sealed and unmapped, and nothing is stored: what is out is in the entries. */
static void drop_entries(struct section *s)
{
	u64 *table = section_table(s);
	u32 zero = 0, same = 0;

	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		u64 e = page_load(&table[i]);

		DEBUG_ENSURE(!page_busy(e) && !page_stored(e));
		zero += page_out(e) && page_state(e) == PAGE_ZERO;
		same += page_out(e) && page_state(e) == PAGE_SAME;
	}
	stats_figure(FIGURE_PAGES_ZERO, -(s64)zero);
	stats_figure(FIGURE_PAGES_SAME, -(s64)same);
}

bool drop_begin(struct section *s)
{
	if (section_word(s) & SECTION_TABLE && !drop_stored(s))
		return false;
	section_seal(s);
	arch_unmap(section_ipa(s));
	if (section_word(s) & SECTION_TABLE)
		drop_entries(s);
	return true;
}

void drop_end(struct section *s, u64 become)
{
	u64 word = section_word(s);

	if (word & SECTION_ABSENT)
		stats_figure(FIGURE_SECTIONS_ABSENT, -1);
	else if (section_frame(word) == FRAME_NONE)
		stats_figure(FIGURE_SECTIONS_OUT, -1);
	if (word & SECTION_TABLE)
		section_table_free(s);
	if (word & SECTION_MOVING)
		section_put_frame(s, s->target);
	if (section_frame(word) != FRAME_NONE)
		section_put_frame(s, section_frame(word));
	section_become(s, become);
}

/* Owned, and if the result is 0 sealed, else no more. */
static s64 drop_own(struct section *s)
{
	s64 result = -TAIJI_EINVAL;
	u64 word;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	word = section_word(s);
	if (word & SECTION_SWAPPABLE && word & SECTION_OURS) {
		result = -TAIJI_EADDRINUSE;
		if (pin_take_away(s))
			result = drop_begin(s) ? 0 : -TAIJI_EAGAIN;
	}
	if (result)
		section_disown(s);
	return result;
}

s64 drop_sections(struct section *first, u32 n)
{
	const u64 kept = SECTION_SWAPPABLE | SECTION_RAM | SECTION_GROWN;
	struct batch b = { .first = first };
	struct section *s;
	s64 result = 0;

	BUILD_BUG_ON(DROP_BATCH > BATCH_MAX);
	while ((s = batch_next(&b, n))) {
		bool absent = section_word(s) & SECTION_ABSENT;

		result = absent ? 0 : drop_own(s);
		if (result)
			break;
		batch_add(&b, !absent);
		if (cpu_irq_pending())
			break;
	}
	batch_flush(&b);
	while ((s = batch_take(&b))) {
		stats_figure(FIGURE_SECTIONS_ABSENT, 1);
		drop_end(s, (section_word(s) & kept) | SECTION_ABSENT | FRAME_NONE);
	}
	return b.dealt ? b.dealt : result;
}

s64 drop_page(struct section *s, ipa_t page)
{
	u32 i = page.val >> TAIJI_PAGE_SHIFT & (TAIJI_SECTION_PAGES - 1);
	s64 result = 1;
	u64 *entry;
	u64 word, e;

	if (!section_enter(s, &word))
		return word & SECTION_ABSENT ? 0 : -TAIJI_EBUSY;
	if (word & SECTION_TABLE) {
		entry = &section_table(s)[i];
		e = page_load(entry);
		if (page_busy(e)) {
			result = -TAIJI_EBUSY;
		} else if (page_out(e) && page_change(entry, &e, page_entry(PAGE_BUSY))) {
			drop_out(s, i, entry, e);
			result = 0;
		}
	}
	section_leave(s, 0);
	return result;
}

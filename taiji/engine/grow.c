// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory beyond the RAM, and which sections may be swapped at all.
 */
#include "check.h"
#include "grow.h"
#include "page.h"
#include "pin.h"
#include "stats.h"
#include "swap_in.h"

s64 grow_sections(struct section *s, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (section_word(&s[i]) & (SECTION_RAM | SECTION_GROWN | SECTION_OWNED))
			return -TAIJI_EINVAL;
		/* It has no home: whatever devices do there is bounced. */
		if (!pin_take_away(&s[i]))
			return -TAIJI_EADDRINUSE;
	}
	for (u32 i = 0; i < n; i++) {
		u64 word = section_word(&s[i]);

		/* The machine has had it mapped 1:1, onto nothing. */
		arch_unmap(section_ipa(&s[i]));
		arch_flush(section_ipa(&s[i]));
		while (!section_change(&s[i], &word, SECTION_GROWN | SECTION_SWAPPABLE |
				       SECTION_ABSENT | FRAME_NONE))
			;
	}
	stats_figure(FIGURE_SECTIONS_ABSENT, n);
	return 0;
}

static void shrink_table(struct section *s, u64 word)
{
	u64 *table = section_table(s);

	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		u64 e = page_load(&table[i]);

		DEBUG_ENSURE(!page_busy(e));
		if (page_out(e))
			swap_in_forget(e);
	}
	section_table_free(s);
	if (word & SECTION_MOVING)
		section_put_frame(s, s->target);
}

/* Owned. Its content is nobody's any more: mapping, table, store and frame go. */
static void shrink_content(struct section *s)
{
	u64 word;

	section_seal(s);
	arch_unmap(section_ipa(s));
	arch_flush(section_ipa(s));
	word = section_word(s);
	if (word & SECTION_ABSENT)
		stats_figure(FIGURE_SECTIONS_ABSENT, -1);
	else if (section_frame(word) == FRAME_NONE)
		stats_figure(FIGURE_SECTIONS_OUT, -1);
	if (word & SECTION_TABLE)
		shrink_table(s, word);
	if (section_frame(word) != FRAME_NONE)
		section_put_frame(s, section_frame(word));
}

/* Owned. A hole that nothing is mapped in remains. */
static void shrink_section(struct section *s)
{
	u64 word;

	shrink_content(s);
	word = section_word(s);
	while (!section_change(s, &word, FRAME_NONE))
		;
}

s64 grow_drop(struct section *s)
{
	const u64 keep = SECTION_SWAPPABLE | SECTION_RAM | SECTION_GROWN;
	u64 word;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	word = section_word(s);
	if (!(word & SECTION_SWAPPABLE) || !(word & SECTION_OURS)) {
		section_disown(s);
		return -TAIJI_EINVAL;
	}
	if (word & SECTION_ABSENT) {
		section_disown(s);
		return 0;
	}
	if (!pin_take_away(s)) {
		section_disown(s);
		return -TAIJI_EADDRINUSE;
	}
	shrink_content(s);
	stats_figure(FIGURE_SECTIONS_ABSENT, 1);
	word = section_word(s);
	while (!section_change(s, &word, (word & keep) | SECTION_ABSENT | FRAME_NONE))
		;
	return 0;
}

s64 grow_shrink(struct section *s, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (section_word(&s[i]) & SECTION_RAM)
			return -TAIJI_EINVAL;
	}
	/*
	 * After -EBUSY the base calls again with the same sections: those that have gone already
	 * are passed over.
	 */
	for (u32 i = 0; i < n; i++) {
		if (!(section_word(&s[i]) & SECTION_GROWN))
			continue;
		if (!section_own(&s[i]))
			return -TAIJI_EBUSY;
		shrink_section(&s[i]);
	}
	return 0;
}

static bool allow_section(struct section *s, bool allow)
{
	u64 word = section_word(s);
	u64 new;

	do {
		/*
		 * Invariant 3: what is not swappable is at home, whole, and nobody is about to
		 * change that.
		 */
		if (!allow && (word & SECTION_OWNED || !section_is_home_block(s, word)))
			return false;
		new = allow ? word | SECTION_SWAPPABLE : word & ~SECTION_SWAPPABLE;
	} while (!section_change(s, &word, new));
	return true;
}

s64 grow_allow(struct section *s, u32 n, bool allow)
{
	for (u32 i = 0; i < n; i++) {
		if (!(section_word(&s[i]) & SECTION_OURS))
			return -TAIJI_EINVAL;
	}
	for (u32 i = 0; i < n; i++) {
		if (allow_section(&s[i], allow))
			continue;
		while (i--)
			allow_section(&s[i], true);
		return -TAIJI_EBUSY;
	}
	return 0;
}

/* It was out, and is BUSY: ours. */
static void discard_page(struct section *s, u32 i, u64 *entry, u64 e)
{
	swap_in_forget(e);
	stats_figure(FIGURE_PAGES_ZERO, 1);
#ifdef TAIJI_DEBUG
	/* The sum of zeros. */
	arena->sums[section_index(s) * TAIJI_SECTION_PAGES + i] = 0;
#else
	(void)s;
	(void)i;
#endif
	page_store(entry, page_entry_out(PAGE_ZERO, 0, TAIJI_PAGE_SIZE));
}

s64 grow_discard(struct section *s, ipa_t page)
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
			discard_page(s, i, entry, e);
			result = 0;
		}
	}
	section_leave(s, 0);
	return result;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 6: the arena and the images of engines are in memory that the host has given up, and
 * that keeps what is in it. A host that touches it all the same gets an external abort.
 */
#include "arch.h"
#include "hide.h"

/* Neither mapped nor free, and never anybody's. */
#define HIDDEN	(SECTION_RAM | (u64)FRAME_NONE)

static s64 hide_section(struct section *s)
{
	u64 word;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	word = section_word(s);
	if (!section_is_home_block(s, word) || word & SECTION_SWAPPABLE) {
		section_disown(s);
		return -TAIJI_EINVAL;
	}
	section_seal(s);
	arch_unmap(section_ipa(s));
	arch_flush(section_ipa(s));
	frame_set_owner(section_index(s), FRAME_FOREIGN);
	word = section_word(s);
	while (!section_change(s, &word, HIDDEN))
		;
	return 0;
}

static bool hide_is_hidden(const struct section *s)
{
	u64 at = section_ipa(s).val;

	return section_word(s) == HIDDEN && frame_owner(section_index(s)) == FRAME_FOREIGN &&
	       (at < arena->start || at >= arena->start + arena->size);
}

s64 hide_show(struct section *s, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (!hide_is_hidden(&s[i]))
			return -TAIJI_EINVAL;
	}
	for (u32 i = 0; i < n; i++) {
		u64 word = HIDDEN;
		u32 home = section_index(&s[i]);

		frame_set_owner(home, home);
		arch_map_block(section_ipa(&s[i]), frame_pa(home));
		arch_publish();
		section_change(&s[i], &word, SECTION_RAM | SECTION_BLOCK | home |
			       TAIJI_SECTION_PAGES * SECTION_RESIDENT);
	}
	return 0;
}

s64 hide_sections(struct section *s, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		s64 result = hide_section(&s[i]);

		if (!result)
			continue;
		hide_show(s, i);
		return result;
	}
	return 0;
}

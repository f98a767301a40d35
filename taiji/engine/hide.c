// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 6: the arena and the images of engines are in memory that the host has given up, and
 * that keeps what is in it. A host that touches it all the same gets an external abort.
 */
#include "arch.h"
#include "cpu.h"
#include "hide.h"

s64 hide_section(struct section *s)
{
	u64 word;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	word = section_word(s);
	if (!section_is_home_block(s, word) || word & (SECTION_SWAPPABLE | SECTION_KEPT)) {
		section_disown(s);
		return -TAIJI_EINVAL;
	}
	section_seal(s);
	arch_unmap(section_ipa(s));
	cpu_flush(s, 1);
	frame_set_owner(section_index(s), FRAME_FOREIGN);
	section_become(s, SECTION_HIDDEN);
	return 0;
}

s64 hide_show(struct section *s)
{
	u32 home = section_index(s);

	if (!section_own(s))
		return -TAIJI_EBUSY;
	if (section_word(s) != (SECTION_HIDDEN | SECTION_OWNED) ||
	    arena_holds(section_ipa(s).val)) {
		section_disown(s);
		return -TAIJI_EINVAL;
	}
	frame_set_owner(home, home);
	arch_map_block(section_ipa(s), frame_pa(home));
	arch_publish();
	section_seal(s);
	section_become(s, SECTION_RAM | SECTION_BLOCK | home |
		       TAIJI_SECTION_PAGES * SECTION_RESIDENT);
	return 0;
}

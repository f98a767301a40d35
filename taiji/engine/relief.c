// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who swaps out for everybody are threads of the host. But the host touches memory with interrupts
 * masked as well, to copy into a bounce buffer for example, and when every CPU waits for a frame
 * there, none of those threads ever runs again. So nobody waits idly: each fault that finds no
 * frame takes out a part of some section, and the last FRAME_KEPT are for that (frame.h).
 *
 * The victim is the first of the next RELIEF_LOOK of a clock that was not touched since the clock
 * came by, or else the first that may go at all. One that does not pack makes no frame: after it
 * come others.
 */
#include "age.h"
#include "cpu.h"
#include "relief.h"
#include "stats.h"
#include "store.h"
#include "swap_out.h"

#define RELIEF_LOOK	16	/* sections in one fault, as interrupts wait */

static bool relief_is_candidate(u64 word)
{
	return word & SECTION_SWAPPABLE && word & SECTION_MAPPED && !(word & SECTION_OWNED) &&
	       section_frame(word) != FRAME_NONE;
}

static u32 relief_choose(void)
{
	u32 fallback = FRAME_NONE;

	for (u32 k = 0; k < RELIEF_LOOK; k++) {
		u32 i = __atomic_fetch_add(&arena->relief_hand, 1, __ATOMIC_RELAXED) %
			arena->nr_sections;
		struct section *s = section_nth(i);

		if (!relief_is_candidate(section_word(s)))
			continue;
		if ((age_sections(s, 1) & 3) == TAIJI_AGE_OLD)
			return section_index(s);
		if (fallback == FRAME_NONE)
			fallback = section_index(s);
	}
	return fallback;
}

void relief_step(void)
{
	struct cpu *cpu = this_cpu();
	u64 before = cpu->stats->swap_out;
	struct section *s;
	s64 reached;

	if (cpu->victim == FRAME_NONE) {
		cpu->victim = relief_choose();
		cpu->victim_page = 0;
	}
	if (cpu->victim == FRAME_NONE)
		return;
	s = section_of(cpu->victim);
	reached = -TAIJI_EBUSY;
	if (section_own(s)) {
		reached = swap_out_section(s, cpu->victim_page, TAIJI_SECTION_PAGES);
		section_disown(s);
	}
	store_end_relief();
	stats_add(&cpu->stats->relieved, cpu->stats->swap_out - before);
	if (reached < 0 || reached == TAIJI_SECTION_PAGES)
		cpu->victim = FRAME_NONE;
	else
		cpu->victim_page = reached;
}

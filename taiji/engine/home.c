// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections go home, and get out of each other's way. Two sections may be owned at once, but nobody
 * waits for the second.
 *
 * A home that the store is in cannot be had until the store has left it: when everything is in,
 * that is when every section is a block. So the base goes round IN and HOME again while there is
 * one that is busy.
 */
#include "arch.h"
#include "block.h"
#include "home.h"
#include "move.h"
#include "pin.h"
#include "stats.h"

static s64 home_leave(struct section *s, u32 frame)
{
	u64 word = section_word(s);
	u32 target;

	if (word & SECTION_MOVING && !move_run(s))
		return -TAIJI_EAGAIN;
	if (section_frame(section_word(s)) != frame)
		return 0;
	target = frame_take(section_index(s), 0);
	if (target == FRAME_NONE)
		return -TAIJI_ENOMEM;
	if (!move_begin(s, target)) {
		frame_put(target);
		return -TAIJI_ENOMEM;
	}
	if (!move_run(s))
		return -TAIJI_EAGAIN;
	/* Its table would keep a frame of the store in use, and that may be somebody's home. */
	block_collapse(s);
	return 0;
}

/*
 * Whoever is in a frame goes elsewhere. It is not there at home, or the owner of that home would
 * be us, so it may move.
 */
static s64 home_vacate(u32 frame)
{
	u32 owner = frame_owner(frame);
	struct section *s;
	s64 result;

	if (owner == FRAME_FREE)
		return 0;
	if (!frame_owner_is_section(owner))
		return -TAIJI_EBUSY;
	s = section_of(owner);
	if (!section_own(s))
		return -TAIJI_EBUSY;
	result = home_leave(s, frame);
	section_disown(s);
	return result;
}

s64 home_claim(struct section *s)
{
	u32 home = section_index(s);
	s64 result;

	if (frame_claim(home, home, 0))
		return 0;
	result = home_vacate(home);
	if (result)
		return result;
	return frame_claim(home, home, 0) ? 0 : -TAIJI_EAGAIN;
}

/* 0 when it is at home, in whatever shape. */
static s64 home_move(struct section *s)
{
	u64 word = section_word(s);
	s64 result;

	if (word & SECTION_MOVING && !move_run(s))
		return -TAIJI_EAGAIN;
	if (section_at_home(s, section_word(s)))
		return 0;
	/* Its own table could be what is in the way. */
	if (section_word(s) & SECTION_TABLE && !block_collapse(s))
		return -TAIJI_EAGAIN;
	result = home_claim(s);
	if (result)
		return result;
	if (!move_begin(s, section_index(s))) {
		frame_put(section_index(s));
		return -TAIJI_ENOMEM;
	}
	return move_run(s) ? 0 : -TAIJI_EAGAIN;
}

/* There is nothing to move: its home frame, whatever is in it. */
static s64 home_appear(struct section *s)
{
	s64 result = home_claim(s);
	u64 word;

	if (result)
		return result;
	section_seal(s);
	word = section_word(s);
	while (!section_change(s, &word, section_with_frame(word, section_index(s)) |
			       TAIJI_SECTION_PAGES * SECTION_RESIDENT))
		;
	arch_map_block(section_ipa(s), frame_pa(section_index(s)));
	arch_publish();
	section_set_sealed(s, SECTION_BLOCK, SECTION_ABSENT);
	pin_put_back(s);
	stats_figure(FIGURE_SECTIONS_ABSENT, -1);
	return 0;
}

s64 home_section(struct section *s, u32 from)
{
	u64 word = section_word(s);
	s64 result;

	if (!(word & SECTION_RAM) || !(word & SECTION_OURS))
		return -TAIJI_EINVAL;
	if (word & SECTION_ABSENT) {
		result = home_appear(s);
		if (result == -TAIJI_EAGAIN)
			return from;
		return result ? result : TAIJI_SECTION_PAGES;
	}
	if (section_resident(word) != TAIJI_SECTION_PAGES)
		return -TAIJI_EBUSY;
	result = home_move(s);
	if (result == -TAIJI_EAGAIN)
		return from;
	if (result)
		return result;
	if (section_word(s) & SECTION_BLOCK || block_collapse(s))
		return TAIJI_SECTION_PAGES;
	return from;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory beyond the RAM.
 */
#include "arch.h"
#include "drop.h"
#include "grow.h"
#include "pin.h"
#include "stats.h"

/* What START has found nothing at, and SHRINK leaves. */
#define HOLE	((u64)FRAME_NONE)

static s64 grow_own(struct section *s)
{
	s64 result = 0;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	if (section_word(s) != (HOLE | SECTION_OWNED))
		result = -TAIJI_EINVAL;
	/* It has no home: whatever devices do there is bounced. */
	else if (!pin_take_away(s))
		result = -TAIJI_EADDRINUSE;
	if (result)
		section_disown(s);
	return result;
}

s64 grow_sections(struct section *s, u32 n)
{
	s64 result = 0;
	u32 owned = 0;

	while (!result && owned < n) {
		result = grow_own(section_after(s, owned));
		owned += !result;
	}
	if (!owned)
		return result;

	/* The machine has had them mapped 1:1, onto nothing. */
	for (u32 i = 0; i < owned; i++)
		arch_unmap(section_ipa(section_after(s, i)));
	arch_flush_sections(section_ipa(s), owned);
	for (u32 i = 0; i < owned; i++) {
		struct section *at = section_after(s, i);

		section_seal(at);
		section_become(at, SECTION_GROWN | SECTION_SWAPPABLE | SECTION_ABSENT |
			       FRAME_NONE);
	}
	stats_figure(FIGURE_SECTIONS_ABSENT, owned);
	return owned;
}

s64 grow_shrink(struct section *s)
{
	u64 word = section_word(s);

	if (word & SECTION_RAM)
		return -TAIJI_EINVAL;
	/* After an interrupt or -EBUSY the base may call again with sections that have gone. */
	if (word == HOLE)
		return 0;
	if (!section_own(s))
		return -TAIJI_EBUSY;
	if (section_word(s) & SECTION_GROWN && drop_content(s)) {
		section_become(s, HOLE);
		return 0;
	}
	word = section_word(s);
	section_disown(s);
	return word & SECTION_GROWN ? -TAIJI_EAGAIN : 0;
}

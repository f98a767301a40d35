// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which sections may be swapped at all.
 */
#include "allow.h"

/* Owned. */
static s64 allow_owned(struct section *s, bool allow)
{
	u64 word = section_word(s);

	if (!(word & SECTION_OURS) || (allow && word & SECTION_KEPT))
		return -TAIJI_EINVAL;
	/* Invariant 3: what is not swappable is at home, whole. */
	if (!allow && !section_is_home_block(s, word))
		return -TAIJI_EBUSY;
	while (!section_change(s, &word, allow ? word | SECTION_SWAPPABLE :
			       word & ~SECTION_SWAPPABLE))
		;
	return 0;
}

s64 allow_section(struct section *s, bool allow)
{
	s64 result;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	result = allow_owned(s, allow);
	section_disown(s);
	return result;
}

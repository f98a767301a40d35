// SPDX-License-Identifier: GPL-2.0-only
#include "pin.h"

bool pin_take_away(struct section *s)
{
	s32 old = 0;

	if (!arena->units)
		return true;
	return __atomic_compare_exchange_n(&arena->units[section_index(s)], &old, PIN_AWAY, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) || old < 0;
}

bool pin_is_away(const struct section *s)
{
	return !arena->units ||
	       __atomic_load_n(&arena->units[section_index(s)], __ATOMIC_RELAXED) < 0;
}

void pin_put_back(struct section *s)
{
	if (arena->units && section_is_home_block(s, section_word(s)))
		__atomic_store_n(&arena->units[section_index(s)], 0, __ATOMIC_RELEASE);
}

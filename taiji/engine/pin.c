// SPDX-License-Identifier: GPL-2.0-only
#include "pin.h"

/* They are of sections from arena->low on. */
static s32 *pin_unit(const struct section *s)
{
	return &arena->units[(section_ipa(s).val - arena->low) >> TAIJI_SECTION_SHIFT];
}

bool pin_take_away(struct section *s)
{
	s32 old = 0;

	if (!arena->units)
		return true;
	return __atomic_compare_exchange_n(pin_unit(s), &old, PIN_AWAY, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) || old < 0;
}

bool pin_is_away(const struct section *s)
{
	return !arena->units ||
	       __atomic_load_n(pin_unit(s), __ATOMIC_RELAXED) < 0;
}

void pin_put_back(struct section *s)
{
	if (arena->units && section_is_home_block(s, section_word(s)))
		__atomic_store_n(pin_unit(s), 0, __ATOMIC_RELEASE);
}

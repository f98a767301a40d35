// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory beyond the RAM.
 */
#include "arch.h"
#include "cpu.h"
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
	cpu_flush(s, owned);
	for (u32 i = 0; i < owned; i++) {
		struct section *at = section_after(s, i);

		section_seal(at);
		section_become(at, SECTION_GROWN | SECTION_SWAPPABLE | SECTION_ABSENT |
			       FRAME_NONE);
	}
	stats_figure(FIGURE_SECTIONS_ABSENT, owned);
	return owned;
}

/* Owned and sealed if the result is 0. */
static s64 shrink_own(struct section *s)
{
	s64 result;

	if (section_word(s) & SECTION_RAM)
		return -TAIJI_EINVAL;
	if (!section_own(s))
		return -TAIJI_EBUSY;
	if (!(section_word(s) & SECTION_GROWN))
		result = -TAIJI_EBUSY;
	else
		result = drop_begin(s) ? 0 : -TAIJI_EAGAIN;
	if (result)
		section_disown(s);
	return result;
}

s64 grow_shrink(struct section *s, u32 n)
{
	s64 result = 0;
	u64 begun = 0;
	u32 dealt = 0;

	BUILD_BUG_ON(GROW_BATCH > 64);
	while (dealt < n) {
		struct section *at = section_after(s, dealt);

		/* After an interrupt or -EBUSY there may be some that have gone. */
		if (section_word(at) != HOLE) {
			result = shrink_own(at);
			if (result)
				break;
			begun |= BIT_ULL(dealt);
		}
		dealt++;
		if (cpu_irq_pending())
			break;
	}
	if (begun)
		cpu_flush(s, dealt);
	for (u32 i = 0; i < dealt; i++) {
		if (begun & BIT_ULL(i))
			drop_end(section_after(s, i), HOLE);
	}
	return dealt ? dealt : result;
}

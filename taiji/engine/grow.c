// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory beyond the RAM.
 */
#include "arch.h"
#include "batch.h"
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

s64 grow_sections(struct section *first, u32 n)
{
	struct batch b = { .first = first };
	struct section *s;
	s64 result = 0;

	BUILD_BUG_ON(GROW_BATCH > BATCH_MAX);
	while ((s = batch_next(&b, n))) {
		result = grow_own(s);
		if (result)
			break;
		/* The machine has had it mapped 1:1, onto nothing. */
		arch_unmap(section_ipa(s));
		batch_add(&b, true);
	}
	batch_flush(&b);
	while ((s = batch_take(&b))) {
		section_seal(s);
		section_become(s, SECTION_GROWN | SECTION_SWAPPABLE | SECTION_ABSENT | FRAME_NONE);
	}
	stats_figure(FIGURE_SECTIONS_ABSENT, b.dealt);
	return b.dealt ? b.dealt : result;
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

s64 grow_shrink(struct section *first, u32 n)
{
	struct batch b = { .first = first };
	struct section *s;
	s64 result = 0;

	while ((s = batch_next(&b, n))) {
		/* After an interrupt or -EBUSY there may be some that have gone. */
		bool gone = section_word(s) == HOLE;

		result = gone ? 0 : shrink_own(s);
		if (result)
			break;
		batch_add(&b, !gone);
		if (cpu_irq_pending())
			break;
	}
	batch_flush(&b);
	while ((s = batch_take(&b)))
		drop_end(s, HOLE);
	return b.dealt ? b.dealt : result;
}

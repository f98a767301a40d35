// SPDX-License-Identifier: GPL-2.0-only
/*
 * STOP looks at every section, and other CPUs may change one behind its back. Whoever takes a
 * section away from its home owns it first, and section_own() counts: as long as nobody has owned
 * one since STOP began, what it has seen still holds. Then @stopping lets nobody own one any more;
 * it counts once more, and is done, or undoes it and begins again.
 *
 * CPUs are still below the stage 2, and those without a hardware access flag fault for want of it.
 * They are served until FORGET.
 */
#include "cpu.h"
#include "section.h"
#include "stop.h"

#define STOP_LOOK	64	/* sections between two looks at the interrupts */

/* What the machine would have without us, or what is hidden. */
static s64 stop_look(const struct section *s)
{
	u64 word = section_word(s);

	/* Another call is at it. */
	if (word & SECTION_OWNED)
		return -TAIJI_EAGAIN;
	if (word & (SECTION_GROWN | SECTION_DONATED))
		return -TAIJI_EBUSY;
	return !(word & SECTION_OURS) || section_is_home_block(s, word) ? 0 : -TAIJI_EBUSY;
}

static u64 stop_count_owned(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < arena->nr_cpus; i++)
		sum += __atomic_load_n(&cpu_at(i)->owned, __ATOMIC_SEQ_CST);
	return sum;
}

/* From where it stopped; 0 when all are where they should be. */
static s64 stop_scan(void)
{
	while (arena->stop_at < arena->nr_sections) {
		s64 result = stop_look(section_nth(arena->stop_at));

		if (result) {
			arena->stop_at = 0;
			return result;
		}
		if (!(++arena->stop_at % STOP_LOOK) && cpu_irq_pending())
			return -TAIJI_EAGAIN;
	}
	return 0;
}

static s64 stop_finish(void)
{
	arena->stop_at = 0;
	if (__atomic_load_n(&arena->store_frames, __ATOMIC_RELAXED))
		return -TAIJI_EBUSY;
	__atomic_store_n(&arena->stopping, 1, __ATOMIC_SEQ_CST);
	if (stop_count_owned() == arena->stop_owned) {
		arena->stopped = 1;
		return 0;
	}
	__atomic_store_n(&arena->stopping, 0, __ATOMIC_SEQ_CST);
	return -TAIJI_EAGAIN;
}

static s64 stop_claimed(void)
{
	u64 owned = stop_count_owned();
	s64 result;

	if (arena->stopped)
		return 0;
	if (owned != arena->stop_owned)
		arena->stop_at = 0;
	arena->stop_owned = owned;
	result = stop_scan();
	return result ? result : stop_finish();
}

s64 stop_stop(void)
{
	s64 result;

	if (__atomic_exchange_n(&arena->stop_busy, 1, __ATOMIC_ACQUIRE))
		return -TAIJI_EAGAIN;
	result = stop_claimed();
	__atomic_store_n(&arena->stop_busy, 0, __ATOMIC_RELEASE);
	return result;
}

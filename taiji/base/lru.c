// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a section has not been touched, in levels.
 *
 * A scan reads and clears the access flags of all sections every @scan_ms. What
 * was touched since the last one is 0 scans old, else it is one scan older; the
 * level is the binary order of that: 0 for touched lately, 1 for 1 scan, 2 for 2
 * and 3, 3 for 4 to 7, up to 8.
 *
 * What does not pack is left alone for some scans: its content may be another by
 * then.
 *
 * Three bytes a section; who reads one may see the one before.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define IDLE_MAX	254
#define NO_FRAME	255
#define ALONE_SCANS	60

static u8 *idle;
static u8 *alone;	/* scans that it is still to be left alone for */
static u8 *partial;	/* in, but not all of it */

int taiji_lru_start(void)
{
	BUILD_BUG_ON(const_ilog2(IDLE_MAX) + 2 != TAIJI_LRU_LEVELS);
	idle = kvzalloc(3 * taiji_nr_sections(), GFP_KERNEL);
	alone = idle + taiji_nr_sections();
	partial = alone + taiji_nr_sections();
	return idle ? 0 : -ENOMEM;
}

void taiji_lru_stop(void)
{
	kvfree(idle);
	idle = NULL;
}

static void note(unsigned long index, enum taiji_age age, bool scan)
{
	u8 old = READ_ONCE(idle[index]);

	switch (age) {
	case TAIJI_AGE_NONE:
		WRITE_ONCE(idle[index], NO_FRAME);
		WRITE_ONCE(alone[index], 0);
		break;
	case TAIJI_AGE_YOUNG:
		WRITE_ONCE(idle[index], 0);
		break;
	case TAIJI_AGE_OLD:
		/* It had no frame when we looked last, so it came in. */
		if (old == NO_FRAME)
			WRITE_ONCE(idle[index], 0);
		else if (scan && old < IDLE_MAX)
			WRITE_ONCE(idle[index], old + 1);
		break;
	default:
		break;
	}
}

/* Of up to TAIJI_AGE_SECTIONS. Where nothing is swappable nobody needs to know. */
static void look(unsigned long first, unsigned long end, bool scan)
{
	unsigned long nr, i;
	u64 ages;

	first = find_next_bit(taiji.swappable, end, first);
	if (first >= end)
		return;

	nr = find_last_bit(taiji.swappable, end) + 1 - first;
	ages = kvm_payload_call(TAIJI_CALL_AGE, taiji_ipa(first), nr, 0);
	for (i = 0; i < nr; i++) {
		note(first + i, taiji_age(ages, i), scan);
		WRITE_ONCE(partial[first + i], taiji_age_is_partial(ages, i));
	}
}

/**
 * taiji_lru_look - see what was touched since somebody looked
 * @first:	index of the first section
 * @nr:		how many
 * @scan:	what was not touched grows older
 *
 * Context: taiji_gate held, system switched.
 */
void taiji_lru_look(unsigned long first, unsigned long nr, bool scan)
{
	unsigned long end = first + nr, to;

	for (; first < end; first = to) {
		to = min(first + TAIJI_AGE_SECTIONS, end);
		look(first, to, scan);
	}
}

/* Look at all of them: one scan. Returns whether there is one to be filled up. */
bool taiji_lru_scan(void)
{
	unsigned long at, nr, i;
	bool found = false;

	guard(rwsem_read)(&taiji_gate);

	for (at = 0; at < taiji_nr_sections(); at += nr) {
		nr = min(TAIJI_AGE_SECTIONS, taiji_nr_sections() - at);
		taiji_lru_look(at, nr, true);
		for (i = at; i < at + nr; i++) {
			if (alone[i])
				WRITE_ONCE(alone[i], alone[i] - 1);
			found |= taiji_lru_is_half_in(i);
		}
		cond_resched();
	}
	return found;
}

/* In use, and not all of it is in, though it has a frame. */
bool taiji_lru_is_half_in(unsigned long index)
{
	return READ_ONCE(partial[index]) && !READ_ONCE(idle[index]) &&
	       test_bit(index, taiji.swappable);
}

/**
 * taiji_lru_level - how long a section has not been touched
 * @index:	of the section
 *
 * Return: 0 to TAIJI_LRU_LEVELS - 1, or -ENOENT when it has no frame.
 */
int taiji_lru_level(unsigned long index)
{
	u8 scans = READ_ONCE(idle[index]);

	return scans == NO_FRAME ? -ENOENT : fls(scans);
}

/* It does not pack. */
void taiji_lru_leave_alone(unsigned long index)
{
	WRITE_ONCE(alone[index], ALONE_SCANS);
}

bool taiji_lru_is_left_alone(unsigned long index)
{
	return READ_ONCE(alone[index]);
}

/* How many sections there are of each level. Context: taiji_gate held. */
void taiji_lru_count(unsigned long *levels)
{
	unsigned long i;
	int level;

	memset(levels, 0, TAIJI_LRU_LEVELS * sizeof(*levels));
	for_each_set_bit(i, taiji.swappable, taiji_nr_sections()) {
		level = taiji_lru_level(i);
		if (level >= 0)
			levels[level]++;
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a base and of a host that every test of the engine needs.
 *
 *	from section 0 on	the host's own: START's arguments, the shared figures, what
 *				devices use
 *	arena			as many pieces as it takes, each @stride after the one before
 *	donated			@donated
 *	user			the rest of the RAM, swappable
 *	grown			@grown, after the RAM
 */
#ifndef UNIT_ENGINE_HOST_H
#define UNIT_ENGINE_HOST_H

#include <linux/taiji_call.h>
#include "arch.h"
#include "machine.h"

struct host {
	unsigned int cpus;
	unsigned int ram;
	unsigned int donated;
	unsigned int grown;
	/* may be left out: */
	unsigned int stride;
	unsigned int ipa_bits;
	const struct taiji_range *ranges;
	unsigned int nr_ranges;
	/* set by host_boot(): */
	unsigned int first_piece;
	unsigned int first_donated;
	unsigned int first_user;
	unsigned int first_grown;
	unsigned int end;
	struct taiji_start *args;
	struct taiji_shared *shared;
	u64 *pieces;
	s32 *units;
};

extern struct host host;

/* What a micro-page can hold: one for each way of keeping it. */
enum content { ZERO, SAME, TEXT, NOISE, NR_CONTENTS };

static inline u64 section_addr(unsigned int section)
{
	return FAKE_RAM_START + section * TAIJI_SECTION_SIZE;
}

static inline u64 page_addr(unsigned int section, unsigned int page)
{
	return section_addr(section) + page * TAIJI_PAGE_SIZE;
}

/*
 * A machine with START's arguments in place. @ranges, of which the last ends with section @ram,
 * leave holes; all that the host and the engine have of their own is in the first.
 */
void host_boot(void);
/* START, donate, allow, grow. */
void host_begin(void);
/* Boot, and that. */
void host_start(unsigned int cpus, unsigned int ram, unsigned int donated, unsigned int grown);
/*
 * IN and HOME for all, in rounds: a section's home may be in use by the store as long as another
 * one has a table.
 */
bool host_all_home(void);
/* SHRINK, IN, HOME, RECLAIM, STOP, as a base does it; false when one of them refuses. */
bool host_stop(void);

s64 call(u64 nr, u64 a, u64 b, u64 c);
/* START, RECLAIM or STOP, until no interrupt comes first. */
s64 call_again(u64 nr, u64 a);
/* A call for @n sections until all are dealt with: 0, or why one cannot be. */
s64 call_range(u64 nr, unsigned int first, unsigned int n, u64 flag);
/* OUT, IN or HOME until it is done or refused, from 0 on. */
s64 call_whole(u64 nr, unsigned int section);

/* Word @i of a page of this content; @seed makes pages differ. */
u64 content_word(enum content content, u64 seed, unsigned int i);
void content_write(u64 page, enum content content, u64 seed);
bool content_check(u64 page, enum content content, u64 seed);

/* The sum of one counter over all CPUs. */
#define host_count(counter) ({ \
	const struct taiji_cpu_stats *__stats = (const void *)(host.shared + 1); \
	u64 __sum = 0; \
	for (unsigned int __i = 0; __i < host.cpus; __i++) \
		__sum += __atomic_load_n(&__stats[__i].counter, __ATOMIC_RELAXED); \
	__sum; \
})

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the processes of torture_test share. */
#ifndef SELFTESTS_TAIJI_TORTURE_H
#define SELFTESTS_TAIJI_TORTURE_H

#include <stdatomic.h>

#include "taiji_test.h"

/* Kinds of memory, as the kernel tells them apart in /proc/kpageflags. */
enum torture_kind { KIND_ANON, KIND_THP, KIND_HUGETLB, KIND_TMPFS, KIND_CACHE, NR_KINDS };

#define MAX_WORKS	16
#define TORTURE_SIZE	(8 * SECTION)		/* what a process fills at a time, */
#define TORTURE_HUGE	(3 * TORTURE_SIZE / SECTION)	/* and huge pages for two, and to move to */

/**
 * struct torture - shared by all
 * @stop:	come to an end
 * @rounds:	how often each of those who work came to an end of what it does
 * @out:	sections that went out when their process sent them
 * @most:	bytes that Linux had in use when it was filled
 */
struct torture {
	atomic_bool stop;
	atomic_ulong rounds[MAX_WORKS];
	atomic_ulong out[NR_KINDS];
	atomic_ulong most;
};

extern struct torture *torture;

/* One round of each returns 0, or 1 when memory is not what it was. */
int torture_memory(enum torture_kind kind, uint64_t salt);
int torture_beyond_ram(uint64_t salt);

#endif

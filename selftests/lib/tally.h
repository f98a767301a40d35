/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test and its children have done so far. It says so at its end, and earlier
 * when it takes long; scripts/soak adds these lines up:
 *
 *	# tally bytes N operations N mismatches N
 */
#ifndef SELFTESTS_LIB_TALLY_H
#define SELFTESTS_LIB_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/**
 * struct tally - shared by all processes of a test
 * @bytes:	that were looked at
 * @operations:	that were asked of the kernel
 * @mismatches:	bytes, words or pages that were not what they should be
 * @owner:	who says it at the end
 */
struct tally {
	atomic_ullong bytes;
	atomic_ullong operations;
	atomic_ullong mismatches;
	pid_t owner;
};

__attribute__((weak)) struct tally *tally;	/* one, however many files include this */

/* What came since the last time. */
static inline void tally_print(void)
{
	unsigned long long bytes = atomic_exchange(&tally->bytes, 0);
	unsigned long long operations = atomic_exchange(&tally->operations, 0);
	unsigned long long mismatches = atomic_exchange(&tally->mismatches, 0);

	if (bytes || operations || mismatches)
		printf("# tally bytes %llu operations %llu mismatches %llu\n", bytes,
		       operations, mismatches);
	fflush(stdout);
}

static inline bool tally_bytes(unsigned long long bytes, unsigned long long mismatches)
{
	tally->bytes += bytes;
	tally->mismatches += mismatches;
	return !mismatches;
}

static __attribute__((constructor)) void tally_begin(void)
{
	if (tally)
		return;
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		abort();
	tally->owner = getpid();
}

static __attribute__((destructor)) void tally_end(void)
{
	if (tally->owner == getpid())
		tally_print();
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmarks of vmem share: time, figures, and the end of patience. */
#ifndef SELFTESTS_VMEM_BENCH_H
#define SELFTESTS_VMEM_BENCH_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vmem_test.h"

static inline void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* In nanoseconds; under --icount, in instructions. */
static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* A peer of 0 means that there is none, a target of 0 likewise. */
static inline void figure(const char *id, uint64_t value, const char *unit,
			  uint64_t peer, uint64_t target)
{
	char peers[24] = "-", targets[24] = "-";

	if (peer)
		snprintf(peers, sizeof(peers), "%" PRIu64, peer);
	if (target)
		snprintf(targets, sizeof(targets), "%" PRIu64, target);
	printf("%s %" PRIu64 " %s %s %s %s\n", id, value, unit, peers, targets,
	       target && value > target ? "short" : "ok");
	fflush(stdout);
}

#endif /* SELFTESTS_VMEM_BENCH_H */

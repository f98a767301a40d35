/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times and how they are told. With scripts/vm --icount a nanosecond is an instruction; that does
 * not model misses of caches and TLBs.
 */
#ifndef SELFTESTS_TAIJI_BENCH_H
#define SELFTESTS_TAIJI_BENCH_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { P50, P90, P99, MAX, NR_RANKS };

static const char * const bench_ranks[NR_RANKS] = { "p50", "p90", "p99", "max" };

static double bench_clock;	/* what reading the clock costs */

static inline double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static inline int bench_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts. */
static inline void bench_rank(double *t, size_t n, double *ranks)
{
	qsort(t, n, sizeof(*t), bench_by_value);
	ranks[P50] = t[n / 2];
	ranks[P90] = t[n * 9 / 10];
	ranks[P99] = t[n * 99 / 100];
	ranks[MAX] = t[n - 1];
}

static inline void bench_calibrate(void)
{
	static double t[1024];
	double ranks[NR_RANKS];
	size_t i;

	for (i = 0; i < 1024; i++) {
		double begin = bench_now();

		t[i] = bench_now() - begin;
	}
	bench_rank(t, 1024, ranks);
	bench_clock = ranks[P50];
}

static inline void bench_check(const char *what, bool good)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* For scripts/bench to draw: how much of all takes how long at most. @t is sorted. */
static inline void bench_curve(const char *series, const double *t, size_t n)
{
	int i;

	for (i = 1; i <= 200; i++)
		printf("# curve %s %.0f %.4f\n", series, t[(n - 1) * i / 200], i / 200.0);
}

/* What has to be known beside the figures: scripts/bench shows it below them. */
#define bench_note(...)	(printf("# note "), printf(__VA_ARGS__), printf("\n"))

static inline void bench_number(double value)
{
	if (value < 0)
		printf(" -");
	else
		printf(" %.*f", value == (long long)value || value >= 1000 ? 0 : 3, value);
}

/* Small is good; a target or a peer below zero is none. */
static inline void bench_figure(const char *id, double value, const char *unit, double peer,
				double target)
{
	printf("%s", id);
	bench_number(value);
	printf(" %s", unit);
	bench_number(peer);
	bench_number(target);
	printf(" %s\n", target < 0 || value <= target ? "ok" : "short");
}

#endif

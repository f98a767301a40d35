/* SPDX-License-Identifier: GPL-2.0-only */
/* Test Anything Protocol, as kselftest speaks it. */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <stdbool.h>
#include <stdio.h>

static unsigned int tap_tests;
static unsigned int tap_failed;
static bool tap_good;

/* Goes on after a failure, so that the log shows what else is wrong. */
#define CHECK(condition) do { \
	if (!(condition)) { \
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		tap_good = false; \
	} \
} while (0)

#define CHECK_EQ(a, b) do { \
	long long __a = (long long)(a); \
	long long __b = (long long)(b); \
	if (__a != __b) { \
		printf("# %s:%d: %s is %lld, not %s = %lld\n", __FILE__, __LINE__, #a, __a, #b, \
		       __b); \
		tap_good = false; \
	} \
} while (0)

static inline void tap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
}

/* The verdict on what has been checked since tap_good was set. */
static inline void tap_verdict(const char *name)
{
	printf("%sok %u %s\n", tap_good ? "" : "not ", ++tap_tests, name);
	tap_failed += !tap_good;
}

static inline void tap_run(const char *name, void (*test)(void))
{
	tap_good = true;
	test();
	tap_verdict(name);
}

#define TAP_RUN(test) tap_run(#test, test)

static inline int tap_end(void)
{
	printf("1..%u\n", tap_tests);
	return tap_failed ? 1 : 0;
}

#endif

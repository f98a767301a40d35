/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One allocation of this thread in the kernel fails, the nth from now on. Needs fault
 * injection in the kernel, as the debug flavour has it.
 */
#ifndef SELFTESTS_LIB_FAIL_NTH_H
#define SELFTESTS_LIB_FAIL_NTH_H

#include <stdbool.h>

#include "sysfs.h"

#define INJECT	"/sys/kernel/debug/"

static inline bool fail_nth_usable(void)
{
	return !access(INJECT "failslab", F_OK);
}

/* Returns a descriptor of this thread's, or -1 where there is no fault injection. */
static inline int fail_nth_open(void)
{
	if (!fail_nth_usable() ||
	    sysfs_write(INJECT "failslab/ignore-gfp-wait", "N") ||
	    sysfs_write(INJECT "failslab/verbose", "0") ||
	    sysfs_write(INJECT "fail_page_alloc/ignore-gfp-wait", "N") ||
	    sysfs_write(INJECT "fail_page_alloc/min-order", "0") ||
	    sysfs_write(INJECT "fail_page_alloc/verbose", "0"))
		return -1;
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static inline void fail_nth_arm(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fd, text, len, 0) != len)
		abort();
}

/* Has it come to that allocation? */
static inline bool fail_nth_disarm(int fd)
{
	char text[16] = {};
	bool failed = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	fail_nth_arm(fd, 0);
	return failed;
}

#endif

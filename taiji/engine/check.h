/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_CHECK_H
#define TAIJI_CHECK_H

#include "arch.h"

/* What content hangs on: the machine stops rather than go on with wrong bytes. */
#define ENSURE(condition) do { \
	if (__builtin_expect(!(condition), 0)) \
		arch_bug(__FILE__ ": " #condition); \
} while (0)

/* What costs too much to look at, or cannot be otherwise unless the engine itself is wrong. */
#ifdef TAIJI_DEBUG
#define DEBUG_ENSURE(condition) ENSURE(condition)
#else
#define DEBUG_ENSURE(condition) ((void)sizeof(condition))
#endif

#endif

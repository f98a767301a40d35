/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_CHECK_H
#define TAIJI_CHECK_H

#include "arch.h"

#define BUG_ON(condition) do { \
	if (__builtin_expect(!!(condition), 0)) \
		arch_bug(__FILE__ ": " #condition); \
} while (0)

/* What costs too much, or cannot happen unless the engine itself is wrong. */
#ifdef TAIJI_DEBUG
#define DEBUG_BUG_ON(condition) BUG_ON(condition)
#else
#define DEBUG_BUG_ON(condition) ((void)sizeof(condition))
#endif

#endif

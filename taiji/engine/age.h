/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_AGE_H
#define TAIJI_AGE_H

#include "section.h"

#define AGE_MAX_SECTIONS	64

/* TAIJI_CALL_AGE: bit i: section @s + i was touched since the last time. */
u64 age_sections(struct section *s, u32 n);

#endif

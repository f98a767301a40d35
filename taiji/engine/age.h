/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_AGE_H
#define TAIJI_AGE_H

#include "section.h"

/* TAIJI_CALL_AGE: four bits for each of up to TAIJI_AGE_SECTIONS sections from @s on. */
u64 age_sections(struct section *s, u32 n);

#endif

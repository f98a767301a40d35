/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_GROW_H
#define TAIJI_GROW_H

#include "section.h"

#define GROW_BATCH	64	/* sections that share one flush */

/* TAIJI_CALL_GROW: how many of up to GROW_BATCH have appeared, or why the first cannot. */
s64 grow_sections(struct section *first, u32 n);
/* TAIJI_CALL_SHRINK, likewise: how many have gone. */
s64 grow_shrink(struct section *first, u32 n);

#endif

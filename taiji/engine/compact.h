/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store gives a frame back when nothing is left in it. What comes in leaves holes, and what is
 * left in sparse frames is moved to fuller ones here, a section at a time, by its entries.
 */
#ifndef TAIJI_COMPACT_H
#define TAIJI_COMPACT_H

#include "section.h"

/* TAIJI_CALL_COMPACT, by the owner */
s64 compact_section(struct section *s, u32 from);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_GROW_H
#define TAIJI_GROW_H

#include "section.h"

/* TAIJI_CALL_GROW, _SHRINK, _DROP, _ALLOW */
s64 grow_sections(struct section *s, u32 n);
s64 grow_shrink(struct section *s, u32 n);
s64 grow_drop(struct section *s);
s64 grow_allow(struct section *s, u32 n, bool allow);
/* TAIJI_CALL_DISCARD */
s64 grow_discard(struct section *s, ipa_t page);

#endif

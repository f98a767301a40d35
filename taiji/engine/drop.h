/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Content that is of no use to anybody.
 */
#ifndef TAIJI_DROP_H
#define TAIJI_DROP_H

#include "section.h"

#define DROP_BATCH	32	/* sections that share one flush */

/* TAIJI_CALL_DROP: how many of up to DROP_BATCH are dealt with, or why the first cannot be. */
s64 drop_sections(struct section *first, u32 n);
/* TAIJI_CALL_DISCARD */
s64 drop_page(struct section *s, ipa_t page);
/*
 * For the owner: mapping, table, store and frame go, before and after a flush that sections may
 * share. Begin is false when an interrupt waits: then call again, what was done is kept and the
 * section still works. After true it is sealed; after the end it is what its owner makes of it.
 */
bool drop_begin(struct section *s);
void drop_end(struct section *s, u64 become);

#endif

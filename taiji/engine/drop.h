/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Content that is of no use to anybody.
 */
#ifndef TAIJI_DROP_H
#define TAIJI_DROP_H

#include "section.h"

/* TAIJI_CALL_DROP, for one section */
s64 drop_section(struct section *s);
/* TAIJI_CALL_DISCARD */
s64 drop_page(struct section *s, ipa_t page);
/*
 * For the owner: mapping, table, store and frame go. False when an interrupt waits: then call
 * again, what was done is kept and the section still works. After true it is sealed, and the
 * owner says what it is from now on.
 */
bool drop_content(struct section *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A section as one block, and as a table. For its owner.
 */
#ifndef TAIJI_BLOCK_H
#define TAIJI_BLOCK_H

#include "section.h"

/*
 * Block to table, every micro-page HELD and flushed. False when there is no memory for the table.
 * Begin and end are what comes before and after the flush, for sections that share one: in between
 * the section is sealed.
 */
bool block_split(struct section *s);
bool block_split_begin(struct section *s);
void block_split_end(struct section *s);
/*
 * Every mapped micro-page of a table becomes HELD, and is flushed. Begin leaves that to the caller:
 * false when there is nothing to flush.
 */
void block_hold(struct section *s);
bool block_hold_begin(struct section *s);
/* Is all of it in, and is it a table? */
static inline bool block_whole(u64 word)
{
	return word & SECTION_TABLE && !(word & SECTION_MOVING) &&
	       section_resident(word) == TAIJI_SECTION_PAGES;
}

/*
 * Table to block, if everything is in. False when it is not, or when an interrupt came: then call
 * again, what was done is kept.
 */
bool block_collapse(struct section *s);

#define BLOCK_MAX_SECTIONS	64

/*
 * TAIJI_CALL_COLLAPSE, for sections that nobody need own, with one flush: how many are dealt with,
 * fewer than @n when an interrupt waits.
 */
u32 block_collapse_sections(struct section *first, u32 n);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A section changes its frame, micro-page by micro-page, while the host goes on using it.
 *
 * From move_begin() on nothing is mapped in the old frame any more. A micro-page that is touched
 * before its turn moves at once, one that comes in comes in at the target. So a move may be left
 * alone at any point, and whoever owns the section next ends it first.
 */
#ifndef TAIJI_MOVE_H
#define TAIJI_MOVE_H

#include "section.h"

/*
 * For the owner; the target has been taken or claimed for this section. False when there is no
 * memory.
 */
bool move_begin(struct section *s, u32 target);
/* True when the section has moved and its old frame is free; false when an interrupt waits. */
bool move_run(struct section *s);
/* For a fault: the content of a micro-page that it made BUSY. */
void move_page(struct section *s, u64 word, u32 i);

#endif

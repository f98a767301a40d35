/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: who has them, and the free ones.
 *
 * Free frames are in a lock-free stack, but for one that each CPU keeps at hand. A frame can also
 * be claimed by its number, which cannot take it out of the middle of the stack: its link stays
 * behind, and whoever pops a frame that is not free drops the link.
 *
 * How far each use may go down (@floor) is the order in which they fail: first touch of new
 * memory stops first, then the growth of the store, then swap-in. The last FRAME_KEPT are for the
 * machine's victim, a section that whoever finds no frame helps to take out: see relief.c.
 */
#ifndef TAIJI_FRAME_H
#define TAIJI_FRAME_H

#include "gib.h"

#define FRAME_BITS	24
#define FRAME_NONE	((1U << FRAME_BITS) - 1)

/* Owners that are not sections. */
#define FRAME_FREE	((1U << FRAME_BITS) - 2)
#define FRAME_STORE	((1U << FRAME_BITS) - 3)
/* Not RAM, or the arena: never ours to give. */
#define FRAME_FOREIGN	((1U << FRAME_BITS) - 4)

static inline struct frame *frame_at(u32 frame)
{
	return &gib_of(frame)->frames[frame % GIB_SECTIONS];
}

static inline bool frame_owner_is_section(u32 owner)
{
	return owner < FRAME_FOREIGN;
}

static inline pa_t frame_pa(u32 frame)
{
	return pa(arena->first + ((u64)frame << TAIJI_SECTION_SHIFT));
}

/* Room for one section and its table, whatever is in it. */
#define FRAME_KEPT	2

/* For START, by who has it. */
void frame_init(u32 frame, u32 owner);

u32 frame_owner(u32 frame);
/* Of one that is not free, by who has it. */
void frame_set_owner(u32 frame, u32 owner);

/* A free frame for @owner if more than @floor are free, else FRAME_NONE. */
u32 frame_take(u32 owner, u32 floor);
/* This very frame, if it is free and more than @floor are. */
bool frame_claim(u32 frame, u32 owner, u32 floor);
/* A free frame for a section, as frame_take(): its home if it can be had. */
u32 frame_take_home(u32 section, u32 floor);
/* No CPU can reach its content any more (invariant 2). */
void frame_put(u32 frame);

#endif

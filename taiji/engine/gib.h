/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is to know about each GiB of address space that has RAM in it, or room for more. What
 * has neither costs a pointer, so it does not matter how far apart banks are.
 *
 * A section has the number of its place in the IPA space, a frame that of its place in the machine,
 * both counted from arena->first on: a section and its home have the same one.
 */
#ifndef TAIJI_GIB_H
#define TAIJI_GIB_H

#include "arena.h"

#define GIB_SHIFT	30
#define GIB_SECTIONS	(1U << (GIB_SHIFT - TAIJI_SECTION_SHIFT))

/* See section.h. */
struct section {
	u64 word;
	u32 table;
	u32 target;
};

/**
 * struct frame - 2 MiB of PA
 * @next: below it in the stack of free frames
 * @state: owner, and FRAME_LINKED while it is in the stack or at hand for a CPU
 */
struct frame {
	u32 next;
	u32 state;
};

/**
 * struct gib - 1 GiB of address space
 * @stage2: the machine's own: what maps each section
 * @sections: of IPA
 * @frames: of PA
 * @sums: debug builds: the checksum of each micro-page that is out
 */
struct gib {
	u64 stage2[GIB_SECTIONS];
	struct section sections[GIB_SECTIONS];
	struct frame frames[GIB_SECTIONS];
#ifdef TAIJI_DEBUG
	u16 sums[GIB_SECTIONS][TAIJI_SECTION_PAGES];
#endif
};

#define GIB_HEAD	offsetof(struct gib, frames[GIB_SECTIONS])

/* That of section, or frame, @number; NULL where there is none. */
static inline struct gib *gib_of(u32 number)
{
	return arena->map[number / GIB_SECTIONS];
}

/* The number of its first section. @at is anything in the first slot of one: all but its sums. */
static inline u32 gib_first(const void *at)
{
	u64 offset = (u64)at & (TAIJI_SECTION_SIZE - 1);
	const struct piece *piece = (const void *)((u64)at - offset);

	return piece->first[offset >> PIECE_SLOT_SHIFT];
}

/*
 * For START only: there are sections in the GiB at @at, with anything in them. False when the arena
 * is full.
 */
bool gib_add(u64 at);

#endif

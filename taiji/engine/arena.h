/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything the engine knows, in memory of its own that outlives the payload.
 *
 * It is made of pieces of a section each, from anywhere, so that a host whose memory is in use can
 * find it as well.
 *
 * The code has one static variable, the pointer to this. A payload that takes over finds the same
 * bytes, checks magic and version, and goes on; so what is here is an ABI between payloads: a
 * change of layout is a new ARENA_VERSION.
 */
#ifndef TAIJI_ARENA_H
#define TAIJI_ARENA_H

#include <linux/taiji_call.h>
#include "types.h"

#define ARENA_MAGIC	0x696a696174ULL		/* "taiji" */

/* A debug build keeps sums that a release build does not: neither can go on with the other's. */
#ifdef TAIJI_DEBUG
#define ARENA_VERSION	(3 | 1U << 31)
#else
#define ARENA_VERSION	3
#endif

struct gib;
struct store;
struct cpu;

#define WHOLE_QUEUE	256	/* sections that wait to become blocks: a power of two */

#define PIECE_SLOT_SHIFT	14
#define PIECE_SLOTS		(TAIJI_SECTION_SIZE >> PIECE_SLOT_SHIFT)

/**
 * struct piece - the first bytes of each piece of the arena, which is a section
 * @magic, @version: at the same place in every version
 * @number: how many are before it; the first is where the arena begins
 * @self: where it is
 * @next: where the next one is, which is further up; 0 in the last
 * @first: for each slot that a struct gib begins in, the number of its first section
 */
struct piece {
	u64 magic;
	u32 version;
	u32 number;
	u64 self;
	u64 next;
	u32 first[PIECE_SLOTS];
} __aligned(64);

/**
 * struct arena - the root of the engine's state, in the first piece
 * @pieces: that piece
 * @last: the piece that is furthest up
 * @filling: the piece that memory is taken from
 * @filled: how far that is given out
 * @used: what is given out of all, in bytes
 * @first: IPA of section 0 and PA of frame 0, a multiple of 1 GiB
 * @low: lowest IPA the engine looks after
 * @end: first IPA above what the engine looks after
 * @map: each GiB from @first on, NULL for one that has no sections
 * @gibs: those that have, one after the other
 * @nr_sections: theirs
 * @nr_cpus: CPU numbers are below this; 0 until START is done
 * @reserve: free frames that only swap-in may take, see frame.h
 * @free_head: top of the stack of free frames, with a tag against reuse
 * @nr_free: free frames nobody has a ticket for, see frame.c
 * @relief: the machine's victim and how far it has come, see relief.c
 * @relief_hand: where the search for a victim goes on
 * @relief_bytes, @relief_pages: what the victim takes of the store, for how many micro-pages
 * @relief_resident: how many of it were in when it became the victim
 * @relief_barren: sections that the search has come by, since a victim left a frame
 * @store_frames: frames of the store; what the host reads is a copy
 * @nr_donated: sections whose frames the host has lent
 * @whole: sections that wait to become blocks, see whole.c
 * @whole_head, @whole_tail: where the next goes, and where the next is
 * @reclaim_at, @reclaim_seen: where the search for one of these goes on, and how many sections it
 *	has looked at in vain
 * @start_args: where START's arguments are
 * @start_phase: what START is at, see start.c
 * @start_range, @start_gib: the range of RAM that START is at, and the next GiB of it
 * @start_piece, @start_cpu, @start_table, @start_section: how far START has come with each
 * @stop_busy: a CPU is in STOP
 * @stop_at: how far STOP has come
 * @stop_owned: how often a section had been owned when it began
 * @stopping: no section can be owned any more
 * @stopped: STOP has succeeded
 * @cpus: what each CPU has of its own
 * @stage2_root, @stage2_bits: the machine's own, see arch_stage2_init()
 * @units: the count of each section's mappings for devices, from @low on, or NULL; see pin.h
 */
struct arena {
	struct piece *pieces;
	struct piece *last;
	struct piece *filling;
	u64 filled;
	u64 used;
	u64 first;
	u64 low;
	u64 end;
	u32 nr_cpus;
	u32 nr_sections;
	u32 reserve;
	u32 relief_hand;
	u32 relief_bytes;
	u32 relief_pages;
	u32 relief_resident;
	u32 relief_barren;
	u32 store_frames;
	u32 nr_donated;
	u32 reclaim_at;
	u32 reclaim_seen;
	u32 start_phase;
	u32 start_range;
	u32 start_piece;
	u32 start_cpu;
	u32 start_section;
	u64 start_args;
	u64 start_gib;
	u64 start_table;
	u64 stop_owned;
	u32 stop_busy;
	u32 stop_at;
	u32 stopping;
	u32 stopped;
	struct gib **map;
	struct gib **gibs;
	struct store *store;
	struct cpu **cpus;
	struct taiji_shared *shared;
	u64 *stage2_root;
	u64 stage2_bits;
	s32 *units;

	u64 free_head __aligned(64);
	u32 nr_free __aligned(64);
	u64 relief __aligned(64);
	u32 whole_head __aligned(64);
	u32 whole_tail;
	u32 whole[WHOLE_QUEUE];
} __aligned(64);

/* Hidden: reached relative to the program counter, without a table of addresses to relocate. */
extern struct arena *arena __attribute__((visibility("hidden")));

/* Of this section, and then of others, which are further up each time. */
void arena_open(u64 at);
void arena_add(u64 at);
void arena_close(void);
/* Go on with what another payload has built; false when it is none of ours. */
bool arena_adopt(pa_t at);

/*
 * Memory, with anything in it, for START only; @align is a power of two. It is contiguous, so there
 * is never more than a piece of it. NULL when the arena is full.
 */
void *arena_alloc(u64 size, u64 align);
/* Is this section a piece of it? */
bool arena_holds(u64 section);
/* Where something in the arena is for the machine: tables point to tables by this. */
pa_t arena_pa(const void *at);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where taiji's base (EL1) and its engine (EL2) meet: the calls, their
 * arguments and the memory they share.
 *
 * The base makes a call with kvm_payload_call(); the engine runs it on the calling
 * CPU with interrupts masked, until it is done or one is pending. Addresses that cross
 * are plain physical (== intermediate physical) addresses of memory that never
 * leaves home.
 */
#ifndef _LINUX_TAIJI_CALL_H
#define _LINUX_TAIJI_CALL_H

#include <linux/types.h>

#define TAIJI_ABI		3

#define TAIJI_SECTION_SHIFT	21
#define TAIJI_SECTION_SIZE	(TAIJI_SECTION_PAGES * TAIJI_PAGE_SIZE)
#define TAIJI_PAGE_SHIFT	12
#define TAIJI_PAGE_SIZE		4096ULL
#define TAIJI_SECTION_PAGES	512

#define TAIJI_MAX_CPUS		256
#define TAIJI_GIB		(512 * TAIJI_SECTION_SIZE)
#define TAIJI_MAX_SPAN		(16384 * TAIJI_GIB)	/* from the first section to the last */
#define TAIJI_HIST_BUCKETS	32
#define TAIJI_ABORT_KINDS	5

/*
 * Errors a call can return; the values are those of errno, so that the base can
 * pass them on.
 */
#define TAIJI_ENOENT		2
#define TAIJI_EAGAIN		11
#define TAIJI_ENOMEM		12
#define TAIJI_EFAULT		14
#define TAIJI_EBUSY		16
#define TAIJI_EINVAL		22
#define TAIJI_ENOSYS		38
#define TAIJI_EADDRINUSE	98

/**
 * enum taiji_call - what the base can ask of the engine
 * @TAIJI_CALL_NOP:	nothing; having returned from it on a CPU is that CPU's
 *		quiescent point
 * @TAIJI_CALL_START:	(pa of struct taiji_start) build the state and an
 *		identity stage 2 over everything. -EAGAIN: call again with the same,
 *		from any CPU; -EINVAL: arguments that make no sense; -ENOMEM: the
 *		arena is too small; -EBUSY: there is a state
 * @TAIJI_CALL_STOP:	() 0 when every section is in and at home, and then none
 *		ever leaves again: all that would take one away says -EBUSY. Faults are
 *		served on. -EAGAIN: call again; -EBUSY when something is away
 * @TAIJI_CALL_FORGET:	() after STOP, or to give up a START: the engine holds
 *		nothing; -EBUSY before that
 * @TAIJI_CALL_DONATE:	S(pa, n) the content of sections at home is lost, and
 *		their frames join the free ones
 * @TAIJI_CALL_RECLAIM:	() the pa of a donated frame that is given back to the
 *		host at its place, -ENOENT when there is none, -EAGAIN: call again;
 *		-EBUSY when none can be emptied: for the store, which is in it, or for
 *		want of another frame
 * @TAIJI_CALL_GROW:	S(ipa, n) sections without a frame appear where there is
 *		no RAM, swappable; first touch takes a frame
 * @TAIJI_CALL_SHRINK:	S(ipa, n) they disappear again, with their content;
 *		what has gone already counts as done
 * @TAIJI_CALL_ALLOW:	S(ipa, n, bool) these sections are (not) swappable;
 *		-EBUSY also for one that is away and may not be
 * @TAIJI_CALL_OUT:	P(ipa, from, to) swap a section out, micro-page by
 *		micro-page, from number @from on and up to number @to; 0 is all. -EINVAL
 *		for one that is not swappable; -ENOMEM when the store may not grow
 * @TAIJI_CALL_IN:	P(ipa, from) bring a section in; -ENOMEM when there is no
 *		frame
 * @TAIJI_CALL_HOME:	P(ipa, from) move a section that is in to its home
 *		frame; -EBUSY when it is not in, or what is there cannot leave; -ENOMEM
 *		when that has nowhere to go
 * @TAIJI_CALL_AGE:	(ipa, n <= 16) four bits a section from bit 0 on: enum
 *		taiji_age, and TAIJI_AGE_PARTIAL; what was touched is counted as
 *		untouched from now on. 0 for arguments that make no sense
 * @TAIJI_CALL_DROP:	S(ipa, n) what is in these swappable sections is of no use
 *		to anybody; frame and store go free, first touch takes a frame
 * @TAIJI_CALL_COLLAPSE: (ipa, n <= 64) of these sections, those that are split and
 *		all in become blocks again; how many are dealt with, fewer than n when
 *		an interrupt is pending. (0, n, 1) is for n of those that faults
 *		have brought in whole lately, and returns 0 when none is left
 * @TAIJI_CALL_ADOPT:	(pa of the arena's first piece) the first call of an engine
 *		that takes over from another, which goes on until the flip: -EINVAL when
 *		the arena is none that this engine knows how to use; (0) the system is not
 *		switched, and whatever the engine had before another took over is gone
 * @TAIJI_CALL_HIDE:	S(pa, n) sections at home, not swappable, leave the host's
 *		map with their content: an engine's own image
 * @TAIJI_CALL_SHOW:	S(pa, n) they come back
 * @TAIJI_CALL_DISCARD: (ipa) the content of this micro-page is of no use to anybody:
 *		if it is out, it goes out of the store and becomes zero; 1 when it is
 *		not out; -EBUSY when somebody is changing it, or the section is not
 *		mapped
 * @TAIJI_CALL_COMPACT: P(ipa, from) move what is stored for a section to where less
 *		of the store is lost
 * @TAIJI_CALL_AWAY:	(ipa, mask) of the 64 sections from ipa on, those whose bit
 *		is set are taken out of the reach of all CPUs, at once for all, as OUT
 *		does for one: OUT finds them so. How many sections it has looked at, from
 *		ipa to the last of them, fewer when an interrupt is pending. A section
 *		that cannot go, or is somebody's at the moment, is passed over
 *
 * **Any call may be made on any CPU at any time, beside any other and beside
 * faults.** What must not be at once shuts itself out: a section belongs to one
 * call at a time, and another that wants to change it says -EBUSY. Nothing waits
 * for longer than another CPU takes for a micro-page. There are two exceptions,
 * which nobody but the caller can see to:
 *
 *  - FORGET and ADOPT(0): no CPU is below the stage 2 nor in another call.
 *  - START and ADOPT: the memory that they are told of is what they are told.
 *
 * What a call takes away is the caller's to give: after DONATE, DROP, SHRINK and
 * DISCARD nobody asks for what was there.
 *
 * **No call holds interrupts off for longer than it takes to pack a micro-page or
 * two.** It comes back with what it has done when one is pending, and goes on from
 * there when it is called again; what was done is kept whether it is or not.
 *
 *  S	returns how many of the n sections it has dealt with, from the first on.
 *	Fewer than n, for an interrupt or because the next one cannot be dealt
 *	with: the caller goes on with that one, and is told. 0 is a call that an
 *	interrupt has ended within the first. Nothing that is done is undone.
 *  P	returns how far it came: TAIJI_SECTION_PAGES, or @to, when done; less when
 *	the base should call again from there, with any other call in between or
 *	none.
 *
 * -EBUSY says that another call has the section: later it may go. -EINVAL is for
 * arguments out of range, for a section of the wrong kind, for any call but NOP and
 * START without a state, and for a CPU number that START was not told of. -EADDRINUSE
 * is for a section that a device uses, from OUT, DROP and GROW.
 * -ENOSYS is for what is no call.
 *
 * Who may call is the kernel at EL1, which is trusted: it could do as it likes with all
 * memory without asking. What it says is checked where that costs nothing, and
 * against mistakes, not malice. What the host can write to decides nothing: figures are
 * copies, for it to read.
 */
enum taiji_call {
	TAIJI_CALL_NOP,
	TAIJI_CALL_START,
	TAIJI_CALL_STOP,
	TAIJI_CALL_FORGET,
	TAIJI_CALL_DONATE,
	TAIJI_CALL_RECLAIM,
	TAIJI_CALL_GROW,
	TAIJI_CALL_SHRINK,
	TAIJI_CALL_ALLOW,
	TAIJI_CALL_OUT,
	TAIJI_CALL_IN,
	TAIJI_CALL_HOME,
	TAIJI_CALL_AGE,
	TAIJI_CALL_DROP,
	TAIJI_CALL_COLLAPSE,
	TAIJI_CALL_ADOPT,
	TAIJI_CALL_HIDE,
	TAIJI_CALL_SHOW,
	TAIJI_CALL_DISCARD,
	TAIJI_CALL_COMPACT,
	TAIJI_CALL_AWAY,
	TAIJI_NR_CALLS
};

/**
 * enum taiji_age - what TAIJI_CALL_AGE finds
 * @TAIJI_AGE_NONE:	no frame: out, absent, or not the engine's
 * @TAIJI_AGE_OLD:	in, and not touched since the last time
 * @TAIJI_AGE_YOUNG:	in, and touched
 * @TAIJI_AGE_UNKNOWN:	somebody is changing it, or an interrupt came first
 */
enum taiji_age {
	TAIJI_AGE_NONE,
	TAIJI_AGE_OLD,
	TAIJI_AGE_YOUNG,
	TAIJI_AGE_UNKNOWN
};

#define TAIJI_AGE_SECTIONS	16
#define TAIJI_AGE_PARTIAL	4	/* it is in, but not all of it */

static inline enum taiji_age taiji_age(__u64 ages, unsigned int i)
{
	return ages >> 4 * i & 3;
}

static inline int taiji_age_is_partial(__u64 ages, unsigned int i)
{
	return !!(ages >> 4 * i & TAIJI_AGE_PARTIAL);
}

/*
 * How far free frames may fall: below the first, memory that is touched for the
 * first time waits; below the second, the store does not grow but for one CPU at
 * a time, which is about to free a frame.
 */
static inline __u32 taiji_floor_touch(__u32 nr_cpus)
{
	return 2 * (nr_cpus + 1);
}

/* For first touches when nothing packs: one frame a CPU, and as many are left to swap-in. */
static inline __u32 taiji_floor_barren(__u32 nr_cpus)
{
	return nr_cpus + 2;
}

static inline __u32 taiji_floor_store(__u32 nr_cpus)
{
	return nr_cpus + 1;
}

struct taiji_range {
	__u64 start;
	__u64 size;
};

/**
 * struct taiji_start - what the engine needs to begin
 * @abi:	TAIJI_ABI
 * @nr_cpus:	CPU numbers are below this
 * @nr_ranges:	entries of @ram
 * @nr_pieces:	of the arena, at least taiji_arena_pieces()
 * @pieces:	pa of the list of their addresses, in ascending order: memory for the
 *		engine's state, a section each, never touched by the host again
 * @shared:	struct taiji_shared, then nr_cpus struct taiji_cpu_stats; stays
 *		mapped in the host, which reads it
 * @first, @end: section-aligned bounds of all IPA the engine looks after: RAM
 *   and what may be grown later; TAIJI_MAX_SPAN apart at most
 * @room:	what may be grown later, above the RAM; may be empty
 * @ipa_bits:	size of the IPA space; all of it below @first, between and
 *		beyond the RAM is mapped 1:1 and never looked at
 * @units:	the counts of what devices use, a 32-bit word a section, from
 *		@first on; an empty range where nobody counts, because devices cannot
 *		reach what moves
 * @ram:	ranges of RAM, in ascending order
 */
struct taiji_start {
	__u32 abi;
	__u32 nr_cpus;
	__u32 nr_ranges;
	__u32 nr_pieces;
	__u32 ipa_bits;
	__u32 unused;
	__u64 pieces;
	struct taiji_range shared;
	struct taiji_range units;
	struct taiji_range room;
	__u64 first;
	__u64 end;
	struct taiji_range ram[];
};

/* How many GiB of address space have any of it, but for those below @from; that moves on. */
static inline __u64 taiji_gibs(struct taiji_range range, __u64 *from)
{
	__u64 first = range.start / TAIJI_GIB;
	__u64 end = (range.start + range.size + TAIJI_GIB - 1) / TAIJI_GIB;

	if (first < *from)
		first = *from;
	if (!range.size || first >= end)
		return 0;
	*from = end;
	return end - first;
}

#ifdef TAIJI_DEBUG
#define TAIJI_ARENA_GIB		(132 * TAIJI_PAGE_SIZE)	/* with a checksum of each micro-page */
#else
#define TAIJI_ARENA_GIB		(4 * TAIJI_PAGE_SIZE)
#endif

/**
 * taiji_arena_pieces - how much memory the engine's state needs
 * @start: all but @nr_pieces and @pieces
 *
 * What there is to know about each GiB that has any RAM or room, the stage 2 down
 * to the tables of blocks, and scratch for each CPU. Nothing that has to be
 * contiguous crosses from one piece into the next, so some of each is lost.
 *
 * Return: sections.
 */
static inline __u32 taiji_arena_pieces(const struct taiji_start *start)
{
	/* The largest are the debug build's GiB, and the pointers to as many as there can be. */
	const __u64 lost = TAIJI_ARENA_GIB + 40 * TAIJI_PAGE_SIZE;
	const __u64 usable = TAIJI_SECTION_SIZE - lost;
	__u64 from = 0, gibs = 0, size;
	__u32 i;

	for (i = 0; i < start->nr_ranges; i++)
		gibs += taiji_gibs(start->ram[i], &from);
	gibs += taiji_gibs(start->room, &from);

	size = gibs * TAIJI_ARENA_GIB + (gibs + (start->end - start->first) / TAIJI_GIB + 2) * 8;
	size += start->nr_cpus * 6 * TAIJI_PAGE_SIZE + 16 * TAIJI_PAGE_SIZE;
	/* The stage 2 of all that is no table of blocks: 8 bytes a GiB, in whole tables. */
	size += (1ULL << start->ipa_bits) / TAIJI_GIB * 8 + TAIJI_PAGE_SIZE;
	return (size + usable - 1) / usable;
}

/**
 * struct taiji_shared - global figures, written at EL2 with single stores, read
 * at EL1 without a call
 * @stage2_root: pa of the stage-2 root, for the switch
 * @free_frames: frames that hold nothing
 * @store_frames: frames that hold the store
 * @sections_out: sections without a frame that have content
 * @sections_absent: sections that have neither a frame nor content
 * @pages_zero, @pages_same, @pages_lz4, @pages_raw: micro-pages that are out,
 *   by how they are kept
 * @bytes_stored: bytes of the store in use, by size class
 * @metadata: bytes of the arena in use plus tables of split sections
 * @unused:	makes whole cache lines
 */
struct taiji_shared {
	__u64 stage2_root;
	__u64 free_frames;
	__u64 store_frames;
	__u64 sections_out;
	__u64 sections_absent;
	__u64 pages_zero;
	__u64 pages_same;
	__u64 pages_lz4;
	__u64 pages_raw;
	__u64 bytes_stored;
	__u64 metadata;
	__u64 unused[5];
};

/**
 * struct taiji_cpu_stats - one CPU's own counters
 * @swap_in, @swap_out: micro-pages
 * @in_zero:	of those swapped in, how many needed no store
 * @retries:	faults that found the micro-page busy elsewhere
 * @stalls:	faults that found no free frame and had to be taken again
 * @collapsed:	sections that became one block again
 * @exec:	micro-pages made executable on their first fetch
 * @unowned:	aborts on what is EL2's own
 * @relieved:	micro-pages of @swap_out that a fault took out, for want of a frame
 * @touch_stalls: those of @stalls that were first touches
 * @touched:	sections that were given a frame at their first touch
 * @bytes_out:	what the micro-pages of @swap_out took of the store
 * @compacted:	micro-pages that moved within the store
 * @longest_call, @longest_abort: ticks of the arch's clock with interrupts held off:
 *		between two looks at them in a call, in an abort
 * @in_time:	log2 histogram of the time of a swap-in, in ticks of the arch's
 *		clock
 * @kinds:	aborts by what was missing: translation, access flag, permission to
 *		execute, translation for a fetch, anything else
 * @flushes:	invalidations of all that any CPU has cached of the stage 2
 * @unused:	makes whole cache lines, so that no CPU writes another's
 */
struct taiji_cpu_stats {
	__u64 calls;
	__u64 aborts;
	__u64 swap_in;
	__u64 swap_out;
	__u64 in_zero;
	__u64 retries;
	__u64 stalls;
	__u64 collapsed;
	__u64 exec;
	__u64 unowned;
	__u64 relieved;
	__u64 touch_stalls;
	__u64 touched;
	__u64 bytes_out;
	__u64 compacted;
	__u64 longest_call;
	__u64 longest_abort;
	__u64 in_time[TAIJI_HIST_BUCKETS];
	__u64 kinds[TAIJI_ABORT_KINDS];
	__u64 flushes;
	__u64 unused;
};

#endif /* _LINUX_TAIJI_CALL_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where taiji's base (EL1) and its engine (EL2) meet: the calls, their
 * arguments and the memory they share.
 *
 * The base makes a call with kvm_payload_call(); the engine runs it to
 * completion on the calling CPU with interrupts masked. Addresses that cross
 * are plain physical (== intermediate physical) addresses of memory that never
 * leaves home.
 */
#ifndef _LINUX_TAIJI_CALL_H
#define _LINUX_TAIJI_CALL_H

#include <linux/types.h>

#define TAIJI_ABI		2

#define TAIJI_SECTION_SHIFT	21
#define TAIJI_SECTION_SIZE	(TAIJI_SECTION_PAGES * TAIJI_PAGE_SIZE)
#define TAIJI_PAGE_SHIFT	12
#define TAIJI_PAGE_SIZE		4096ULL
#define TAIJI_SECTION_PAGES	512

#define TAIJI_MAX_CPUS		256
#define TAIJI_MAX_RANGES	32
#define TAIJI_HIST_BUCKETS	32
#define TAIJI_ABORT_KINDS	4

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
 *		identity stage 2 over everything
 * @TAIJI_CALL_STOP:	() -EBUSY unless every section is in and at home;
 *		afterwards nothing faults any more, and nothing but FORGET may be called
 * @TAIJI_CALL_FORGET:	() after STOP, with no CPU below the stage 2: the engine
 *		holds nothing
 * @TAIJI_CALL_DONATE:	(pa, n) n frames from pa on leave the host's map and
 *		join the free frames
 * @TAIJI_CALL_RECLAIM:	() the pa of a donated frame that is given back to the
 *		host at its place, or -ENOENT
 * @TAIJI_CALL_GROW:	(ipa, n) n sections without a frame appear from ipa on;
 *		first touch takes a frame
 * @TAIJI_CALL_SHRINK:	(ipa, n) they disappear again, with their content
 * @TAIJI_CALL_ALLOW:	(ipa, n, bool) these sections are (not) swappable;
 *		-EBUSY when one is out and may not be
 * @TAIJI_CALL_OUT:	(ipa, from, to) swap a section out, micro-page by
 *		micro-page, from number @from on and up to number @to; 0 is all
 * @TAIJI_CALL_IN:	(ipa, from) bring a section in
 * @TAIJI_CALL_HOME:	(ipa, from) move a section that is in to its home frame
 * @TAIJI_CALL_AGE:	(ipa, n <= 16) four bits a section from bit 0 on: enum
 *		taiji_age, and TAIJI_AGE_PARTIAL; what was touched is counted as
 *		untouched from now on
 * @TAIJI_CALL_DROP:	(ipa, 1) what is in this swappable section is of no use to
 *		anybody; its frame and store go free, first touch takes a frame
 * @TAIJI_CALL_COLLAPSE: (ipa, n <= 64) of these sections, those that are split and
 *		all in become blocks again; how many are dealt with, fewer than n when
 *		an interrupt is pending
 * @TAIJI_CALL_ADOPT:	(pa of the arena) the first call of an engine that takes over
 *		from another, which goes on until the flip: -EINVAL when the arena is
 *		none that this engine knows how to use; (0) the system is not switched,
 *		and whatever the engine had before another took over is gone
 * @TAIJI_CALL_HIDE:	(pa, n) n sections at home, not swappable, leave the host's
 *		map with their content: an engine's own image
 * @TAIJI_CALL_SHOW:	(pa, n) they come back
 * @TAIJI_CALL_DISCARD: (ipa) the content of this micro-page is of no use to anybody:
 *		if it is out, it goes out of the store and becomes zero; 1 when it is
 *		not out
 *
 * OUT, HOME and DROP of a section that a device uses: -EADDRINUSE.
 *
 * OUT, IN, HOME and COMPACT return how far they came: TAIJI_SECTION_PAGES, or @to, when done,
 * less when an interrupt is pending and the base should call again from there,
 * negative when it cannot be.
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

static inline __u32 taiji_floor_store(__u32 nr_cpus)
{
	return nr_cpus + 1;
}

/**
 * taiji_arena_size - how much memory the engine's state needs
 * @sections: sections between first and end of struct taiji_start
 * @nr_cpus: nr_cpus of struct taiji_start
 *
 * Sections and frames, the stage 2 down to the tables of blocks, and scratch
 * for each CPU.
 *
 * Return: bytes, whole sections.
 */
static inline __u64 taiji_arena_size(__u64 sections, __u32 nr_cpus)
{
	__u64 size = sections * 32 + (sections / 512 + 8) * TAIJI_PAGE_SIZE;

#ifdef TAIJI_DEBUG
	size += sections * TAIJI_SECTION_PAGES * 2;
#endif
	size += nr_cpus * 6 * TAIJI_PAGE_SIZE + 16 * TAIJI_PAGE_SIZE;
	return (size + TAIJI_SECTION_SIZE - 1) & ~(TAIJI_SECTION_SIZE - 1);
}

struct taiji_range {
	__u64 start;
	__u64 size;
};

/**
 * struct taiji_start - what the engine needs to begin
 * @abi:	TAIJI_ABI
 * @nr_cpus:	CPU numbers are below this
 * @nr_ranges:	used entries of @ram
 * @arena:	memory for the engine's state: whole sections, contiguous, never
 *		touched by the host again
 * @shared:	struct taiji_shared, then nr_cpus struct taiji_cpu_stats; stays
 *		mapped in the host, which reads it
 * @first, @end: section-aligned bounds of all IPA the engine looks after: RAM
 *   and what may be grown later
 * @ipa_bits:	size of the IPA space; all of it below @first, between and
 *		beyond the RAM is mapped 1:1 and never looked at
 * @units:	the counts of what devices use, a 32-bit word a section, from
 *		@first on; an empty range where nobody counts, because devices cannot
 *		reach what moves
 * @ram:	ranges of RAM
 */
struct taiji_start {
	__u32 abi;
	__u32 nr_cpus;
	__u32 nr_ranges;
	__u32 ipa_bits;
	struct taiji_range arena;
	struct taiji_range shared;
	struct taiji_range units;
	__u64 first;
	__u64 end;
	struct taiji_range ram[TAIJI_MAX_RANGES];
};

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
 *		execute, anything else
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
	__u64 unused[3];
};

#endif /* _LINUX_TAIJI_CALL_H */

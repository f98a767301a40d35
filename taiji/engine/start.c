// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before anything, and after everything: no CPU is under the stage 2 when START runs, nor when
 * FORGET does.
 */
#include "arch.h"
#include "arena.h"
#include "cpu.h"
#include "gib.h"
#include "section.h"
#include "start.h"
#include "store.h"

#define START_LOOK		64	/* sections between two looks at the interrupts */
#define START_LOOK_PIECES	16
#define START_ADDRESS_BITS	52

static bool start_aligned(u64 at)
{
	return !(at & (TAIJI_SECTION_SIZE - 1));
}

/* The first range of RAM that ends above @at: they are in order. */
static u32 start_find(const struct taiji_start *args, u64 at)
{
	u32 from = 0, to = args->nr_ranges;

	while (from < to) {
		u32 i = (from + to) / 2;

		if (args->ram[i].start + args->ram[i].size > at)
			to = i;
		else
			from = i + 1;
	}
	return from;
}

static bool start_within(const struct taiji_start *args, struct taiji_range range)
{
	u32 i = start_find(args, range.start);
	struct taiji_range ram;

	if (i == args->nr_ranges)
		return false;
	ram = args->ram[i];
	return range.start >= ram.start && range.size <= ram.size &&
	       range.start - ram.start <= ram.size - range.size;
}

static u64 start_shared_size(const struct taiji_start *args)
{
	return sizeof(struct taiji_shared) + args->nr_cpus * sizeof(struct taiji_cpu_stats);
}

static bool start_overlap(struct taiji_range a, struct taiji_range b)
{
	return a.size && b.size && a.start < b.start + b.size && b.start < a.start + a.size;
}

static bool start_bounded(const struct taiji_start *args, struct taiji_range range)
{
	return range.start >= args->first && range.size <= args->end &&
	       range.start <= args->end - range.size;
}

/* What the host and the engine both use. */
static bool start_shared_valid(const struct taiji_start *args)
{
	u64 units = (args->end - args->first) >> TAIJI_SECTION_SHIFT;

	if (args->units.size &&
	    (args->units.start & 3 || !start_within(args, args->units) ||
	     args->units.size / sizeof(s32) < units))
		return false;
	return args->shared.size >= start_shared_size(args) && !(args->shared.start & 63) &&
	       start_within(args, args->shared) && !start_overlap(args->shared, args->units);
}

static struct taiji_range start_list(const struct taiji_start *args)
{
	return (struct taiji_range){ args->pieces, args->nr_pieces * sizeof(u64) };
}

static struct taiji_range start_self(const struct taiji_start *args, u64 at)
{
	return (struct taiji_range){ at, sizeof(*args) + args->nr_ranges * sizeof(*args->ram) };
}

/* The engine's own is none of what the host uses. */
static bool start_piece_valid(const struct taiji_start *args, struct taiji_range self, u64 at)
{
	struct taiji_range piece = { at, TAIJI_SECTION_SIZE };

	return start_aligned(at) && start_bounded(args, piece) && start_within(args, piece) &&
	       !start_overlap(piece, args->shared) && !start_overlap(piece, args->units) &&
	       !start_overlap(piece, start_list(args)) && !start_overlap(piece, self);
}

/* The arguments themselves are RAM, too. */
static bool start_lists_valid(const struct taiji_start *args, u64 at)
{
	struct taiji_range self = start_self(args, at);
	const u64 *pieces = arch_va(pa(args->pieces));

	return args->nr_pieces && !(args->pieces & 7) && start_within(args, start_list(args)) &&
	       start_within(args, self) && start_piece_valid(args, self, pieces[0]);
}

/* What START looks at each time. Then it goes through ranges and pieces, a few at a time. */
static bool start_valid(const struct taiji_start *args, u64 at)
{
	if (args->abi != TAIJI_ABI || !args->nr_cpus || args->nr_cpus > TAIJI_MAX_CPUS ||
	    !args->nr_ranges || arch_cpu() >= args->nr_cpus)
		return false;
	if (!start_aligned(args->first) || !start_aligned(args->end) || args->first >= args->end ||
	    args->ipa_bits > 52 || args->end > 1ULL << args->ipa_bits ||
	    args->end - args->first > TAIJI_MAX_SPAN)
		return false;
	return start_shared_valid(args) && start_lists_valid(args, at);
}

static void start_open(const struct taiji_start *args, u64 at)
{
	const u64 *pieces = arch_va(pa(args->pieces));

	arena_open(pieces[0]);
	arena->start_args = at;
	arena->first = args->first & ~(BIT_ULL(GIB_SHIFT) - 1);
	arena->low = args->first;
	arena->free_head = FRAME_NONE;
	arena->end = args->end;
	arena->units = args->units.size ? arch_va(pa(args->units.start)) : NULL;
	/* One frame a CPU, and one that somebody got the wrong moment for. */
	arena->reserve = taiji_floor_store(args->nr_cpus);
	arena->relief = FRAME_NONE;
	arena->shared = arch_va(pa(args->shared.start));
	__builtin_memset(arena->shared, 0, sizeof(*arena->shared));
}

/* What START does, one after the other; what is at hand is done when it is 0. */
enum start_phase {
	START_RANGES,
	START_PIECES,
	START_MAP,
	START_ALLOC,
	START_CPUS,
	START_GIBS,
	START_TABLES,
	START_SECTIONS,
	START_DONE,
};

/* Only CPUs that there are can note when they have looked. */
static bool start_irq_pending(void)
{
	return arena->start_phase > START_CPUS ? cpu_irq_pending() : arch_irq_pending();
}

static s64 start_look(u32 i, u32 each)
{
	return !(i % each) && start_irq_pending() ? -TAIJI_EAGAIN : 0;
}

/* One after the other, and room after them. */
static s64 start_ranges(const struct taiji_start *args)
{
	u64 from = args->first;
	s64 result = 0;

	while (!result && arena->start_range < args->nr_ranges) {
		u32 i = arena->start_range++;

		if (i)
			from = args->ram[i - 1].start + args->ram[i - 1].size;
		if (!start_bounded(args, args->ram[i]) || args->ram[i].start < from)
			return -TAIJI_EINVAL;
		result = start_look(i, START_LOOK);
	}
	if (result)
		return result;

	from = args->ram[args->nr_ranges - 1].start + args->ram[args->nr_ranges - 1].size;
	if (args->room.size && (!start_bounded(args, args->room) || args->room.start < from))
		return -TAIJI_EINVAL;
	/* start_gibs() goes through them again. */
	arena->start_range = 0;
	return 0;
}

static s64 start_pieces(const struct taiji_start *args)
{
	struct taiji_range self = start_self(args, arena->start_args);
	const u64 *pieces = arch_va(pa(args->pieces));
	s64 result = 0;

	/* The first is in use. */
	while (!result && ++arena->start_piece < args->nr_pieces) {
		u64 at = pieces[arena->start_piece];

		if (!start_piece_valid(args, self, at) || at <= arena->last->self)
			return -TAIJI_EINVAL;
		arena_add(at);
		result = start_look(arena->start_piece, START_LOOK_PIECES);
	}
	return result;
}

static s64 start_map(const struct taiji_start *args)
{
	u64 span = (args->end + BIT_ULL(GIB_SHIFT) - 1 - arena->first) >> GIB_SHIFT;

	arena->map = arena_alloc(span * sizeof(*arena->map), 64);
	arena->gibs = arena_alloc(span * sizeof(*arena->gibs), 64);
	if (!arena->map || !arena->gibs)
		return -TAIJI_ENOMEM;
	__builtin_memset(arena->map, 0, span * sizeof(*arena->map));
	return 0;
}

static s64 start_alloc(const struct taiji_start *args)
{
	pa_t root;

	arena->cpus = arena_alloc(args->nr_cpus * sizeof(*arena->cpus), 64);
	if (!arena->cpus || !store_init() || !arch_stage2_init(args->ipa_bits, &root))
		return -TAIJI_ENOMEM;
	arena->shared->stage2_root = root.val;
	return 0;
}

static s64 start_cpus(const struct taiji_start *args)
{
	struct taiji_cpu_stats *stats = (struct taiji_cpu_stats *)(arena->shared + 1);
	s64 result = 0;

	while (!result && arena->start_cpu < args->nr_cpus) {
		struct cpu *cpu = arena_alloc(sizeof(*cpu), 64);
		u32 i = arena->start_cpu++;

		if (!cpu)
			return -TAIJI_ENOMEM;
		/* Not the scratch at its end. */
		__builtin_memset(cpu, 0, offsetof(struct cpu, packed));
		cpu->stats = &stats[i];
		__builtin_memset(cpu->stats, 0, sizeof(*cpu->stats));
		cpu->frame = FRAME_NONE;
		arena->cpus[i] = cpu;
		result = start_look(i, 1);
	}
	return result;
}

/* The next GiB of RAM, or of room. */
static bool start_next_gib(const struct taiji_start *args, u64 *at)
{
	for (; arena->start_range <= args->nr_ranges; arena->start_range++) {
		struct taiji_range range = args->room;

		if (arena->start_range < args->nr_ranges)
			range = args->ram[arena->start_range];
		*at = range.start & ~(BIT_ULL(GIB_SHIFT) - 1);
		if (*at < arena->start_gib)
			*at = arena->start_gib;
		if (*at < range.start + range.size)
			return true;
	}
	return false;
}

static s64 start_gibs(const struct taiji_start *args)
{
	u64 at;

	while (start_next_gib(args, &at)) {
		if (!gib_add(at))
			return -TAIJI_ENOMEM;
		arena->start_gib = at + BIT_ULL(GIB_SHIFT);
		if (start_irq_pending())
			return -TAIJI_EAGAIN;
	}
	arena->shared->metadata = arena->used;
	return 0;
}

static s64 start_tables(void)
{
	while (!arch_stage2_fill(&arena->start_table)) {
		if (start_irq_pending())
			return -TAIJI_EAGAIN;
	}
	return 0;
}

static bool start_is_piece(const struct taiji_start *args, u64 section)
{
	const u64 *pieces = arch_va(pa(args->pieces));
	u32 from = 0, to = args->nr_pieces;

	while (from < to) {
		u32 i = (from + to) / 2;

		if (pieces[i] >= section)
			to = i;
		else
			from = i + 1;
	}
	return from < args->nr_pieces && pieces[from] == section;
}

/*
 * RAM is what begins and ends in the same range. What of a range is less than a section at either
 * end stays 1:1 and is never looked at.
 */
static u64 start_word(const struct taiji_start *args, u32 i)
{
	struct taiji_range at = { frame_pa(i).val, TAIJI_SECTION_SIZE };
	u64 word = SECTION_RAM | SECTION_BLOCK | i | TAIJI_SECTION_PAGES * SECTION_RESIDENT;

	if (!start_within(args, at)) {
		u32 k = start_find(args, at.start);

		if (k < args->nr_ranges && start_overlap(args->ram[k], at))
			return SECTION_KEPT | FRAME_NONE;
		return FRAME_NONE;
	}
	if (start_is_piece(args, at.start))
		return SECTION_HIDDEN;
	if (start_overlap(args->shared, at) || start_overlap(args->units, at))
		word |= SECTION_KEPT;
	return word;
}

static s64 start_sections(const struct taiji_start *args)
{
	s64 result = 0;

	while (!result && arena->start_section < arena->nr_sections) {
		u32 k = arena->start_section++;
		struct section *s = section_nth(k);
		u32 i = section_index(s);
		u64 word = start_word(args, i);

		*s = (struct section){ .word = word };
		frame_init(i, word & SECTION_BLOCK ? i : FRAME_FOREIGN);
		/* No CPU is below yet: there is nothing to flush. */
		if (word == SECTION_HIDDEN)
			arch_unmap(section_ipa(s));
		result = start_look(k, START_LOOK);
	}
	return result;
}

/* 0, or -TAIJI_EAGAIN when an interrupt waits: then it goes on from there. */
static s64 start_run(const struct taiji_start *args)
{
	switch (arena->start_phase) {
	case START_RANGES:
		return start_ranges(args);
	case START_PIECES:
		return start_pieces(args);
	case START_MAP:
		return start_map(args);
	case START_ALLOC:
		return start_alloc(args);
	case START_CPUS:
		return start_cpus(args);
	case START_GIBS:
		return start_gibs(args);
	case START_TABLES:
		return start_tables();
	default:
		return start_sections(args);
	}
}

static s64 start_go_on(const struct taiji_start *args)
{
	s64 result;

	if (arena->start_phase > START_CPUS)
		this_cpu()->looked = arch_clock();
	while (arena->start_phase < START_DONE) {
		result = start_run(args);
		if (result)
			return result;
		if (++arena->start_phase > START_CPUS)
			this_cpu()->looked = arch_clock();
		if (start_irq_pending())
			return -TAIJI_EAGAIN;
	}
	/* Now the other calls are taken, and aborts served. */
	__atomic_store_n(&arena->nr_cpus, args->nr_cpus, __ATOMIC_RELEASE);
	return 0;
}

static s64 start_claimed(u64 at)
{
	const struct taiji_start *args;
	s64 result;

	if (arena && (arena->nr_cpus || arena->start_args != at))
		return -TAIJI_EBUSY;
	args = arch_va(pa(at));
	if (!start_valid(args, at))
		return -TAIJI_EINVAL;
	if (!arena)
		start_open(args, at);
	result = start_go_on(args);
	if (result && result != -TAIJI_EAGAIN)
		arena_close();
	return result;
}

/* Of START, ADOPT and FORGET one CPU at a time: what they need to agree on is not there yet. */
static u32 start_busy;

static bool start_claim(void)
{
	return !__atomic_exchange_n(&start_busy, 1, __ATOMIC_ACQUIRE);
}

static void start_unclaim(void)
{
	__atomic_store_n(&start_busy, 0, __ATOMIC_RELEASE);
}

static bool start_address(u64 at, u64 align)
{
	return at && !(at & (align - 1)) && at < BIT_ULL(START_ADDRESS_BITS);
}

s64 start_start(pa_t at)
{
	s64 result;

	if (!start_address(at.val, 8))
		return -TAIJI_EINVAL;
	if (!start_claim())
		return -TAIJI_EBUSY;
	result = start_claimed(at.val);
	start_unclaim();
	return result;
}

/*
 * Another payload has built it, and may still be at work on other CPUs: every change is one that
 * two CPUs could make at once, so it does not matter whose code makes it.
 */
s64 start_adopt(pa_t at)
{
	s64 result = -TAIJI_EBUSY;

	if (at.val && !start_address(at.val, TAIJI_SECTION_SIZE))
		return -TAIJI_EINVAL;
	if (!start_claim())
		return -TAIJI_EBUSY;
	if (!at.val) {
		/* What it worked on before another took over is not there any more. */
		arena = NULL;
		result = 0;
	} else if (!arena) {
		result = arena_adopt(at) ? 0 : -TAIJI_EINVAL;
	}
	start_unclaim();
	return result;
}

s64 start_forget(void)
{
	s64 result = -TAIJI_EINVAL;

	if (!start_claim())
		return -TAIJI_EBUSY;
	if (arena) {
		/* A START that is not finished can be given up. */
		result = arena->nr_cpus && !arena->stopped ? -TAIJI_EBUSY : 0;
		if (!result)
			arena_close();
	}
	start_unclaim();
	return result;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before anything, and after everything: no CPU is under the stage 2 when START runs, nor when
 * FORGET does.
 */
#include "arch.h"
#include "arena.h"
#include "cpu.h"
#include "section.h"
#include "start.h"
#include "store.h"

#define START_LOOK		64	/* sections between two looks at the interrupts */
#define START_ADDRESS_BITS	52

static bool start_aligned(u64 at)
{
	return !(at & (TAIJI_SECTION_SIZE - 1));
}

static bool start_within(const struct taiji_start *args, struct taiji_range range)
{
	for (u32 i = 0; i < args->nr_ranges; i++) {
		struct taiji_range ram = args->ram[i];

		if (range.start >= ram.start && range.size <= ram.size &&
		    range.start - ram.start <= ram.size - range.size)
			return true;
	}
	return false;
}

static u64 start_shared_size(const struct taiji_start *args)
{
	return sizeof(struct taiji_shared) + args->nr_cpus * sizeof(struct taiji_cpu_stats);
}

static bool start_overlap(struct taiji_range a, struct taiji_range b)
{
	return a.size && b.size && a.start < b.start + b.size && b.start < a.start + a.size;
}

/* What the host and the engine both use is none of the engine's own, and none of it is twice. */
static bool start_apart(const struct taiji_start *args)
{
	return !start_overlap(args->arena, args->shared) &&
	       !start_overlap(args->arena, args->units) &&
	       !start_overlap(args->shared, args->units);
}

/* The arguments themselves are RAM, too. */
static bool start_holds(const struct taiji_start *args, pa_t at)
{
	struct taiji_range self = { at.val, sizeof(*args) };

	return start_within(args, self) && !start_overlap(args->arena, self);
}

static bool start_valid(const struct taiji_start *args)
{
	if (args->abi != TAIJI_ABI || !args->nr_cpus || args->nr_cpus > TAIJI_MAX_CPUS ||
	    !args->nr_ranges || args->nr_ranges > TAIJI_MAX_RANGES)
		return false;
	if (!start_aligned(args->first) || !start_aligned(args->end) || args->first >= args->end ||
	    args->ipa_bits > 52 || args->end > 1ULL << args->ipa_bits)
		return false;
	if ((args->end - args->first) >> TAIJI_SECTION_SHIFT >= FRAME_FOREIGN)
		return false;
	for (u32 i = 0; i < args->nr_ranges; i++) {
		if (args->ram[i].start < args->first || args->ram[i].size > args->end ||
		    args->ram[i].start > args->end - args->ram[i].size)
			return false;
	}
	if (!start_aligned(args->arena.start) || !start_aligned(args->arena.size) ||
	    !args->arena.size || !start_within(args, args->arena))
		return false;
	if (args->units.size &&
	    (args->units.start & 3 || !start_within(args, args->units) ||
	     args->units.size / sizeof(s32) < (args->end - args->first) >> TAIJI_SECTION_SHIFT))
		return false;
	return args->shared.size >= start_shared_size(args) && !(args->shared.start & 63) &&
	       start_within(args, args->shared) && start_apart(args) &&
	       arch_cpu() < args->nr_cpus;
}

static u32 start_nr_frames(const struct taiji_start *args)
{
	u64 end = 0;

	for (u32 i = 0; i < args->nr_ranges; i++) {
		if (args->ram[i].start + args->ram[i].size > end)
			end = args->ram[i].start + args->ram[i].size;
	}
	return (end - args->first) >> TAIJI_SECTION_SHIFT;
}

static bool start_sums(u32 nr)
{
#ifdef TAIJI_DEBUG
	arena->sums = arena_alloc(nr * (TAIJI_SECTION_PAGES * sizeof(u16)), 64);
	return arena->sums;
#else
	(void)nr;
	return true;
#endif
}

/* Room for everything; what is in it comes step by step. */
static bool start_alloc(const struct taiji_start *args)
{
	u32 nr = (args->end - args->first) >> TAIJI_SECTION_SHIFT;
	pa_t root;

	arena->cpus = arena_alloc(args->nr_cpus * sizeof(struct cpu), 64);
	if (!arena->cpus || !section_alloc(nr) || !frame_alloc(start_nr_frames(args)) ||
	    !store_init() || !start_sums(nr) ||
	    !arch_stage2_init(args->ipa_bits, ipa(args->first), ipa(args->end), &root))
		return false;
	arena->shared->stage2_root = root.val;
	arena->shared->metadata = arena->used;
	return true;
}

static s64 start_begin(const struct taiji_start *args)
{
	if (!arena_open(args->arena))
		return -TAIJI_ENOMEM;
	arena->first = args->first;
	arena->end = args->end;
	arena->units = args->units.size ? arch_va(pa(args->units.start)) : NULL;
	/* One frame a CPU, and one that somebody got the wrong moment for. */
	arena->reserve = taiji_floor_store(args->nr_cpus);
	arena->shared = arch_va(pa(args->shared.start));
	__builtin_memset(arena->shared, 0, sizeof(*arena->shared));
	if (start_alloc(args))
		return 0;
	arena_close();
	return -TAIJI_ENOMEM;
}

/* This and those below: false when an interrupt waits; then they go on from there. */
static bool start_cpus(const struct taiji_start *args)
{
	struct taiji_cpu_stats *stats = (struct taiji_cpu_stats *)(arena->shared + 1);

	while (arena->start_cpu < args->nr_cpus) {
		struct cpu *cpu = &arena->cpus[arena->start_cpu];

		/* Not the scratch at its end. */
		__builtin_memset(cpu, 0, offsetof(struct cpu, packed));
		cpu->stats = &stats[arena->start_cpu++];
		__builtin_memset(cpu->stats, 0, sizeof(*cpu->stats));
		cpu->frame = FRAME_NONE;
		cpu->victim = FRAME_NONE;
		if (arch_irq_pending())
			return false;
	}
	this_cpu()->looked = arch_clock();
	return true;
}

static bool start_tables(void)
{
	while (!arch_stage2_fill(&arena->start_table)) {
		if (cpu_irq_pending())
			return false;
	}
	return true;
}

/*
 * RAM is what begins and ends in the same range. What of a range is less than a section at either
 * end stays 1:1 and is never looked at.
 */
static u64 start_word(const struct taiji_start *args, u32 i)
{
	struct taiji_range at = { args->first + i * TAIJI_SECTION_SIZE, TAIJI_SECTION_SIZE };
	u64 word = SECTION_RAM | SECTION_BLOCK | i | TAIJI_SECTION_PAGES * SECTION_RESIDENT;

	if (!start_within(args, at)) {
		for (u32 k = 0; k < args->nr_ranges; k++) {
			if (start_overlap(args->ram[k], at))
				return SECTION_KEPT | FRAME_NONE;
		}
		return FRAME_NONE;
	}
	if (start_overlap(args->arena, at))
		return SECTION_HIDDEN;
	if (start_overlap(args->shared, at) || start_overlap(args->units, at))
		word |= SECTION_KEPT;
	return word;
}

static bool start_sections(const struct taiji_start *args)
{
	while (arena->start_section < arena->nr_sections) {
		u32 i = arena->start_section++;
		u64 word = start_word(args, i);

		arena->sections[i] = (struct section){ .word = word };
		if (i < arena->nr_frames)
			frame_init(i, word & SECTION_BLOCK ? i : FRAME_FOREIGN);
		/* No CPU is below yet: there is nothing to flush. */
		if (word == SECTION_HIDDEN)
			arch_unmap(section_ipa(&arena->sections[i]));
		if (!(i % START_LOOK) && cpu_irq_pending())
			return false;
	}
	return true;
}

static s64 start_go_on(const struct taiji_start *args)
{
	if (!start_cpus(args) || !start_tables() || !start_sections(args))
		return -TAIJI_EAGAIN;
	/* Now the other calls are taken, and aborts served. */
	__atomic_store_n(&arena->nr_cpus, args->nr_cpus, __ATOMIC_RELEASE);
	return 0;
}

static s64 start_claimed(pa_t at)
{
	const struct taiji_start *args;
	s64 result = 0;

	if (arena && (arena->nr_cpus || arena->start_args != at.val))
		return -TAIJI_EBUSY;
	args = arch_va(at);
	if (!start_valid(args) || !start_holds(args, at))
		return -TAIJI_EINVAL;
	if (!arena) {
		result = start_begin(args);
		if (result)
			return result;
		arena->start_args = at.val;
	}
	return start_go_on(args);
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
	result = start_claimed(at);
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

	if (!start_address(at.val, TAIJI_SECTION_SIZE))
		return -TAIJI_EINVAL;
	if (!start_claim())
		return -TAIJI_EBUSY;
	if (!arena)
		result = arena_adopt(at) ? 0 : -TAIJI_EINVAL;
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

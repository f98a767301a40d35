// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before anything, and after everything: no CPU is under the stage 2 when START runs, and none
 * faults any more when STOP has succeeded.
 */
#include "arch.h"
#include "arena.h"
#include "hide.h"
#include "section.h"
#include "start.h"
#include "stats.h"
#include "store.h"

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
	return a.start < b.start + b.size && b.start < a.start + a.size;
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
	       start_within(args, args->shared) && !start_overlap(args->arena, args->shared);
}

/* Whole sections of RAM; what is less at either end stays 1:1 and is never looked at. */
static void start_ram(struct taiji_range ram)
{
	u64 from = (ram.start - arena->first + TAIJI_SECTION_SIZE - 1) >> TAIJI_SECTION_SHIFT;
	u64 to = (ram.start + ram.size - arena->first) >> TAIJI_SECTION_SHIFT;

	for (u64 i = from; i < to; i++) {
		arena->sections[i].word = SECTION_RAM | SECTION_BLOCK | i |
					  TAIJI_SECTION_PAGES * SECTION_RESIDENT;
		frame_set_owner(i, i);
	}
}

static s64 start_hide_arena(struct taiji_range range)
{
	return hide_sections(section_at(ipa(range.start)), range.size >> TAIJI_SECTION_SHIFT);
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

static bool start_cpus(const struct taiji_start *args)
{
	struct taiji_cpu_stats *stats;

	arena->shared = arch_va(pa(args->shared.start));
	__builtin_memset(arena->shared, 0, start_shared_size(args));
	stats = (struct taiji_cpu_stats *)(arena->shared + 1);
	arena->nr_cpus = args->nr_cpus;
	arena->cpus = arena_alloc(args->nr_cpus * sizeof(struct cpu), 64);
	if (!arena->cpus)
		return false;
	for (u32 i = 0; i < args->nr_cpus; i++) {
		arena->cpus[i].stats = &stats[i];
		arena->cpus[i].frame = FRAME_NONE;
		arena->cpus[i].victim = FRAME_NONE;
	}
	return true;
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

static s64 start_build(const struct taiji_start *args)
{
	u32 nr = (args->end - args->first) >> TAIJI_SECTION_SHIFT;
	pa_t root;

	arena->first = args->first;
	arena->end = args->end;
	arena->units = args->units.size ? arch_va(pa(args->units.start)) : NULL;
	/* One frame a CPU, and one that somebody got the wrong moment for. */
	arena->reserve = taiji_floor_store(args->nr_cpus);
	if (!section_init(nr) || !frame_init(start_nr_frames(args)) || !store_init() ||
	    !start_cpus(args) || !start_sums(nr) ||
	    !arch_stage2_init(args->ipa_bits, ipa(args->first), ipa(args->end), &root))
		return -TAIJI_ENOMEM;
	for (u32 i = 0; i < args->nr_ranges; i++)
		start_ram(args->ram[i]);
	arena->shared->stage2_root = root.val;
	arena->shared->metadata = arena->used;
	return start_hide_arena(args->arena);
}

s64 start_start(pa_t at)
{
	const struct taiji_start *args = arch_va(at);
	s64 result;

	if (arena)
		return -TAIJI_EBUSY;
	if (!start_valid(args))
		return -TAIJI_EINVAL;
	if (!arena_open(args->arena))
		return -TAIJI_ENOMEM;
	result = start_build(args);
	if (result)
		arena_close();
	return result;
}

/*
 * Another payload has built it, and may still be at work on other CPUs: every change is one that
 * two CPUs could make at once, so it does not matter whose code makes it.
 */
s64 start_adopt(pa_t at)
{
	/* What it worked on before another took over is not there any more. */
	if (!at.val) {
		arena = NULL;
		return 0;
	}
	if (arena)
		return -TAIJI_EBUSY;
	return arena_adopt(at) ? 0 : -TAIJI_EINVAL;
}

/* What the machine would have without us, or what is hidden. */
static bool start_untouched(const struct section *s)
{
	u64 word = section_word(s);

	if (word & (SECTION_GROWN | SECTION_DONATED | SECTION_OWNED))
		return false;
	return !(word & SECTION_OURS) || section_is_home_block(s, word);
}

s64 start_stop(void)
{
	if (arena->shared->store_frames)
		return -TAIJI_EBUSY;
	for (u32 i = 0; i < arena->nr_sections; i++) {
		if (!start_untouched(&arena->sections[i]))
			return -TAIJI_EBUSY;
	}
	/* CPUs are still below: those without a hardware access flag must not miss one. */
	for (u32 i = 0; i < arena->nr_sections; i++) {
		if (section_word(&arena->sections[i]) & SECTION_BLOCK)
			arch_block_set_young(section_ipa(&arena->sections[i]));
	}
	arena->stopped = 1;
	return 0;
}

s64 start_forget(void)
{
	if (!arena->stopped)
		return -TAIJI_EBUSY;
	arena_close();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The swap engine on large machines: TiBs, hundreds of CPUs, banks far apart, RAM in hundreds of
 * pieces. What the host does not touch costs nothing, so a small machine can play a large one.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "arena.h"
#include "engine_host.h"
#include "section.h"
#include "tap.h"

#define GIB		512U	/* sections */
#define TIB		(1024 * GIB)
#define DONATED		600
#define MAX_RANGES	300

/* A process with this sanitizer has a little more than 1 TiB of address space. */
#ifdef __SANITIZE_THREAD__
#define MOST		(TIB / 2)
#else
#define MOST		(4 * TIB)
#endif

static void fill(unsigned int section, u64 seed)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i += 61)
		content_write(page_addr(section, i), i % NR_CONTENTS, seed + i);
}

static bool intact(unsigned int section, u64 seed)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i += 61) {
		if (!content_check(page_addr(section, i), i % NR_CONTENTS, seed + i))
			return false;
	}
	return true;
}

/* An interrupt at every look: START goes on from there. */
static bool boots(void)
{
	s64 result;

	host_boot();
	fake_irq_rate(1);
	result = call_again(TAIJI_CALL_START, FAKE_RAM_START);
	fake_irq_rate(0);
	return !result;
}

/* All that is RAM, but for what the host and the engine have of their own. */
static s64 allow(void)
{
	struct taiji_range first = { FAKE_RAM_START, host.ram * TAIJI_SECTION_SIZE };
	unsigned int nr = host.ranges ? host.nr_ranges : 1;

	for (unsigned int i = 0; i < nr; i++) {
		struct taiji_range ram = host.ranges ? host.ranges[i] : first;
		u64 from = i ? ram.start : section_addr(host.first_user);
		s64 result;

		from = (from + TAIJI_SECTION_SIZE - 1) & ~(TAIJI_SECTION_SIZE - 1);
		result = call_range(TAIJI_CALL_ALLOW,
				    (from - FAKE_RAM_START) >> TAIJI_SECTION_SHIFT,
				    (ram.start + ram.size - from) >> TAIJI_SECTION_SHIFT, 1);
		if (result)
			return result;
	}
	return 0;
}

/* The arena is as large as it has to be, and not much larger. */
static void accounts(void)
{
	u64 pieces = host.args->nr_pieces;

	CHECK(host.shared->metadata <= pieces * TAIJI_SECTION_SIZE);
	CHECK(host.shared->metadata > (pieces - 1) * (TAIJI_SECTION_SIZE / 2));
	CHECK_EQ(arena->nr_sections % GIB, 0);
	for (u32 i = 0; i < pieces; i++) {
		struct section *s = section_at(ipa(host.pieces[i]));

		CHECK(!(section_word(s) & SECTION_OURS));
		CHECK_EQ(frame_owner(section_index(s)), FRAME_FOREIGN);
		CHECK(arena_holds(host.pieces[i]));
		CHECK_EQ(call(TAIJI_CALL_SHOW, host.pieces[i], 1, 0), -TAIJI_EINVAL);
	}
	CHECK(!arena_holds(section_addr(0)));
}

/* Each section has its own number, address and frame, whatever way one gets there. */
static void names_are_right(unsigned int section)
{
	struct section *s = section_at(ipa(section_addr(section)));

	CHECK(s);
	CHECK_EQ(section_index(s), section);
	CHECK_EQ(section_ipa(s).val, section_addr(section));
	CHECK(section_of(section) == s);
	CHECK_EQ(frame_pa(section).val, section_addr(section));
}

/* Write, out, in by touch, and out and in by a call, home. */
static void lives(unsigned int section)
{
	names_are_right(section);
	fill(section, section);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK(intact(section, section));
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_IN, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, section), TAIJI_SECTION_PAGES);
	CHECK(intact(section, section));
}

/* It is out when others are: its frame is another one when it comes in. */
static void leaves(unsigned int section)
{
	fill(section, section);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
}

static void comes_back(unsigned int section)
{
	CHECK(intact(section, section));
	CHECK_EQ(call_whole(TAIJI_CALL_IN, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, section), TAIJI_SECTION_PAGES);
	CHECK(intact(section, section));
}

static void grows_a_bit(void)
{
	unsigned int at = host.first_grown;

	CHECK_EQ(call_range(TAIJI_CALL_GROW, at, GIB + 3, 0), 0);
	for (unsigned int i = 0; i < 4; i++) {
		fill(at + GIB - 1 + i / 2, i / 2);
		CHECK(intact(at + GIB - 1 + i / 2, i / 2));
	}
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, at + GIB), TAIJI_SECTION_PAGES);
	CHECK(intact(at + GIB, 1));
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, at, GIB + 3, 0), 0);
}

static void takes_back(void)
{
	s64 result;

	do {
		result = call_again(TAIJI_CALL_RECLAIM, 0);
		host.donated -= result > 0;
	} while (result > 0);
	CHECK_EQ(result, -TAIJI_ENOENT);
	CHECK_EQ(host.donated, 0);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
	CHECK(!arena);
	fake_machine_stop();
}

static void begins(void)
{
	CHECK_EQ(call_range(TAIJI_CALL_DONATE, host.first_donated, host.donated, 0), 0);
	CHECK_EQ(allow(), 0);
	accounts();
}

/* The machine, and what it is asked for at the ends and in the middle. */
static void runs(void)
{
	unsigned int middle = host.first_user + (host.ram - host.first_user) / 2;

	if (host.ranges)
		middle = host.ranges[0].size / TAIJI_SECTION_SIZE - 1;
	begins();
	lives(host.first_user);
	lives(host.ram - 1);
	leaves(middle);
	leaves(host.ram - 1);
	leaves(host.first_user);
	comes_back(host.ram - 1);
	comes_back(middle);
	comes_back(host.first_user);
	if (host.grown)
		grows_a_bit();
	takes_back();
}

static void machine(unsigned int cpus, unsigned int ram)
{
	host = (struct host){
		.cpus = cpus, .ram = ram, .grown = ram, .donated = DONATED, .ipa_bits = 48,
		.stride = 3,
	};
	if (boots())
		return runs();
	CHECK(!"START");
}

static void has_tebibytes(void)
{
	machine(128, MOST / 4);
	machine(64, MOST);
}

static void has_many_cpus(void)
{
	machine(TAIJI_MAX_CPUS, 64 * GIB);
}

/* One piece less than the engine asks for is too few: where it would overrun is refused. */
static void needs_its_pieces(void)
{
	host = (struct host){ .cpus = 128, .ram = 256 * GIB, .donated = DONATED };
	host_boot();
	for (u32 nr = host.args->nr_pieces / 2; nr; nr /= 2) {
		host.args->nr_pieces = nr;
		CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), -TAIJI_ENOMEM);
	}
	host.args->nr_pieces = taiji_arena_pieces(host.args);
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), 0);
	runs();
}

/* How far apart the banks are does not matter. */
static void has_a_hole(void)
{
	const u64 gib = GIB * TAIJI_SECTION_SIZE;
	struct taiji_range banks[2] = {
		{ FAKE_RAM_START, 8 * gib },
		{ section_addr(MOST / 4), 4 * gib },
	};
	u32 without;

	host = (struct host){ .cpus = 8, .ram = 12 * GIB, .grown = 12 * GIB, .ipa_bits = 48 };
	host_boot();
	without = host.args->nr_pieces;
	fake_machine_stop();

	host = (struct host){
		.cpus = 8, .ram = MOST / 4 + 4 * GIB, .grown = 12 * GIB, .donated = DONATED,
		.ranges = banks, .nr_ranges = 2, .ipa_bits = 48,
	};
	CHECK(boots());
	fake_hole(banks[0].start + banks[0].size, banks[1].start - banks[0].start - banks[0].size);
	CHECK(host.args->nr_pieces <= without + 1);
	CHECK_EQ(arena->nr_sections, 24 * GIB);
	/* Nothing is there, and no range of sections goes across. */
	CHECK(!section_at(ipa(section_addr(8 * GIB))));
	CHECK(!section_at(ipa(section_addr(MOST / 4 - 1))));
	CHECK_EQ(call(TAIJI_CALL_ALLOW, section_addr(7 * GIB), GIB + 1, 1), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_ALLOW, section_addr(7 * GIB), MOST / 4, 1), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_GROW, section_addr(8 * GIB), 1, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(9 * GIB), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_AGE, section_addr(8 * GIB), TAIJI_AGE_SECTIONS, 0), 0);
	runs();
}

/*
 * As firmware leaves it: ranges of any size that begin and end anywhere, some less than a section.
 * Only whole sections are looked after.
 */
static void is_in_pieces(void)
{
	static struct taiji_range ranges[MAX_RANGES];
	unsigned int ours = 0;
	u64 at = FAKE_RAM_START;

	ranges[0] = (struct taiji_range){ at, 4 * GIB * TAIJI_SECTION_SIZE };
	for (unsigned int i = 1; i < MAX_RANGES; i++) {
		at = ranges[i - 1].start + ranges[i - 1].size + (1 + i * 7 % 900) * TAIJI_PAGE_SIZE;
		ranges[i] = (struct taiji_range){ at, (1 + i * 131 % 5000) * TAIJI_PAGE_SIZE };
	}
	at = ranges[MAX_RANGES - 1].start + ranges[MAX_RANGES - 1].size;
	/* The last of them ends with a section. */
	ranges[MAX_RANGES - 1].size += -at & (TAIJI_SECTION_SIZE - 1);
	at += -at & (TAIJI_SECTION_SIZE - 1);

	host = (struct host){
		.cpus = 4, .ram = (at - FAKE_RAM_START) >> TAIJI_SECTION_SHIFT, .grown = 2 * GIB,
		.donated = DONATED, .ranges = ranges, .nr_ranges = MAX_RANGES,
	};
	CHECK(boots());
	for (unsigned int i = 1; i < MAX_RANGES; i++) {
		u64 from = (ranges[i].start + TAIJI_SECTION_SIZE - 1) >> TAIJI_SECTION_SHIFT;
		u64 to = (ranges[i].start + ranges[i].size) >> TAIJI_SECTION_SHIFT;

		ours += to > from ? to - from : 0;
	}
	for (unsigned int i = 4 * GIB; i < host.ram; i++)
		ours -= !!(section_word(section_of(i)) & SECTION_OURS);
	CHECK_EQ(ours, 0);
	/* Not in order. */
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
	ranges[0] = host.args->ram[7];
	host.args->ram[7] = host.args->ram[8];
	host.args->ram[8] = ranges[0];
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), -TAIJI_EINVAL);
	host.args->ram[8] = host.args->ram[7];
	host.args->ram[7] = ranges[0];
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), 0);
	ranges[0] = host.args->ram[0];
	CHECK_EQ(call_range(TAIJI_CALL_DONATE, host.first_donated, DONATED, 0), 0);
	accounts();
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, host.ram - 1, 1, 1), 0);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, 4 * GIB - 1, 1, 1), 0);
	lives(4 * GIB - 1);
	lives(host.ram - 1);
	takes_back();
}

/* Neither the first byte nor the last is that of a GiB, or of a section. */
static void ends_anywhere(void)
{
	struct taiji_range ram = {
		FAKE_RAM_START, (3 * GIB + 77) * TAIJI_SECTION_SIZE - 5 * TAIJI_PAGE_SIZE
	};
	const u64 skip = 8 * TAIJI_SECTION_SIZE;
	const u64 move = skip + 3 * TAIJI_PAGE_SIZE;

	host = (struct host){
		.cpus = 2, .ram = 3 * GIB + 77, .grown = GIB + 9, .donated = DONATED,
		.ranges = &ram, .nr_ranges = 1,
	};
	host_boot();
	/* The host's own, too, is further up. */
	memmove((char *)host.args + move, host.args, skip / 2);
	host.args = (void *)((char *)host.args + move);
	host.args->first += skip + TAIJI_SECTION_SIZE;
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START + move), -TAIJI_EINVAL);
	host.args->first -= TAIJI_SECTION_SIZE;
	host.args->ram[0].start += move;
	host.args->ram[0].size -= move;
	host.args->shared.start += move;
	host.args->units.start += move;
	host.args->units.size -= skip / TAIJI_SECTION_SIZE * sizeof(*host.units);
	host.args->pieces += move;
	host.pieces = arch_va(pa(host.args->pieces));
	host.shared = arch_va(pa(host.args->shared.start));
	for (u32 i = 0; i < host.args->nr_pieces; i++)
		host.pieces[i] += skip;
	host.first_donated += skip / TAIJI_SECTION_SIZE;
	host.first_user += skip / TAIJI_SECTION_SIZE;
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START + move), 0);
	CHECK(!section_at(ipa(section_addr(7))));
	CHECK(!(section_word(section_at(ipa(section_addr(8)))) & SECTION_OURS));
	CHECK(section_word(section_at(ipa(section_addr(host.first_user)))) & SECTION_BLOCK);
	CHECK(!(section_word(section_at(ipa(section_addr(host.ram - 1)))) & SECTION_OURS));
	CHECK(!section_at(ipa(section_addr(host.end))));
	CHECK_EQ(call(TAIJI_CALL_GROW, section_addr(host.end - 1), 2, 0), -TAIJI_EINVAL);
	host.ram--;
	ram.size -= TAIJI_SECTION_SIZE - 5 * TAIJI_PAGE_SIZE;
	CHECK_EQ(call_range(TAIJI_CALL_DONATE, host.first_donated, DONATED, 0), 0);
	CHECK_EQ(allow(), 0);
	accounts();
	lives(host.first_user);
	lives(host.ram - 1);
	grows_a_bit();
	takes_back();
}

static void is_too_far_apart(void)
{
	host = (struct host){ .cpus = 2, .ram = GIB, .ipa_bits = 48 };
	host_boot();
	host.args->end = FAKE_RAM_START + TAIJI_MAX_SPAN + TAIJI_SECTION_SIZE;
	host.args->units.size = 0;
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), -TAIJI_EINVAL);
	fake_machine_stop();
}

int main(void)
{
	tap_begin();
	TAP_RUN(has_tebibytes);
	TAP_RUN(has_many_cpus);
	TAP_RUN(needs_its_pieces);
	TAP_RUN(has_a_hole);
	TAP_RUN(is_in_pieces);
	TAP_RUN(ends_anywhere);
	TAP_RUN(is_too_far_apart);
	return tap_end();
}

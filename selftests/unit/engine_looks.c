// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long does the engine hold interrupts off? On a machine of a TiB, with an interrupt pending at
 * every look, each call does what it can between two looks at them: that is counted, in basic
 * blocks of the engine (-fsanitize-coverage=trace-pc) and cache lines that are copied or cleared. A
 * clock would tell more, and each time something else.
 *
 * The measure is a micro-page that LZ4 packs: nothing may be more than 1.3 of that, or flush more
 * than twice.
 */
#include "call.h"
#include "codec.h"
#include "engine_host.h"
#include "engine_looks.h"
#include "engine_steps.h"
#include "grow.h"
#include "tap.h"

#define RAM	(512 * 1024)
#define GROWN	(16 * 1024)
#define CPUS	256
#define DONATED	600	/* the reserve of that many CPUs, and some */
#define USERS	6
#define RANGES	1024	/* of RAM, where there is as much of it as there can be */
#define LINE	64

struct work {
	u64 blocks;
	u64 flushes;
};

static const char * const names[TAIJI_NR_CALLS] = {
	[TAIJI_CALL_NOP] = "NOP", [TAIJI_CALL_START] = "START", [TAIJI_CALL_STOP] = "STOP",
	[TAIJI_CALL_FORGET] = "FORGET", [TAIJI_CALL_DONATE] = "DONATE",
	[TAIJI_CALL_RECLAIM] = "RECLAIM", [TAIJI_CALL_GROW] = "GROW",
	[TAIJI_CALL_SHRINK] = "SHRINK", [TAIJI_CALL_ALLOW] = "ALLOW", [TAIJI_CALL_OUT] = "OUT",
	[TAIJI_CALL_IN] = "IN", [TAIJI_CALL_HOME] = "HOME", [TAIJI_CALL_AGE] = "AGE",
	[TAIJI_CALL_DROP] = "DROP", [TAIJI_CALL_COLLAPSE] = "COLLAPSE",
	[TAIJI_CALL_ADOPT] = "ADOPT", [TAIJI_CALL_HIDE] = "HIDE", [TAIJI_CALL_SHOW] = "SHOW",
	[TAIJI_CALL_DISCARD] = "DISCARD", [TAIJI_CALL_COMPACT] = "COMPACT",
	[TAIJI_CALL_AWAY] = "AWAY",
};

#define ABORT	TAIJI_NR_CALLS

static struct work now, longest[TAIJI_NR_CALLS + 1];
static u64 calls[TAIJI_NR_CALLS];
static u64 current;	/* the call that is made */

void __sanitizer_cov_trace_pc(void)
{
	now.blocks++;
}

static void look(void)
{
	struct work *l = &longest[current];

	if (now.blocks > l->blocks)
		l->blocks = now.blocks;
	if (now.flushes > l->flushes)
		l->flushes = now.flushes;
	now = (struct work){ };
}

/* What the engine asks for, and what it does in one instruction that takes its time. */
bool __wrap_arch_irq_pending(void)
{
	look();
	return __real_arch_irq_pending();
}

void __wrap_arch_flush(ipa_t section)
{
	now.flushes++;
	__real_arch_flush(section);
}

void __wrap_arch_flush_sections(ipa_t first, u32 n)
{
	now.flushes++;
	__real_arch_flush_sections(first, n);
}

void *__wrap_memcpy(void *to, const void *from, size_t n)
{
	now.blocks += n / LINE;
	return __real_memcpy(to, from, n);
}

void *__wrap_memset(void *at, int value, size_t n)
{
	now.blocks += n / LINE;
	return __real_memset(at, value, n);
}

s64 __wrap_engine_call(u64 call, u64 a, u64 b, u64 c)
{
	s64 result;

	current = call;
	calls[call]++;
	now = (struct work){ };
	result = __real_engine_call(call, a, b, c);
	look();
	return result;
}

bool __wrap_engine_abort(ipa_t at, enum engine_fault kind)
{
	bool result;

	current = ABORT;
	now = (struct work){ };
	result = __real_engine_abort(at, kind);
	look();
	return result;
}

static u64 seed_of(unsigned int user, unsigned int page)
{
	return user * 1000 + page;
}

/* By LZ4: what takes longest of what the test puts into pages. */
static u64 pack_a_page(void)
{
	static u64 page[TAIJI_PAGE_SIZE / 8], workmem[CODEC_WORKMEM / 8];
	static u8 to[TAIJI_PAGE_SIZE];
	u64 most = 0;

	for (unsigned int k = 0; k < 2 * USERS * TAIJI_SECTION_PAGES; k++) {
		enum content content = k % 2 ? NOISE : TEXT;
		u64 seed = seed_of(k / 2 % USERS, k / 2 / USERS);

		for (unsigned int i = 0; i < TAIJI_PAGE_SIZE / 8; i++)
			page[i] = content_word(content, seed, i);
		now = (struct work){ };
		codec_pack(to, TAIJI_PAGE_SIZE - LINE, page, workmem);
		if (now.blocks > most)
			most = now.blocks;
	}
	return most;
}

static enum content content_of(unsigned int user)
{
	return user % 2 ? NOISE : TEXT;
}

static void fill(unsigned int section, unsigned int user)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++)
		content_write(page_addr(section, i), content_of(user), seed_of(user, i));
}

static bool intact(unsigned int user)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++) {
		if (!content_check(page_addr(host.first_user + user, i), content_of(user),
				   seed_of(user, i)))
			return false;
	}
	return true;
}

/* From any number on, one call. */
static void go_over(u64 nr, unsigned int n, unsigned int step)
{
	for (unsigned int i = 0; i < n;) {
		s64 done = call(nr, section_addr(host.first_user + i), step, 0);

		if (nr != TAIJI_CALL_AGE)
			CHECK(done >= 0 && done <= step);
		i += nr == TAIJI_CALL_AGE ? step : done;
	}
}

static void starts(void)
{
	host = (struct host){ .cpus = CPUS, .ram = RAM, .donated = DONATED, .grown = GROWN };
	host_boot();
	fake_irq_rate(1);
	host_begin();
	CHECK_EQ(host.shared->sections_absent, GROWN);
	CHECK_EQ(host.shared->free_frames, DONATED);
}

/* As much RAM as there can be, in many ranges that begin anywhere. */
static void starts_at_the_limit(void)
{
	static struct taiji_range ranges[RANGES];
	const u64 size = TAIJI_MAX_SPAN / RANGES;

	for (unsigned int i = 0; i < RANGES; i++) {
		u64 skip = i % 300 * TAIJI_PAGE_SIZE;

		ranges[i] = (struct taiji_range){ FAKE_RAM_START + i * size + skip, size - skip };
	}
	host = (struct host){
		.cpus = CPUS, .ram = TAIJI_MAX_SPAN / TAIJI_SECTION_SIZE, .ipa_bits = 48,
		.ranges = ranges, .nr_ranges = RANGES,
	};
	host_boot();
	fake_irq_rate(1);
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), 0);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
	fake_machine_stop();
}

static void does_all_it_can(void)
{
	unsigned int first = host.first_user;

	for (unsigned int i = 0; i < USERS; i++)
		fill(first + i, i);
	fill(host.first_grown, 1);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, host.first_grown - 1, 1, 0), 0);
	CHECK_EQ(call_range(TAIJI_CALL_HIDE, host.first_grown - 1, 1, 0), 0);
	CHECK_EQ(call_range(TAIJI_CALL_SHOW, host.first_grown - 1, 1, 0), 0);
	go_over(TAIJI_CALL_AGE, 1024, TAIJI_AGE_SECTIONS);
	for (unsigned int i = 0; i < USERS; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, first + i), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, host.first_grown), TAIJI_SECTION_PAGES);
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i += 2)
		CHECK_EQ(call(TAIJI_CALL_DISCARD, page_addr(first, i), 0, 0), 0);
	CHECK_EQ(call_range(TAIJI_CALL_DROP, first + 1, 1, 0), 0);
	for (unsigned int i = 0; i < USERS; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_COMPACT, first + i), TAIJI_SECTION_PAGES);
	/* One by faults, so that it is made a block later. */
	CHECK(intact(2));
	go_over(TAIJI_CALL_AGE, 64, TAIJI_AGE_SECTIONS);
	go_over(TAIJI_CALL_COLLAPSE, 1024, 64);
}

/* Faults find no frame, and make some: of what packs and of what does not. */
static void relieves(void)
{
	unsigned int first = host.first_user;

	/* Nothing of it is young, so the search for a victim begins with what is hard to pack. */
	go_over(TAIJI_CALL_AGE, 64, TAIJI_AGE_SECTIONS);
	for (u64 mask = (1 << USERS) - 1; mask;) {
		s64 seen = call(TAIJI_CALL_AWAY, section_addr(first), mask, 0);

		CHECK(seen > 0 && seen <= USERS);
		mask = mask >> seen << seen;
	}
	for (unsigned int i = 0; i < DONATED - 2 * CPUS + 20; i++)
		fake_write(section_addr(host.first_grown + i), i);
	CHECK(host_count(relieved) > 0);
}

static unsigned int reclaim_all(s64 *result)
{
	unsigned int n = 0;

	while ((*result = call_again(TAIJI_CALL_RECLAIM, 0)) > 0)
		n++;
	return n;
}

/* As a base does it, with an interrupt at every look: it ends, and all is there. */
static void ends_in_a_storm(void)
{
	unsigned int first = host.first_user, back;
	s64 result;

	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, host.first_grown, GROWN, 0), 0);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int s = first; s < host.first_grown; s++)
			call_whole(TAIJI_CALL_IN, s);
		for (unsigned int s = first; s < host.first_grown; s++)
			call_whole(TAIJI_CALL_HOME, s);
	}
	for (unsigned int i = 2; i < USERS; i++)
		CHECK(intact(i));
	back = reclaim_all(&result);
	CHECK_EQ(result, -TAIJI_ENOENT);
	CHECK_EQ(back, DONATED);
	/* Far from where the search begins. */
	CHECK_EQ(call_range(TAIJI_CALL_DONATE, host.first_grown - 2, 2, 0), 0);
	CHECK_EQ(reclaim_all(&result), 2);
	CHECK_EQ(result, -TAIJI_ENOENT);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
	fake_machine_stop();
}

static void no_call_is_long(void)
{
	u64 packed = pack_a_page();

	printf("# a micro-page packed: %llu blocks; an abort: at most %llu and %llu flushes\n",
	       (unsigned long long)packed, (unsigned long long)longest[ABORT].blocks,
	       (unsigned long long)longest[ABORT].flushes);
	for (u64 i = 0; i < TAIJI_NR_CALLS; i++) {
		if (!calls[i])
			continue;
		printf("# %-8s %8llu calls, at most %llu blocks and %llu flushes at a time\n",
		       names[i], (unsigned long long)calls[i],
		       (unsigned long long)longest[i].blocks,
		       (unsigned long long)longest[i].flushes);
		CHECK(longest[i].blocks * 10 <= packed * 13);
		CHECK(longest[i].flushes <= 2);
	}
	/* A fault under pressure has packed one, and not much more. */
	CHECK(longest[ABORT].blocks * 10 >= packed * 9);
	CHECK(longest[ABORT].blocks * 10 <= packed * 13);
	CHECK(longest[ABORT].flushes <= 2);
	/* All but two: these only look whether there is a state. */
	for (u64 i = 0; i < TAIJI_NR_CALLS; i++)
		CHECK(calls[i] || i == TAIJI_CALL_NOP || i == TAIJI_CALL_ADOPT);
}

int main(void)
{
	tap_begin();
	TAP_RUN(starts_at_the_limit);
	TAP_RUN(starts);
	TAP_RUN(does_all_it_can);
	TAP_RUN(relieves);
	TAP_RUN(ends_in_a_storm);
	TAP_RUN(no_call_is_long);
	return tap_end();
}

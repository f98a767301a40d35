// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call with any arguments, from many CPUs at once, beside accesses. Nothing keeps one from
 * another but the engine itself, and now and then a CPU lets others go first, between any two basic
 * blocks of it (-fsanitize-coverage=trace-pc).
 *
 *	kept	sections whose content is never given up: it is checked all the time
 *	wild	sections that are dropped, shrunk, lent and hidden while they are used; what is in
 *		them is nobody's business, but each access ends
 *
 * Each micro-page is one CPU's, so that the host itself has no races. At the end every frame and
 * every section is accounted for, what is kept is there, and the engine can be stopped.
 *
 * FUZZ_SECONDS or FUZZ_ROUNDS (of each CPU) say for how long, FUZZ_CPUS how many, FUZZ_SEED repeats
 * the choices of each CPU if not their interleaving. A soak is FUZZ_ROUNDS=2000000.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "arena.h"
#include "engine_audit.h"
#include "engine_host.h"
#include "engine_steps.h"
#include "section.h"
#include "tap.h"

#define MAX_CPUS	FAKE_MAX_CPUS
#define RAM	52
#define DONATED	20
#define KEPT	12
#define GROWN	6	/* the last of them is kept, so that STOP never succeeds */
#define PATIENCE 400

struct ghost {
	enum content content;
	bool known;
	u64 seed;
};

struct fuzzer {
	pthread_t thread;
	unsigned int cpu;
	u64 seed;
	u64 rounds;
	u64 accesses;
	u64 stalls;
	u64 made[TAIJI_NR_CALLS + 1];
	u64 worked[TAIJI_NR_CALLS + 1];
};

static struct ghost *ghosts;
static struct fuzzer fuzzers[MAX_CPUS];
static unsigned int cpus = 4;
static u64 deadline, max_rounds;
static u64 seed = 1;
static bool wrong;

#define YIELD	1024	/* basic blocks, about */

__attribute__((no_sanitize("thread", "address")))
void __sanitizer_cov_trace_pc(void)
{
	static __thread u32 left, random;

	if (left--)
		return;
	random = random * 1664525 + (u32)(uintptr_t)&left + 1013904223;
	left = random >> 8 & (2 * YIELD - 1);
	sched_yield();
}

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static u64 number(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

static u64 below(u64 n)
{
	return (fake_random() >> 16) % n;
}

static void fail(const char *what, u64 a, u64 b)
{
	printf("# seed %llu: %s: %llu, %llu\n", (unsigned long long)seed, what,
	       (unsigned long long)a, (unsigned long long)b);
	__atomic_store_n(&wrong, true, __ATOMIC_RELAXED);
}

static bool is_kept(unsigned int section)
{
	return (section >= host.first_user && section < host.first_user + KEPT) ||
	       section == host.end - 1;
}

static unsigned int any_kept(void)
{
	return below(KEPT + 1) ? host.first_user + below(KEPT) : host.end - 1;
}

/* From the donated on: the kept ones are in between. */
static unsigned int any_wild(void)
{
	unsigned int section;

	do {
		section = host.first_donated + below(host.end - host.first_donated);
	} while (is_kept(section));
	return section;
}

/* One of this CPU's own. */
static unsigned int any_page(const struct fuzzer *f)
{
	return below(TAIJI_SECTION_PAGES / cpus) * cpus + f->cpu;
}

static struct ghost *ghost_of(unsigned int section, unsigned int page)
{
	return &ghosts[section * TAIJI_SECTION_PAGES + page];
}

static bool rewrite(struct ghost *g, u64 at)
{
	g->content = below(NR_CONTENTS);
	g->seed = fake_random();
	g->known = false;
	for (unsigned int i = 0; i < TAIJI_PAGE_SIZE / 8; i++) {
		if (fake_try_write(at + i * 8, content_word(g->content, g->seed, i)) != FAKE_DONE)
			return false;
	}
	g->known = true;
	return true;
}

static bool access_kept(struct fuzzer *f)
{
	unsigned int section = any_kept(), page = any_page(f);
	struct ghost *g = ghost_of(section, page);
	unsigned int i = below(4) ? below(TAIJI_PAGE_SIZE / 8) : 0;
	u64 at = page_addr(section, page);
	enum fake_result result;
	u64 value;

	if (!g->known || !below(16))
		return rewrite(g, at);
	result = i ? fake_try_read(at + i * 8, &value) : fake_try_fetch(at, &value);
	if (result == FAKE_UNOWNED)
		fail("the engine does not know it", section, page);
	if (result == FAKE_DONE && value != content_word(g->content, g->seed, i))
		fail("not what was written", section, page);
	return result == FAKE_DONE;
}

static bool access_wild(struct fuzzer *f)
{
	u64 at = page_addr(any_wild(), any_page(f)) + below(TAIJI_PAGE_SIZE / 8) * 8;
	u64 value = at;

	return (below(2) ? fake_try_read(at, &value) : fake_try_write(at, value)) != FAKE_STALLED;
}

static void step_access(struct fuzzer *f)
{
	bool done = true;

	for (unsigned int run = below(8) ? 1 : below(64); done && run; run--) {
		done = below(3) ? access_kept(f) : access_wild(f);
		f->accesses++;
	}
	if (!done) {
		/* All frames are in use: do what a base does then. */
		f->stalls++;
		call_whole(TAIJI_CALL_OUT, any_kept());
	}
}

/* Gives up content, if it is taken for good. */
static bool is_taking(u64 nr)
{
	return nr == TAIJI_CALL_DONATE || nr == TAIJI_CALL_SHRINK || nr == TAIJI_CALL_DROP ||
	       nr == TAIJI_CALL_HIDE || nr == TAIJI_CALL_DISCARD;
}

static u64 any_address(void)
{
	switch (below(16)) {
	case 0:
		return fake_random();
	case 1:
		return section_addr(below(host.end + 2)) + below(TAIJI_SECTION_SIZE);
	default:
		return section_addr(below(host.end + 2));
	}
}

static u64 any_count(void)
{
	switch (below(8)) {
	case 0:
		return fake_random();
	case 1:
		return below(TAIJI_SECTION_PAGES + 2);
	case 2:
		return below(8);
	default:
		return below(2);
	}
}

/* For what takes: none that is kept, or nonsense. */
static void any_wild_range(u64 nr, u64 *at, u64 *n)
{
	unsigned int first = any_wild(), max = 1;

	while (first + max < host.end && !is_kept(first + max) && max < 5)
		max++;
	*at = section_addr(first);
	*n = 1 + below(max);
	if (nr == TAIJI_CALL_DISCARD)
		*at += below(TAIJI_SECTION_PAGES) * TAIJI_PAGE_SIZE;
	if (!below(16))
		*at += 1 + below(TAIJI_PAGE_SIZE - 1);
	if (!below(16))
		*n = host.end + below(1ULL << 40);
}

static bool is_paged(u64 nr)
{
	return nr == TAIJI_CALL_OUT || nr == TAIJI_CALL_IN || nr == TAIJI_CALL_HOME ||
	       nr == TAIJI_CALL_COMPACT;
}

static void look_at_result(u64 nr, u64 b, s64 result)
{
	if (result < -TAIJI_EADDRINUSE && nr != TAIJI_CALL_AGE)
		fail("no error of ours", nr, -result);
	if (nr == TAIJI_CALL_STOP && !result)
		fail("STOP, and not all is home", 0, 0);
	if (is_paged(nr) && result > TAIJI_SECTION_PAGES)
		fail("too far", nr, result);
	if ((nr == TAIJI_CALL_GROW || nr == TAIJI_CALL_ALLOW || nr == TAIJI_CALL_COLLAPSE ||
	     nr == TAIJI_CALL_SHOW || (is_taking(nr) && nr != TAIJI_CALL_DISCARD)) &&
	    result > 0 && (u64)result > b)
		fail("too many", nr, result);
}

static void step_call(struct fuzzer *f)
{
	u64 nr = below(TAIJI_NR_CALLS + 1);
	u64 a = any_address(), b = any_count(), c = any_count();
	s64 result;

	if (is_taking(nr))
		any_wild_range(nr, &a, &b);
	/* The first micro-pages are where a base begins, and the rest comes after them. */
	do {
		result = call(nr, a, b, c);
		f->made[nr]++;
		f->worked[nr] += result >= 0;
		look_at_result(nr, b, result);
		if (is_paged(nr))
			b = result;
	} while (is_paged(nr) && result >= 0 && result < TAIJI_SECTION_PAGES && below(40));
}

static void *fuzz(void *arg)
{
	struct fuzzer *f = arg;

	fake_cpu(f->cpu, f->seed);
	while (!__atomic_load_n(&wrong, __ATOMIC_RELAXED)) {
		if (below(3))
			step_call(f);
		else
			step_access(f);
		f->rounds++;
		if (max_rounds ? f->rounds >= max_rounds : !(f->rounds & 63) && now() >= deadline)
			break;
	}
	return NULL;
}

static void start(void)
{
	static const unsigned int rates[] = { 1, 5, 100 };

	host_start(cpus, RAM, DONATED, GROWN);
	ghosts = calloc(host.end * TAIJI_SECTION_PAGES, sizeof(*ghosts));
	fake_irq_rate(rates[seed % 3]);
	fake_hardware_af(seed & 1);
	fake_patience(PATIENCE);
}

static void runs(void)
{
	u64 made, worked, rounds = 0, stalls = 0, accesses = 0;

	for (unsigned int i = 0; i < cpus; i++) {
		fuzzers[i].cpu = i;
		fuzzers[i].seed = seed * MAX_CPUS + i;
		pthread_create(&fuzzers[i].thread, NULL, fuzz, &fuzzers[i]);
	}
	for (unsigned int i = 0; i < cpus; i++) {
		pthread_join(fuzzers[i].thread, NULL);
		rounds += fuzzers[i].rounds;
		stalls += fuzzers[i].stalls;
		accesses += fuzzers[i].accesses;
	}
	CHECK(!wrong);
	printf("# seed %llu: %llu rounds, %llu accesses, %llu gave up for want of a frame\n",
	       (unsigned long long)seed, (unsigned long long)rounds, (unsigned long long)accesses,
	       (unsigned long long)stalls);
	printf("# calls that were made, and did something:");
	for (unsigned int nr = 0; nr <= TAIJI_NR_CALLS; nr++) {
		made = 0;
		worked = 0;
		for (unsigned int i = 0; i < cpus; i++) {
			made += fuzzers[i].made[nr];
			worked += fuzzers[i].worked[nr];
		}
		printf(" %llu/%llu", (unsigned long long)made, (unsigned long long)worked);
		/* These have their time, which is not now. */
		/* Too few to tell. */
		if (rounds < 20000)
			continue;
		if (nr != TAIJI_CALL_START && nr != TAIJI_CALL_STOP && nr != TAIJI_CALL_ADOPT &&
		    nr != TAIJI_CALL_FORGET && nr != TAIJI_NR_CALLS)
			CHECK(worked);
		else
			CHECK(made && !worked);
	}
	printf("\n");
}

/* So that there are frames for all that is kept. */
static void give_up_what_is_wild(void)
{
	for (unsigned int i = host.first_donated; i < host.end; i++) {
		if (is_kept(i))
			continue;
		call_range(TAIJI_CALL_SHOW, i, 1, 0);
		call_range(TAIJI_CALL_SHRINK, i, 1, 0);
		call_range(TAIJI_CALL_ALLOW, i, 1, 1);
		call_range(TAIJI_CALL_DROP, i, 1, 0);
	}
}

static void is_all_there(void)
{
	u64 known = 0;

	fake_cpu(0, seed);
	fake_irq_rate(0);
	fake_patience(FAKE_PATIENCE);
	CHECK(audit());
	give_up_what_is_wild();
	CHECK(audit());
	for (unsigned int i = host.first_user; i < host.end; i++) {
		for (unsigned int k = 0; is_kept(i) && k < TAIJI_SECTION_PAGES; k++) {
			const struct ghost *g = ghost_of(i, k);

			known += g->known;
			if (g->known)
				CHECK(content_check(page_addr(i, k), g->content, g->seed));
		}
	}
	printf("# %llu micro-pages checked\n", (unsigned long long)known);
	CHECK(known);
	CHECK(audit());
}

/* Whatever there is, a base gets it home. */
static void can_be_stopped(void)
{
	s64 result;

	/* What a fuzzer has begun to search for goes on, and may end in vain. */
	call_again(TAIJI_CALL_RECLAIM, 0);
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, host.first_grown, host.grown, 0), 0);
	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int i = host.first_donated; i < host.first_grown; i++)
			call_whole(TAIJI_CALL_IN, i);
		for (unsigned int i = host.first_donated; i < host.first_grown; i++)
			call_whole(TAIJI_CALL_HOME, i);
	}
	do {
		result = call_again(TAIJI_CALL_RECLAIM, 0);
	} while (result > 0);
	CHECK_EQ(result, -TAIJI_ENOENT);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
	fake_machine_stop();
	free(ghosts);
}

int main(void)
{
	seed = number("FUZZ_SEED", time(NULL));
	cpus = number("FUZZ_CPUS", cpus);
	max_rounds = number("FUZZ_ROUNDS", 0);
	deadline = now() + number("FUZZ_SECONDS", 6) * 1000;
	if (!cpus || cpus > MAX_CPUS) {
		fprintf(stderr, "FUZZ_CPUS is 1 to %u\n", MAX_CPUS);
		return 1;
	}
	tap_begin();
	start();
	TAP_RUN(runs);
	TAP_RUN(is_all_there);
	TAP_RUN(can_be_stopped);
	return tap_end();
}

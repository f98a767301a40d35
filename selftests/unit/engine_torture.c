// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many CPUs, each doing anything at any time, against an oracle that knows what every micro-page
 * holds.
 *
 * The oracle's lock of a micro-page is held for an access and its check, as a well-behaved host
 * would; the engine knows nothing of it, so OUT, IN, HOME, AGE, ALLOW, DONATE and RECLAIM run into
 * accesses at every point. Only SHRINK needs a host that has let go.
 *
 * TORTURE_SECONDS and TORTURE_SEED say for how long, and repeat the choices of each CPU if not
 * their interleaving.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "engine_host.h"
#include "section.h"
#include "tap.h"

#define CPUS	4
#define RAM	44
#define DONATED	18
#define GROWN	6
/*
 * Long enough for any micro-page in progress; short enough to get out when all frames are in
 * use.
 */
#define PATIENCE 2000

struct ghost {
	pthread_mutex_t lock;
	enum content content;
	bool known;
	u64 seed;
};

struct torturer {
	pthread_t thread;
	unsigned int cpu;
	u64 seed;
	u64 steps;
	u64 stalls;
};

static struct ghost *ghosts;
static pthread_rwlock_t present[RAM + GROWN];
static bool gone[RAM + GROWN];
static u64 deadline;
static u64 seed = 1;
static bool wrong;

static void fail(const char *what, unsigned int section, unsigned int page)
{
	printf("# seed %llu: section %u, page %u: %s\n", (unsigned long long)seed, section, page,
	       what);
	__atomic_store_n(&wrong, true, __ATOMIC_RELAXED);
}

static u64 below(u64 n)
{
	return (fake_random() >> 16) % n;
}

static struct ghost *ghost_of(unsigned int section, unsigned int page)
{
	return &ghosts[section * TAIJI_SECTION_PAGES + page];
}

static unsigned int any_section(void)
{
	return host.first_user + below(host.end - host.first_user);
}

static unsigned int any_ram(void)
{
	return host.first_user + below(host.first_grown - host.first_user);
}

static bool look(struct ghost *g, unsigned int section, unsigned int page)
{
	unsigned int i = below(8) ? below(TAIJI_PAGE_SIZE / 8) : 0;
	u64 at = page_addr(section, page) + i * 8;
	enum fake_result result;
	u64 value;

	result = i ? fake_try_read(at, &value) : fake_try_fetch(at, &value);
	if (result == FAKE_UNOWNED)
		fail("the engine does not know it", section, page);
	if (result == FAKE_DONE && g->known && value != content_word(g->content, g->seed, i))
		fail(i ? "not what was written" : "not what was written, by fetch", section, page);
	return result != FAKE_STALLED;
}

static bool rewrite(struct ghost *g, unsigned int section, unsigned int page)
{
	g->content = below(NR_CONTENTS);
	g->seed = fake_random();
	g->known = false;
	for (unsigned int i = 0; i < TAIJI_PAGE_SIZE / 8; i++) {
		u64 at = page_addr(section, page) + i * 8;

		if (fake_try_write(at, content_word(g->content, g->seed, i)) != FAKE_DONE)
			return false;
	}
	g->known = true;
	return true;
}

static bool access_page(unsigned int section, unsigned int page)
{
	struct ghost *g = ghost_of(section, page);
	bool done = true;

	pthread_mutex_lock(&g->lock);
	if (g->known && below(16)) {
		for (unsigned int n = 0; done && n < 6; n++)
			done = look(g, section, page);
	} else {
		done = rewrite(g, section, page);
	}
	pthread_mutex_unlock(&g->lock);
	return done;
}

/* One page, or a run of them so that sections fill up again. */
static bool step_access(void)
{
	unsigned int section = any_section();
	unsigned int page = below(TAIJI_SECTION_PAGES);
	unsigned int run = below(8) ? 1 : below(64);
	bool done = true;

	pthread_rwlock_rdlock(&present[section]);
	for (unsigned int i = 0; done && !gone[section] && i < run; i++)
		done = access_page(section, (page + i) % TAIJI_SECTION_PAGES);
	pthread_rwlock_unlock(&present[section]);
	return done;
}

static bool allowed(s64 result)
{
	return result >= 0 || result == -TAIJI_EBUSY || result == -TAIJI_ENOMEM ||
	       result == -TAIJI_EAGAIN || result == -TAIJI_EINVAL;
}

/* Like a base: again from where it stopped, but sometimes it has better things to do. */
static void step_pages(u64 nr, unsigned int section)
{
	s64 to = 0;

	do {
		to = call(nr, section_addr(section), to, 0);
		if (!allowed(to))
			fail("a call failed", section, nr);
	} while (to >= 0 && to < TAIJI_SECTION_PAGES && below(200));
}

static void step_allow(unsigned int section)
{
	struct section *s = section_at(ipa(section_addr(section)));

	if (call_range(TAIJI_CALL_ALLOW, section, 1, 0))
		return;
	/* Invariant 3, until another CPU allows it again. */
	for (int i = 0; i < 100; i++) {
		u64 word = section_word(s);

		if (word & SECTION_SWAPPABLE)
			break;
		if (!section_is_home_block(s, word))
			fail("not swappable, and not at home", section, 0);
	}
	while (call_range(TAIJI_CALL_ALLOW, section, 1, 1) == -TAIJI_EBUSY)
		;
}

/* The content of a page is given up, as a balloon does: if it was out, it is zeros now. */
static void step_discard(unsigned int section, unsigned int page)
{
	struct ghost *g = ghost_of(section, page);
	s64 result;

	pthread_rwlock_rdlock(&present[section]);
	pthread_mutex_lock(&g->lock);
	if (!gone[section]) {
		result = call(TAIJI_CALL_DISCARD, page_addr(section, page), 0, 0);
		if (!allowed(result))
			fail("DISCARD", section, page);
		/* What was never written is not known, and still is not. */
		if (!result)
			g->content = ZERO;
	}
	pthread_mutex_unlock(&g->lock);
	pthread_rwlock_unlock(&present[section]);
}

static void step_lend(void)
{
	s64 at = call_again(TAIJI_CALL_RECLAIM, 0);

	if (at < 0)
		return;
	/* It is the host's again: to be used, and to be lent out once more. */
	fake_write(at, at);
	if (fake_read(at) != (u64)at)
		fail("a frame given back does not work", 0, 0);
	while (call_range(TAIJI_CALL_DONATE, (at - FAKE_RAM_START) / TAIJI_SECTION_SIZE, 1, 0))
		;
}

static void step_shrink(void)
{
	unsigned int section = host.first_grown + below(host.grown);

	pthread_rwlock_wrlock(&present[section]);
	if (gone[section]) {
		if (call_range(TAIJI_CALL_GROW, section, 1, 0))
			fail("GROW", section, 0);
		gone[section] = false;
	} else {
		while (call_range(TAIJI_CALL_SHRINK, section, 1, 0) == -TAIJI_EBUSY)
			;
		for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++)
			ghost_of(section, i)->known = false;
		gone[section] = true;
	}
	pthread_rwlock_unlock(&present[section]);
}

static void step(struct torturer *t)
{
	switch (below(400)) {
	case 0 ... 7:
		step_pages(TAIJI_CALL_OUT, any_section());
		break;
	case 8 ... 10:
		step_pages(TAIJI_CALL_IN, any_section());
		break;
	case 11 ... 12:
		step_pages(TAIJI_CALL_HOME, any_ram());
		break;
	case 13 ... 14:
		call(TAIJI_CALL_AGE, section_addr(any_ram()), 1, 0);
		break;
	case 15 ... 16:
		step_allow(any_ram());
		break;
	case 17:
		step_lend();
		break;
	case 18:
		if (!below(4))
			step_shrink();
		break;
	case 19 ... 20:
		call(TAIJI_CALL_COLLAPSE, section_addr(any_ram()), 1, 0);
		break;
	case 21 ... 24:
		step_pages(TAIJI_CALL_COMPACT, any_section());
		break;
	case 25 ... 28:
		step_discard(any_section(), below(TAIJI_SECTION_PAGES));
		break;
	default:
		if (!step_access()) {
			/* All frames are in use: do what a base does then. */
			t->stalls++;
			step_pages(TAIJI_CALL_OUT, any_section());
		}
	}
}

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static void *torture(void *arg)
{
	struct torturer *t = arg;

	fake_cpu(t->cpu, t->seed);
	while (!__atomic_load_n(&wrong, __ATOMIC_RELAXED)) {
		step(t);
		if (!(++t->steps & 63) && now() >= deadline)
			break;
	}
	return NULL;
}

static void prepare(void)
{
	ghosts = calloc(host.end * TAIJI_SECTION_PAGES, sizeof(*ghosts));
	for (unsigned int i = 0; i < host.end * TAIJI_SECTION_PAGES; i++)
		pthread_mutex_init(&ghosts[i].lock, NULL);
	for (unsigned int i = 0; i < host.end; i++)
		pthread_rwlock_init(&present[i], NULL);
}

/* Each frame is free, the store's, or one section's. */
static void count_frames(void)
{
	unsigned int owned = 0;

	call(TAIJI_CALL_NOP, 0, 0, 0);
	for (unsigned int i = host.first_donated; i < host.end; i++) {
		u64 word = section_word(section_at(ipa(section_addr(i))));

		CHECK_EQ(section_users(word), 0);
		CHECK(!(word & (SECTION_OWNED | SECTION_SEALED)));
		owned += section_frame(word) != FRAME_NONE;
		if (section_frame(word) != FRAME_NONE)
			CHECK_EQ(frame_owner(section_frame(word)), i);
		owned += !!(word & SECTION_MOVING);
	}
	CHECK_EQ(host.shared->free_frames + host.shared->store_frames + owned,
		 host.ram - host.first_donated);
}

/* Without an interrupt in between, at last. */
static void check_all(void)
{
	fake_irq_rate(0);
	fake_patience(FAKE_PATIENCE);
	for (unsigned int i = host.first_grown; i < host.end; i++) {
		if (gone[i])
			CHECK_EQ(call_range(TAIJI_CALL_GROW, i, 1, 0), 0);
	}
	for (unsigned int i = host.first_user; i < host.end; i++) {
		/* Frames may be short: bring in, look, and out again. */
		CHECK_EQ(call_range(TAIJI_CALL_ALLOW, i, 1, 1), 0);
		for (unsigned int k = 0; k < TAIJI_SECTION_PAGES; k++) {
			struct ghost *g = ghost_of(i, k);

			if (!gone[i] && g->known)
				CHECK(content_check(page_addr(i, k), g->content, g->seed));
		}
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, i), TAIJI_SECTION_PAGES);
	}
}

static void survives_torture(void)
{
	const char *seconds = getenv("TORTURE_SECONDS");
	struct torturer torturers[CPUS] = { };
	u64 steps = 0, stalls = 0;

	host_start(CPUS, RAM, DONATED, GROWN);
	prepare();
	fake_irq_rate(100);
	fake_patience(PATIENCE);
	fake_hardware_af(seed & 1);
	deadline = now() + (seconds ? strtoull(seconds, NULL, 0) : 12) * 1000;
	for (unsigned int i = 0; i < CPUS; i++) {
		torturers[i].cpu = i;
		torturers[i].seed = seed * CPUS + i;
		pthread_create(&torturers[i].thread, NULL, torture, &torturers[i]);
	}
	for (unsigned int i = 0; i < CPUS; i++) {
		pthread_join(torturers[i].thread, NULL);
		steps += torturers[i].steps;
		stalls += torturers[i].stalls;
	}
	fake_cpu(0, seed);
	printf("# seed %llu: %llu steps, %llu gave up for want of a frame\n",
	       (unsigned long long)seed, (unsigned long long)steps, (unsigned long long)stalls);
	printf("# out %llu, in %llu (no store: %llu), retries %llu, collapsed %llu, exec %llu\n",
	       (unsigned long long)host_count(swap_out), (unsigned long long)host_count(swap_in),
	       (unsigned long long)host_count(in_zero), (unsigned long long)host_count(retries),
	       (unsigned long long)host_count(collapsed), (unsigned long long)host_count(exec));
	CHECK(!wrong);
	CHECK(host_count(swap_in) > 1000 && host_count(collapsed));
	count_frames();
	check_all();
	count_frames();
	CHECK(host_stop());
	free(ghosts);
}

int main(void)
{
	const char *s = getenv("TORTURE_SEED");

	seed = s ? strtoull(s, NULL, 0) : (u64)time(NULL);
	tap_begin();
	TAP_RUN(survives_torture);
	return tap_end();
}

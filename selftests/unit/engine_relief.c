// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames under pressure: every CPU touches memory that has none, and no thread of a base makes any.
 * The argument of Documentation/design.rst, "Frames under pressure", tried out: from one CPU to 16,
 * interrupts pending always, never and at random, masked or not, memory that packs well, badly and
 * not at all; one thread at a time in an order that a seed decides, and all at once.
 *
 *	engine_relief [SEED [STEP]]
 *
 * runs every STEPth case of them.
 */
#include <pthread.h>
#include <stdlib.h>

#include "call.h"
#include "engine_host.h"
#include "frame.h"
#include "schedule.h"
#include "tap.h"

#define TOUCHED_PAGES	16	/* of a section that is touched, if anything packs */

/**
 * struct pack - what is in memory
 * @random: of the 512 words of a page; the rest is zero
 * @users: sections with that content
 * @makes: sections that they make room for at least
 * @reserve: and for the frames that first touch leaves to swap-in, too
 */
struct pack {
	const char *name;
	unsigned int random;
	unsigned int users;
	unsigned int makes;
	bool reserve;
};

static const struct pack packs[] = {
	{ "4:1", 128, 20, 10, true },
	{ "2:1", 256, 20, 5, true },
	{ "1.1:1", 465, 44, 1, false },
	{ "no way", 512, 20, 0, true },
};

static const struct pack *pack;
static unsigned int next, stalled, step;
static bool masked;
static u64 seed;

static u64 random_word(u64 x)
{
	x = (x + seed) * 0x9e3779b97f4a7c15ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

static u64 word_of(unsigned int section, unsigned int page, unsigned int i)
{
	return i < pack->random ? random_word((section * 512ULL + page) * 512 + i) : 0;
}

/* What a new frame has in it is what was there before: it packs like everything else. */
static unsigned int touched_pages(void)
{
	return pack->makes ? TOUCHED_PAGES : TAIJI_SECTION_PAGES;
}

/* Sections are at home and blocks still, so this is what the host would have written. */
static void fill_users(void)
{
	for (unsigned int s = host.first_user; s < host.first_grown; s++) {
		for (unsigned int p = 0; p < TAIJI_SECTION_PAGES; p++) {
			u64 *words = arch_va(pa(page_addr(s, p)));

			for (unsigned int i = 0; i < 512; i++)
				words[i] = word_of(s, p, i);
		}
	}
}

static bool is_intact(unsigned int s, unsigned int pages, unsigned int step)
{
	for (unsigned int p = 0; p < pages; p++) {
		for (unsigned int i = 0; i < 512; i += step) {
			u64 value;

			if (fake_try_read(page_addr(s, p) + i * 8, &value) != FAKE_DONE ||
			    value != word_of(s, p, i)) {
				printf("# section %u, page %u, word %u\n", s, p, i);
				return false;
			}
		}
	}
	return true;
}

static bool touch(unsigned int s)
{
	for (unsigned int p = 0; p < touched_pages(); p++) {
		for (unsigned int i = 0; i < 512; i++) {
			if (fake_try_write(page_addr(s, p) + i * 8, word_of(s, p, i)) != FAKE_DONE)
				return false;
		}
	}
	return true;
}

static void *toucher(void *arg)
{
	unsigned int cpu = (unsigned long)arg;

	fake_cpu(cpu, seed + cpu + 100);
	fake_schedule_enter(cpu);
	fake_mask_irqs(masked);
	for (;;) {
		unsigned int s = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);

		if (s >= host.end)
			break;
		if (!touch(s)) {
			__atomic_fetch_add(&stalled, 1, __ATOMIC_RELAXED);
			break;
		}
	}
	fake_mask_irqs(false);
	fake_schedule_leave();
	return NULL;
}

/* All CPUs touch what there is of new memory. */
static void touch_all(unsigned int cpus, bool in_order)
{
	pthread_t threads[FAKE_MAX_CPUS];

	next = host.first_grown;
	stalled = 0;
	if (in_order)
		fake_schedule(cpus, seed);
	for (unsigned long i = 0; i < cpus; i++)
		pthread_create(&threads[i], NULL, toucher, (void *)i);
	for (unsigned int i = 0; i < cpus; i++)
		pthread_join(threads[i], NULL);
	fake_cpu(0, seed);
}

/* No victim is half out for good: what is out goes out again, or in, as the base says. */
static void check_all(unsigned int touched)
{
	fake_irq_rate(0);
	for (unsigned int s = host.first_user; s < host.first_grown; s++)
		CHECK(is_intact(s, TAIJI_SECTION_PAGES, 37));
	for (unsigned int s = host.first_grown; s < host.first_grown + touched; s++)
		CHECK(is_intact(s, touched_pages(), 1));
}

static void drop(unsigned int s)
{
	s64 done;

	do {
		done = call(TAIJI_CALL_DROP, section_addr(s), 1, 0);
	} while (!done);
	CHECK_EQ(done, 1);
}

static void run(unsigned int cpus, unsigned int irqs, bool in_order)
{
	unsigned int donated = taiji_floor_touch(cpus) + 1;
	unsigned int floor = masked ? FRAME_KEPT : taiji_floor_touch(cpus);
	unsigned int grown = donated - (pack->reserve ? 0 : floor) + pack->makes;

	host_start(cpus, 2 + donated + pack->users, donated, grown);
	fill_users();
	fake_irq_rate(irqs);
	/* In aborts, of which each is a micro-page or a whole victim. */
	fake_patience(pack->makes ? 2000000 : irqs ? 40000 : 400);
	touch_all(cpus, in_order);
	/* What the machine has, and what it can make: all of that is touched, and by everybody. */
	if (stalled)
		printf("# %u stalled, at section %u of %u; %llu free, %llu store, %llu relieved\n",
		       stalled, next - host.first_grown, grown,
		       (unsigned long long)host.shared->free_frames,
		       (unsigned long long)host.shared->store_frames,
		       (unsigned long long)host_count(relieved));
	if (pack->makes) {
		CHECK_EQ(stalled, 0);
		CHECK(host_count(relieved) > 0);
	} else {
		/* It says so, and the host gives up what it has no room for. */
		CHECK(stalled > 0);
	}
	if (!pack->makes) {
		for (unsigned int s = host.first_grown; s < host.end; s++)
			drop(s);
		fake_mask_irqs(true);
		CHECK(touch(host.first_grown));
		fake_mask_irqs(false);
	}
	check_all(pack->makes ? grown : 1);
	CHECK(host_stop());
}

static const unsigned int all_cpus[] = { 1, 2, 4, 8, 16 };
static const unsigned int all_irqs[] = { 1, 0, 3 };
static const char * const irq_names[] = { "always", "never", "at random" };

static void matrix(bool in_order)
{
	static unsigned int number;
	char name[128];

	for (unsigned int c = 0; c < 5; c++) {
		for (unsigned int q = 0; q < 3; q++) {
			for (unsigned int k = 0; k < 4; k++) {
				if ((number++ + seed) % step)
					continue;
				pack = &packs[k];
				/* Either way every second time, as the seed says. */
				masked = (seed + c + q + k) & 1;
				snprintf(name, sizeof(name),
					 "%u CPUs%s, interrupts pending %s, packs %s%s",
					 all_cpus[c], in_order ? " in turn" : "", irq_names[q],
					 pack->name, masked ? ", masked" : "");
				tap_good = true;
				run(all_cpus[c], all_irqs[q], in_order);
				tap_verdict(name);
			}
		}
	}
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	step = argc > 2 ? atoi(argv[2]) : 1;
	tap_begin();
	matrix(true);
	matrix(false);
	return tap_end();
}

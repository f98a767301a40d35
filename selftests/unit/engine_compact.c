// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store after most of what was in it has gone, on the fake machine: what is left moves
 * together, and its frames come free.
 */
#include "call.h"
#include "engine_host.h"
#include "tap.h"

#define USERS	48
#define DONATED	44
#define KEPT	8	/* one section in so many */
#define STRIPE	16	/* micro-pages of one section that go out together */

static void start(void)
{
	host_start(2, USERS + DONATED + 3, DONATED, 0);
	CHECK(host.first_grown - host.first_user >= USERS);
}

static void fill(unsigned int section)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++)
		content_write(page_addr(section, i), i % 8 ? TEXT : NOISE, section * 1000 + i);
}

static bool intact(unsigned int section)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++) {
		if (!content_check(page_addr(section, i), i % 8 ? TEXT : NOISE, section * 1000 + i))
			return false;
	}
	return true;
}

/* All go out side by side, so that each frame of the store has something of each. */
static void out_in_stripes(void)
{
	for (unsigned int from = 0; from < TAIJI_SECTION_PAGES; from += STRIPE) {
		for (unsigned int i = 0; i < USERS; i++)
			CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(host.first_user + i), from,
				      from + STRIPE), from + STRIPE);
	}
}

static void drop_all_but(unsigned int kept)
{
	for (unsigned int i = 0; i < USERS; i++) {
		if (i % kept)
			CHECK_EQ(call_range(TAIJI_CALL_DROP, host.first_user + i, 1, 0), 0);
	}
}

static void make_sparse(void)
{
	for (unsigned int i = 0; i < USERS; i++)
		fill(host.first_user + i);
	out_in_stripes();
	drop_all_but(KEPT);
}

/* Frames there would be if nothing were lost. */
static u64 frames_needed(void)
{
	return (host.shared->bytes_stored + TAIJI_SECTION_SIZE - 1) / TAIJI_SECTION_SIZE;
}

static void compact_all(void)
{
	for (unsigned int i = 0; i < USERS; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_COMPACT, host.first_user + i), TAIJI_SECTION_PAGES);
}

static void gives_frames_back(void)
{
	u64 before, free, bytes;

	start();
	make_sparse();
	before = host.shared->store_frames;
	free = host.shared->free_frames;
	bytes = host.shared->bytes_stored;
	CHECK(before > 3 * frames_needed());
	for (unsigned int round = 0; round < 3; round++)
		compact_all();
	printf("# %llu frames of store before, %llu after, %llu needed\n",
	       (unsigned long long)before, (unsigned long long)host.shared->store_frames,
	       (unsigned long long)frames_needed());
	/* A size class may lose as much as half a span. */
	CHECK(host.shared->store_frames <= frames_needed() + frames_needed() / 4 + 3);
	CHECK_EQ(host.shared->free_frames, free + before - host.shared->store_frames);
	CHECK_EQ(host.shared->bytes_stored, bytes);
	for (unsigned int i = 0; i < USERS; i += KEPT)
		CHECK(intact(host.first_user + i));
	CHECK(host_stop());
}

/* What is well where it is stays there: it comes to an end. */
static void comes_to_an_end(void)
{
	unsigned int round;
	u64 moved = 1, last = 0;

	start();
	make_sparse();
	for (round = 0; round < 20 && moved; round++) {
		compact_all();
		moved = host_count(compacted) - last;
		last = host_count(compacted);
	}
	printf("# %u rounds\n", round);
	CHECK(!moved && last);
	CHECK(host_stop());
}

/* With an interrupt always pending, each call moves one micro-page at most. */
static void yields_to_interrupts(void)
{
	u64 moved;
	s64 to = 0;

	start();
	make_sparse();
	fake_irq_rate(1);
	while (to < TAIJI_SECTION_PAGES) {
		s64 from = to;

		moved = host_count(compacted);
		to = call(TAIJI_CALL_COMPACT, section_addr(host.first_user), from, 0);
		CHECK(to > from && host_count(compacted) <= moved + 1);
	}
	CHECK(host_count(compacted) > 0);
	fake_irq_rate(0);
	CHECK(intact(host.first_user));
	CHECK(host_stop());
}

/* What is half in stays half in, and its table moves below it. */
static void leaves_what_is_in(void)
{
	start();
	make_sparse();
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i += 2)
		fake_write(page_addr(host.first_user, i), i);
	compact_all();
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i += 2) {
		CHECK_EQ(fake_read(page_addr(host.first_user, i)), i);
		CHECK(content_check(page_addr(host.first_user, i + 1), (i + 1) % 8 ? TEXT : NOISE,
				    host.first_user * 1000 + i + 1));
	}
	CHECK(host_stop());
}

static void refuses_what_is_not_there(void)
{
	start();
	CHECK_EQ(call(TAIJI_CALL_COMPACT, section_addr(host.end), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_COMPACT, section_addr(host.first_user) + 4096, 0, 0),
		 -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_COMPACT, section_addr(host.first_user), TAIJI_SECTION_PAGES, 0),
		 -TAIJI_EINVAL);
	/* A block has nothing in the store. */
	CHECK_EQ(call(TAIJI_CALL_COMPACT, section_addr(host.first_user), 0, 0),
		 TAIJI_SECTION_PAGES);
	CHECK_EQ(host_count(compacted), 0);
	CHECK(host_stop());
}

int main(void)
{
	tap_begin();
	TAP_RUN(gives_frames_back);
	TAP_RUN(comes_to_an_end);
	TAP_RUN(yields_to_interrupts);
	TAP_RUN(leaves_what_is_in);
	TAP_RUN(refuses_what_is_not_there);
	return tap_end();
}

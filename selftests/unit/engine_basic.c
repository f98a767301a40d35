// SPDX-License-Identifier: GPL-2.0-only
/*
 * The swap engine on the fake machine, one CPU: each call, what it does and what it refuses.
 */
#include <string.h>

#include "call.h"
#include "engine_host.h"
#include "tap.h"

#define RAM	40
#define DONATED	12
#define GROWN	4

/* Every fourth page alike: 128 of each content. */
static void fill(unsigned int section, u64 seed)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++)
		content_write(page_addr(section, i), i % NR_CONTENTS, seed + i);
}

static bool intact(unsigned int section, u64 seed)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++) {
		if (!content_check(page_addr(section, i), i % NR_CONTENTS, seed + i))
			return false;
	}
	return true;
}

static void fill_with(unsigned int section, enum content content, u64 seed)
{
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++)
		content_write(page_addr(section, i), content, seed + i);
}

static void start(void)
{
	host_start(2, RAM, DONATED, GROWN);
}

static void refuses_start(s64 error)
{
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), error);
}

static void refuses_bad_pieces(void)
{
	struct taiji_range shared = host.args->shared;
	u64 units = host.args->units.start;
	u32 nr = host.args->nr_pieces;

	host.args->nr_pieces = 0;
	refuses_start(-TAIJI_EINVAL);
	host.args->nr_pieces = 2;
	host.pieces[0] += TAIJI_PAGE_SIZE;
	refuses_start(-TAIJI_EINVAL);
	/* One twice, one that is not RAM, one that is in use. */
	host.pieces[0] = section_addr(1);
	host.pieces[1] = section_addr(1);
	refuses_start(-TAIJI_EINVAL);
	host.pieces[1] = section_addr(RAM);
	refuses_start(-TAIJI_EINVAL);
	host.args->shared.start = section_addr(2);
	host.pieces[1] = section_addr(2);
	refuses_start(-TAIJI_EINVAL);
	host.args->shared = shared;
	host.args->nr_pieces = nr;
	for (u32 i = 0; i < nr; i++)
		host.pieces[i] = section_addr(host.first_piece + i);
	/* Too few for so many CPUs. */
	host.args->nr_cpus = TAIJI_MAX_CPUS;
	host.args->shared.start = section_addr(30);
	host.args->shared.size = TAIJI_SECTION_SIZE;
	refuses_start(-TAIJI_ENOMEM);
	host.args->nr_cpus = host.cpus;
	host.args->units.start = host.args->shared.start;
	refuses_start(-TAIJI_EINVAL);
	host.args->units.start = units;
	host.args->shared = shared;
}

static void refuses_bad_arguments(void)
{
	host = (struct host){ .cpus = 2, .ram = RAM };
	host_boot();
	CHECK_EQ(call(TAIJI_CALL_NOP, 0, 0, 0), 0);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(20), 0, 0), -TAIJI_EINVAL);
	host.args->abi = TAIJI_ABI + 1;
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), -TAIJI_EINVAL);
	host.args->abi = TAIJI_ABI;
	refuses_bad_pieces();
	fake_cpu(host.cpus, 1);
	refuses_start(-TAIJI_EINVAL);
	fake_cpu(0, 1);
	CHECK_EQ(call_again(TAIJI_CALL_START, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_again(TAIJI_CALL_START, 12), -TAIJI_EINVAL);
	CHECK_EQ(call_again(TAIJI_CALL_START, ~7ULL), -TAIJI_EINVAL);
	refuses_start(0);
	refuses_start(-TAIJI_EBUSY);
	CHECK_EQ(call(TAIJI_NR_CALLS, 0, 0, 0), -TAIJI_ENOSYS);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(20) + 4096, 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(RAM), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(20), TAIJI_SECTION_PAGES, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, 20, RAM - 20 + 1, 1), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, 1, 1, 1), -TAIJI_EINVAL);
	/* A CPU that nobody has told it of. */
	fake_cpu(host.cpus, 1);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(20), 0, 0), -TAIJI_EINVAL);
	CHECK(!engine_abort(ipa(section_addr(20)), FAULT_TRANSLATION));
	fake_cpu(0, 1);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
	fake_machine_stop();
}

static void hides_what_is_its_own(void)
{
	u64 value;

	start();
	CHECK_EQ(fake_try_read(section_addr(1), &value), FAKE_UNOWNED);
	CHECK_EQ(fake_try_read(section_addr(host.first_donated), &value), FAKE_UNOWNED);
	CHECK_EQ(host_count(unowned), 2);
	CHECK_EQ(host.shared->free_frames, DONATED);
	CHECK(host_stop());
}

static void swaps_every_kind(void)
{
	unsigned int section;

	start();
	section = host.first_user;
	fill(section, 7);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(host.shared->pages_zero, 128);
	CHECK_EQ(host.shared->pages_same, 128);
	CHECK_EQ(host.shared->pages_lz4, 128);
	CHECK_EQ(host.shared->pages_raw, 128);
	CHECK_EQ(host.shared->sections_out, 1);
	CHECK(host.shared->store_frames);
	CHECK_EQ(host.shared->free_frames + host.shared->store_frames, DONATED + 1);
	CHECK_EQ(host_count(swap_out), TAIJI_SECTION_PAGES);

	CHECK(intact(section, 7));
	CHECK_EQ(host_count(swap_in), TAIJI_SECTION_PAGES);
	CHECK_EQ(host_count(in_zero), 256);
	/* Whoever faults does not wait for that. */
	CHECK_EQ(host_count(collapsed), 0);
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, section_addr(section), 2, 0), 2);
	CHECK_EQ(host_count(collapsed), 1);
	CHECK_EQ(host.shared->pages_zero + host.shared->pages_same, 0);
	CHECK_EQ(host.shared->pages_lz4 + host.shared->pages_raw, 0);
	CHECK_EQ(host.shared->bytes_stored, 0);
	CHECK_EQ(host.shared->sections_out, 0);
	CHECK_EQ(host.shared->store_frames, 0);
	CHECK_EQ(host.shared->free_frames, DONATED);
	CHECK(host_stop());
}

static void keeps_writes_after_swap_in(void)
{
	unsigned int section;

	start();
	section = host.first_user;
	fill_with(section, TEXT, 1);
	for (unsigned int round = 0; round < 3; round++) {
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
		content_write(page_addr(section, 5), NOISE, round);
		CHECK(content_check(page_addr(section, 5), NOISE, round));
		CHECK(content_check(page_addr(section, 6), TEXT, 7));
	}
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK(content_check(page_addr(section, 5), NOISE, 2));
	CHECK(host_stop());
}

static void asks_before_it_swaps(void)
{
	unsigned int section;

	start();
	section = host.first_user;
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, section, 2, 0), 0);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(section), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(0), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, section, 2, 1), 0);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section + 1), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, section, 2, 0), -TAIJI_EBUSY);
	/* It came as far as the first of the two. */
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(section), 0, 0), -TAIJI_EINVAL);
	/* What the host and the engine both use stays. */
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, 0, 1, 1), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_DONATE, 0, 1, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_HIDE, 0, 1, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, host.first_grown, 1, 0), -TAIJI_EBUSY);
	CHECK(host_stop());
}

/*
 * With an interrupt always pending each call does one micro-page; what is touched in between
 * stays.
 */
static void yields_to_interrupts(void)
{
	unsigned int section;
	s64 to = 0;

	start();
	section = host.first_user;
	fill(section, 3);
	fake_irq_rate(1);
	for (s64 i = 1; i <= TAIJI_SECTION_PAGES; i++) {
		to = call(TAIJI_CALL_OUT, section_addr(section), to, 0);
		CHECK_EQ(to, i);
		if (i == 100) {
			fake_read(page_addr(section, 50));
			fake_read(page_addr(section, 200));
		}
	}
	CHECK_EQ(host_count(swap_out), TAIJI_SECTION_PAGES - 1);
	CHECK_EQ(host_count(swap_in), 1);
	to = 0;
	for (unsigned int calls = 0; to < TAIJI_SECTION_PAGES && calls < 3000; calls++) {
		s64 next = call(TAIJI_CALL_IN, section_addr(section), to, 0);

		CHECK(next >= to && (next <= to + 3 || next == TAIJI_SECTION_PAGES));
		to = next;
	}
	CHECK_EQ(to, TAIJI_SECTION_PAGES);
	CHECK_EQ(host_count(collapsed), 1);
	CHECK(intact(section, 3));
	CHECK(host_stop());
}

/*
 * Blocks are made between interrupts, of what is whole: one micro-page at a time is made ready for
 * fetch, and nothing else comes of a section that is partly out.
 */
static void collapses_between_interrupts(void)
{
	unsigned int s, calls = 0;
	s64 done;

	start();
	s = host.first_user;
	for (unsigned int i = 0; i < 3; i++) {
		fill(s + i, 31 + i);
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, s + i), TAIJI_SECTION_PAGES);
	}
	CHECK(intact(s, 31));
	fake_read(page_addr(s + 1, 9));
	CHECK(intact(s + 2, 33));
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, section_addr(s), 65, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, section_addr(RAM + GROWN), 1, 0), -TAIJI_EINVAL);
	CHECK_EQ(host_count(collapsed), 0);

	fake_irq_rate(1);
	for (done = 0; done < 3 && calls < 3 * TAIJI_SECTION_PAGES; calls++) {
		s64 next = call(TAIJI_CALL_COLLAPSE, section_addr(s + done), 3 - done, 0);

		CHECK(next >= 0 && next <= 3 - done);
		done += next;
	}
	fake_irq_rate(0);
	CHECK_EQ(done, 3);
	/* One call for each micro-page, none of them for the section that is not whole. */
	CHECK(calls >= 2 * TAIJI_SECTION_PAGES && calls <= 2 * TAIJI_SECTION_PAGES + 4);
	CHECK_EQ(host_count(collapsed), 2);
	for (unsigned int i = 0; i < 3; i++)
		CHECK(intact(s + i, 31 + i));
	CHECK(host_stop());
}

/* A base may want to see how the first few pack. */
static void swaps_a_part(void)
{
	unsigned int s;

	start();
	s = host.first_user;
	fill(s, 5);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(s), 0, TAIJI_SECTION_PAGES + 1), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(s), 4, 4), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(s), 0, 32), 32);
	CHECK_EQ(host_count(swap_out), 32);
	/* Eight pages as they are, and eight that pack. */
	CHECK(host_count(bytes_out) > 8 * TAIJI_PAGE_SIZE);
	CHECK(host_count(bytes_out) < 16 * TAIJI_PAGE_SIZE);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(s), 32, 0), TAIJI_SECTION_PAGES);
	CHECK_EQ(host_count(swap_out), TAIJI_SECTION_PAGES);
	CHECK(intact(s, 5));
	CHECK(host_stop());
}

/* The base swaps a part out and never comes back. */
static void survives_being_abandoned(void)
{
	unsigned int section;

	start();
	section = host.first_user;
	fill(section, 9);
	fake_irq_rate(1);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(section), 0, 0), 1);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(section), 300, 0), 301);
	fake_irq_rate(0);
	CHECK(intact(section, 9));
	CHECK(host_stop());
}

/* Frames change hands, so what fetch saw in them before is stale. */
static void fetches_what_it_wrote(void)
{
	unsigned int a, b;
	u64 text;

	start();
	a = host.first_user;
	b = a + 1;
	fill_with(a, TEXT, 100);
	fill_with(b, TEXT, 5000);
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++) {
		fake_fetch(page_addr(a, i));
		fake_fetch(page_addr(b, i));
	}
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, a), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, b), TAIJI_SECTION_PAGES);
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++) {
		text = fake_fetch(page_addr(a, i));
		CHECK_EQ(text, content_word(TEXT, 100 + i, 0));
	}
	CHECK_EQ(host_count(exec), TAIJI_SECTION_PAGES);
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, section_addr(a), 1, 0), 1);
	CHECK_EQ(host_count(collapsed), 1);
	CHECK_EQ(fake_fetch(page_addr(a, 0)), content_word(TEXT, 100, 0));
	/* This one becomes a block before anything is fetched from it. */
	CHECK_EQ(call_whole(TAIJI_CALL_IN, b), TAIJI_SECTION_PAGES);
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++) {
		text = fake_fetch(page_addr(b, i));
		CHECK_EQ(text, content_word(TEXT, 5000 + i, 0));
	}
	CHECK(host_stop());
}

static void grows_and_shrinks(void)
{
	unsigned int section;
	u64 value;

	start();
	section = host.first_grown;
	CHECK_EQ(host.shared->sections_absent, GROWN);
	CHECK_EQ(call_range(TAIJI_CALL_GROW, section, 1, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, section - 1, 1, 0), -TAIJI_EINVAL);
	/* No frame before the first touch, then a whole one. */
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(host.shared->free_frames, DONATED);
	CHECK_EQ(host_count(aborts), 0);
	fill(section, 11);
	CHECK_EQ(host.shared->free_frames, DONATED - 1);
	CHECK_EQ(host_count(aborts), 1);
	CHECK_EQ(host_count(kinds[FAULT_TRANSLATION]), 1);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, section), -TAIJI_EINVAL);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK(intact(section, 11));
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	fake_read(page_addr(section, 3));
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, section, GROWN, 0), 0);
	CHECK_EQ(host.shared->free_frames, DONATED);
	CHECK_EQ(host.shared->store_frames, 0);
	CHECK_EQ(host.shared->sections_absent, 0);
	CHECK_EQ(host.shared->sections_out, 0);
	CHECK_EQ(host.shared->pages_lz4, 0);
	CHECK_EQ(fake_try_read(section_addr(section), &value), FAKE_UNOWNED);
	CHECK_EQ(call_range(TAIJI_CALL_GROW, section, GROWN, 0), 0);
	CHECK(host_stop());
}

/* Out, half in, or whole: dropped, a section costs nothing until it is touched. */
static void drops_what_nobody_wants(void)
{
	unsigned int s;

	start();
	s = host.first_user;
	for (unsigned int i = 0; i < 3; i++)
		fill(s + i, 21);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, s), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, s + 1), TAIJI_SECTION_PAGES);
	fake_read(page_addr(s + 1, 3));

	for (unsigned int i = 0; i < 2; i++)
		CHECK_EQ(call_range(TAIJI_CALL_DROP, s, 3, 0), 0);
	CHECK_EQ(host.shared->sections_absent, GROWN + 3);
	CHECK_EQ(host.shared->sections_out, 0);
	CHECK_EQ(host.shared->store_frames, 0);
	CHECK_EQ(host.shared->free_frames, DONATED + 3);

	/* One by touch, the others by being brought home. */
	fill(s + 1, 22);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, s), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, s + 1), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, s + 2), TAIJI_SECTION_PAGES);
	CHECK(intact(s + 1, 22));
	CHECK_EQ(host.shared->sections_absent, GROWN);
	CHECK_EQ(host.shared->free_frames, DONATED);
	CHECK(host_stop());
}

/* A micro-page that is out is worth nothing any more, and costs nothing. */
static void discards_pages(void)
{
	unsigned int s;

	start();
	s = host.first_user;
	CHECK_EQ(call(TAIJI_CALL_DISCARD, section_addr(host.end), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_DISCARD, page_addr(s, 1) + 8, 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_DISCARD, section_addr(1), 0, 0), -TAIJI_EBUSY);
	CHECK_EQ(call(TAIJI_CALL_DISCARD, section_addr(host.first_grown), 0, 0), 0);
	fill(s, 41);
	CHECK_EQ(call(TAIJI_CALL_DISCARD, page_addr(s, 3), 0, 0), 1);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, s), TAIJI_SECTION_PAGES);
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i += 2)
		CHECK_EQ(call(TAIJI_CALL_DISCARD, page_addr(s, i), 0, 0), 0);
	CHECK_EQ(host.shared->pages_zero, 256);
	CHECK_EQ(host.shared->pages_lz4, 0);
	CHECK_EQ(host.shared->pages_raw, 128);
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++) {
		enum content content = i % 2 ? i % NR_CONTENTS : ZERO;

		CHECK(content_check(page_addr(s, i), content, 41 + i));
	}
	/* All is in, but for the section's table. */
	CHECK_EQ(call(TAIJI_CALL_NOP, 0, 0, 0), 0);
	CHECK_EQ(host.shared->bytes_stored, TAIJI_PAGE_SIZE);
	CHECK(host_stop());
}

/* Sections that went out come back in each other's frames; then each goes home. */
static void brings_everybody_home(void)
{
	const unsigned int n = 5;
	unsigned int first;

	start();
	first = host.first_user;
	for (unsigned int i = 0; i < n; i++)
		fill(first + i, i * 1000);
	for (unsigned int i = 0; i < n; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, first + i), TAIJI_SECTION_PAGES);
	for (unsigned int i = 0; i < n; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_IN, first + (i + 2) % n), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), -TAIJI_EBUSY);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, first), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, first, 1, 0), 0);
	fake_irq_rate(3);
	for (unsigned int i = 0; i < n; i++) {
		CHECK_EQ(call_whole(TAIJI_CALL_HOME, first + i), TAIJI_SECTION_PAGES);
		CHECK_EQ(call_range(TAIJI_CALL_ALLOW, first + i, 1, 0), 0);
	}
	for (unsigned int i = 0; i < n; i++)
		CHECK(intact(first + i, i * 1000));
	CHECK(host_stop());
}

/* A move that is left alone half-way: the section works, and can still go out, in, and home. */
static void survives_half_a_move(void)
{
	unsigned int a, b;

	start();
	a = host.first_user;
	b = a + 1;
	fill(a, 1);
	fill(b, 2000);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, a), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, b), TAIJI_SECTION_PAGES);
	/* The free frame next to hand is b's. */
	CHECK(intact(a, 1));
	CHECK(intact(b, 2000));
	fake_irq_rate(1);
	CHECK(call(TAIJI_CALL_HOME, section_addr(a), 0, 0) < TAIJI_SECTION_PAGES);
	CHECK(call(TAIJI_CALL_HOME, section_addr(b), 0, 0) < TAIJI_SECTION_PAGES);
	content_write(page_addr(a, 77), NOISE, 1 + 77);
	content_write(page_addr(b, 511), NOISE, 2000 + 511);
	fake_irq_rate(0);
	CHECK(content_check(page_addr(a, 76), 76 % NR_CONTENTS, 1 + 76));
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, b), TAIJI_SECTION_PAGES);
	CHECK(intact(b, 2000));
	CHECK(content_check(page_addr(a, 77), NOISE, 1 + 77));
	content_write(page_addr(a, 77), 77 % NR_CONTENTS, 1 + 77);
	CHECK(intact(a, 1));
	CHECK(host_stop());
}

static void gives_back_frames_in_use(void)
{
	unsigned int back = 0;
	s64 result;

	start();
	/* The grown section sits in a donated frame, and a user's home is free for it to go to. */
	fill(host.first_grown, 4);
	fill(host.first_user, 5);
	fill_with(host.first_user + 1, ZERO, 0);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, host.first_user + 1), TAIJI_SECTION_PAGES);
	fake_irq_rate(1);
	do {
		result = call_again(TAIJI_CALL_RECLAIM, 0);
		back += result > 0;
	} while (result > 0 || result == -TAIJI_EAGAIN);
	fake_irq_rate(0);
	/* One frame holds the tables. */
	CHECK(back == DONATED - 1 || back == DONATED);
	CHECK(intact(host.first_grown, 4));
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, host.first_grown, GROWN, 0), 0);
	CHECK_EQ(call_whole(TAIJI_CALL_IN, host.first_user + 1), TAIJI_SECTION_PAGES);
	for (unsigned int i = 0; i < 2; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_HOME, host.first_user + i), TAIJI_SECTION_PAGES);
	host.grown = 0;
	host.donated -= back;
	CHECK(host_stop());
}

static bool is_noise(unsigned int section, u64 seed)
{
	for (unsigned int k = 0; k < TAIJI_SECTION_PAGES; k++) {
		if (!content_check(page_addr(section, k), NOISE, seed + k))
			return false;
	}
	return true;
}

/*
 * A page of code comes in with one abort and no broadcast but the renewal of fetch. One that was
 * read first takes a second abort, and no flush of other TLBs.
 */
static void code_comes_in_with_one_abort(void)
{
	u64 aborts, flushes, renewals;
	unsigned int s;

	start();
	s = host.first_user;
	fill(s, 12);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, s), TAIJI_SECTION_PAGES);
	flushes = fake_flushes();
	renewals = fake_renewals();
	aborts = host_count(aborts);
	fake_fetch(page_addr(s, 2));
	CHECK_EQ(host_count(aborts), aborts + 1);
	fake_read(page_addr(s, 2));
	fake_read(page_addr(s, 3));
	CHECK_EQ(host_count(aborts), aborts + 2);
	fake_fetch(page_addr(s, 3));
	CHECK_EQ(host_count(aborts), aborts + 3);
	CHECK_EQ(fake_flushes(), flushes);
	CHECK_EQ(fake_renewals(), renewals + 2);
	/* All of the rest is renewed at once, when the section becomes a block. */
	CHECK_EQ(call_whole(TAIJI_CALL_IN, s), TAIJI_SECTION_PAGES);
	CHECK_EQ(fake_renewals(), renewals + 3);
	CHECK_EQ(fake_flushes(), flushes + 1);
	for (unsigned int k = 0; k < TAIJI_SECTION_PAGES; k++)
		CHECK_EQ(fake_fetch(page_addr(s, k)), fake_read(page_addr(s, k)));
	CHECK_EQ(fake_renewals(), renewals + 3);
	CHECK(intact(s, 12));
	CHECK(host_stop());
}

/* A section that faults have brought in whole is found without a search. */
static void whole_sections_queue(void)
{
	unsigned int s;

	start();
	s = host.first_user + 1;
	fill(s, 1);
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, 0, 64, 1), 0);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, s), TAIJI_SECTION_PAGES);
	for (unsigned int k = 1; k < TAIJI_SECTION_PAGES; k++)
		fake_read(page_addr(s, k));
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, 0, 64, 1), 0);
	fake_read(page_addr(s, 0));
	fake_irq_rate(1);
	for (unsigned int tries = 0; call(TAIJI_CALL_COLLAPSE, 0, 64, 1); tries++)
		CHECK(tries < TAIJI_SECTION_PAGES + 2);
	fake_irq_rate(0);
	CHECK_EQ(host_count(collapsed), 1);
	CHECK(intact(s, 1));
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, 0, 65, 1), -TAIJI_EINVAL);
	CHECK(host_stop());
}

/* Whatever takes many sections out of reach does so with one flush for a batch of them. */
static void sections_share_a_flush(void)
{
	const unsigned int n = 8;
	unsigned int s;
	u64 flushes;

	start();
	s = host.first_user;
	for (unsigned int i = 0; i < n; i++)
		fill(s + i, i);
	flushes = host_count(flushes);
	CHECK_EQ(call(TAIJI_CALL_AWAY, section_addr(s), (1 << n) - 1, 0), n);
	CHECK_EQ(host_count(flushes), flushes + 1);
	/* One that is touched before its turn takes a flush of its own. */
	fake_read(page_addr(s + 1, 3));
	for (unsigned int i = 0; i < n; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, s + i), TAIJI_SECTION_PAGES);
	CHECK_EQ(host_count(flushes), flushes + 2);
	CHECK_EQ(host_count(swap_out), n * TAIJI_SECTION_PAGES);
	for (unsigned int i = 0; i < n; i++)
		CHECK(intact(s + i, i));
	flushes = host_count(flushes);
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, section_addr(s), n, 0), n);
	CHECK_EQ(host_count(collapsed), n);
	CHECK_EQ(host_count(flushes), flushes + 1);
	for (unsigned int i = 0; i < n; i++)
		CHECK(intact(s + i, i));
	CHECK_EQ(call(TAIJI_CALL_DROP, section_addr(s), n, 0), n);
	CHECK_EQ(host_count(flushes), flushes + 2);
	CHECK_EQ(call(TAIJI_CALL_AWAY, section_addr(s), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_AWAY, section_addr(s), 1ULL << 63, 0), -TAIJI_EINVAL);
	CHECK(host_stop());
}

/* Without a frame for the store nothing can go out: that is said, and nothing is harmed. */
static void unwinds_when_full(void)
{
	unsigned int s;

	start();
	s = host.first_user;
	fill_with(s, NOISE, 1000);
	for (; host.donated; host.donated--)
		CHECK(call_again(TAIJI_CALL_RECLAIM, 0) > 0);
	CHECK_EQ(host.shared->free_frames, 0);
	for (unsigned int i = 0; i < 2; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, s), -TAIJI_ENOMEM);
	CHECK_EQ(host_count(swap_out), 0);
	CHECK(is_noise(s, 1000));
	CHECK(host_stop());
}

/*
 * Nothing packs, all that can be is out, and then a page of each section is touched: there is no
 * frame for all of them, and nobody but the faults themselves to make one. They do, of what is
 * partly out.
 */
static void faults_make_frames(void)
{
	unsigned int first, in, n;

	start();
	first = host.first_user;
	n = host.first_grown - first;
	in = n - 3;
	for (unsigned int i = 0; i < n; i++)
		fill_with(first + i, NOISE, i * 1000);
	for (unsigned int i = 0; i < in; i++)
		CHECK_EQ(call_whole(TAIJI_CALL_OUT, first + i), TAIJI_SECTION_PAGES);
	fake_irq_rate(50);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < in; i++)
			CHECK(content_check(page_addr(first + i, round), NOISE, i * 1000 + round));
	}
	fake_irq_rate(0);
	CHECK(host_count(stalls) > 0);
	CHECK(host_count(relieved) > 0);
	CHECK(host_count(relieved) <= host_count(swap_out));
	/* First touch may take what swap-in lives on, when nothing else is left. */
	fake_write(section_addr(host.first_grown), 5);
	CHECK_EQ(fake_read(section_addr(host.first_grown)), 5);
	for (unsigned int i = 0; i < n; i++)
		CHECK(is_noise(first + i, i * 1000));
	CHECK(host_stop());
}

/*
 * First touch waits while there are frames left, so that what is out can still come in.
 */
static void keeps_a_reserve(void)
{
	u64 left;

	host_start(2, RAM, DONATED, 16);
	fill(host.first_user, 1);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, host.first_user), TAIJI_SECTION_PAGES);
	fake_patience(10);
	fake_irq_rate(1);
	for (unsigned int i = 0; i < 16; i++) {
		if (fake_try_write(section_addr(host.first_grown + i), i) == FAKE_STALLED)
			break;
		CHECK(i < DONATED);
	}
	CHECK_EQ(host_count(stalls), 10);
	fake_irq_rate(0);
	left = host.shared->free_frames;
	CHECK_EQ(left, 2 * (2 + 1));
	fake_patience(FAKE_PATIENCE);
	CHECK(intact(host.first_user, 1));
	CHECK_EQ(call(TAIJI_CALL_COLLAPSE, section_addr(host.first_user), 1, 0), 1);
	/* One for the section; what is half out holds a table, in the store's frame. */
	CHECK(host.shared->free_frames >= left - 1);
	CHECK(host_stop());
}

static void stops_only_when_all_is_home(void)
{
	start();
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), -TAIJI_EBUSY);
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, host.first_grown, GROWN, 0), 0);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), -TAIJI_EBUSY);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, host.first_user), TAIJI_SECTION_PAGES);
	/* Out, its home is free; a section cannot go home before it is in. */
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, host.first_user), -TAIJI_EBUSY);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), -TAIJI_EBUSY);
	host.grown = 0;
	CHECK(host_stop());
}

/* A letter a section: no frame, old, young, unknown; capital when partly out. */
static const char *ages(unsigned int n)
{
	static char letters[TAIJI_AGE_SECTIONS + 1];
	u64 result = call(TAIJI_CALL_AGE, section_addr(host.first_user), n, 0);

	for (unsigned int i = 0; i < n && i < TAIJI_AGE_SECTIONS; i++)
		letters[i] = (taiji_age_is_partial(result, i) ? "-OY?" :
			      "-oy?")[taiji_age(result, i)];
	letters[n < TAIJI_AGE_SECTIONS ? n : TAIJI_AGE_SECTIONS] = 0;
	return letters;
}

static void sees_what_is_touched(bool hardware)
{
	start();
	fake_hardware_af(hardware);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, host.first_user + 1), TAIJI_SECTION_PAGES);
	CHECK(!strcmp(ages(4), "y-yy"));
	CHECK(!strcmp(ages(4), "o-oo"));
	fake_read(page_addr(host.first_user + 1, 9));
	fake_read(page_addr(host.first_user + 2, 0));
	CHECK(!strcmp(ages(4), "oYyo"));
	CHECK(!strcmp(ages(4), "oOoo"));
	/* The TLB does not tell; another page does. */
	fake_read(page_addr(host.first_user + 1, 10));
	fake_read(page_addr(host.first_user + 2, 1));
	CHECK(!strcmp(ages(4), "oYyo"));
	CHECK_EQ(call(TAIJI_CALL_AGE, section_addr(host.first_user), TAIJI_AGE_SECTIONS + 1, 0), 0);
	/* An interrupt comes first, but one section is looked at. */
	fake_irq_rate(1);
	CHECK(!strcmp(ages(3), "o??"));
	fake_irq_rate(0);
	CHECK(host_stop());
}

/* From STOP until a CPU has left, it may fault for want of nothing but the access flag. */
static void serves_to_the_end(void)
{
	start();
	fake_hardware_af(false);
	CHECK_EQ(engine_call(TAIJI_CALL_FORGET, 0, 0, 0), -TAIJI_EBUSY);
	fake_write(section_addr(host.first_user), 5);
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, host.first_grown, GROWN, 0), 0);
	for (unsigned int i = 0; i < DONATED; i++)
		CHECK(call_again(TAIJI_CALL_RECLAIM, 0) > 0);
	ages(4);
	CHECK_EQ(engine_call(TAIJI_CALL_STOP, 0, 0, 0), 0);
	CHECK_EQ(fake_read(section_addr(host.first_user)), 5);
	CHECK_EQ(engine_call(TAIJI_CALL_FORGET, 0, 0, 0), 0);
	fake_machine_stop();
}

static void sees_touches_by_hardware(void)
{
	sees_what_is_touched(true);
}

static void sees_touches_by_faults(void)
{
	sees_what_is_touched(false);
}

int main(void)
{
	tap_begin();
	TAP_RUN(refuses_bad_arguments);
	TAP_RUN(hides_what_is_its_own);
	TAP_RUN(swaps_every_kind);
	TAP_RUN(keeps_writes_after_swap_in);
	TAP_RUN(asks_before_it_swaps);
	TAP_RUN(yields_to_interrupts);
	TAP_RUN(collapses_between_interrupts);
	TAP_RUN(swaps_a_part);
	TAP_RUN(survives_being_abandoned);
	TAP_RUN(fetches_what_it_wrote);
	TAP_RUN(grows_and_shrinks);
	TAP_RUN(drops_what_nobody_wants);
	TAP_RUN(discards_pages);
	TAP_RUN(brings_everybody_home);
	TAP_RUN(survives_half_a_move);
	TAP_RUN(gives_back_frames_in_use);
	TAP_RUN(code_comes_in_with_one_abort);
	TAP_RUN(whole_sections_queue);
	TAP_RUN(sections_share_a_flush);
	TAP_RUN(unwinds_when_full);
	TAP_RUN(faults_make_frames);
	TAP_RUN(keeps_a_reserve);
	TAP_RUN(stops_only_when_all_is_home);
	TAP_RUN(serves_to_the_end);
	TAP_RUN(sees_touches_by_hardware);
	TAP_RUN(sees_touches_by_faults);
	return tap_end();
}

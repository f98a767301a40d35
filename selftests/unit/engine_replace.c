// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an engine that takes over does, and what it refuses to take over. The second engine is this
 * one again, with all it has of its own forgotten.
 */
#include "arena.h"
#include "engine_host.h"
#include "tap.h"

#define RAM	40
#define DONATED	12

/* The state of the engine before, where the one after knows nothing yet. */
static struct arena *leave(void)
{
	struct arena *state = arena;

	arena = NULL;
	return state;
}

static s64 adopt(struct arena *state)
{
	return call(TAIJI_CALL_ADOPT, state->pieces->self, 0, 0);
}

static void start(void)
{
	host_start(2, RAM, DONATED, 0);
}

static void takes_over_what_is_out(void)
{
	struct arena *state;
	u64 out;

	start();
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++)
		content_write(page_addr(host.first_user, i), i % NR_CONTENTS, i);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, host.first_user), TAIJI_SECTION_PAGES);
	out = host.shared->sections_out;

	state = leave();
	CHECK_EQ(adopt(state), 0);
	CHECK(arena == state);
	CHECK_EQ(host.shared->sections_out, out);
	for (unsigned int i = 0; i < TAIJI_SECTION_PAGES; i++)
		CHECK(content_check(page_addr(host.first_user, i), i % NR_CONTENTS, i));
	CHECK(host_stop());
}

static void takes_over_once(void)
{
	start();
	CHECK_EQ(adopt(arena), -TAIJI_EBUSY);
	CHECK(host_stop());
}

/* Another has taken over, and has gone, and so has the memory: what is left is a pointer. */
static void begins_anew_when_it_is_used_again(void)
{
	static struct arena poison;

	arena = &poison;
	CHECK_EQ(call(TAIJI_CALL_ADOPT, 0, 0, 0), 0);
	CHECK(!arena);
	CHECK_EQ(call(TAIJI_CALL_NOP, 0, 0, 0), 0);
	start();
	CHECK(host_stop());
}

static void refuses_a_state_of_another_version(void)
{
	struct arena *state;

	start();
	state = leave();
	state->pieces->version++;
	CHECK_EQ(adopt(state), -TAIJI_EINVAL);
	state->pieces->version--;
	/* What a release build has, for a debug build. */
	state->pieces->version ^= 1U << 31;
	CHECK_EQ(adopt(state), -TAIJI_EINVAL);
	state->pieces->version ^= 1U << 31;
	CHECK(!arena);
	CHECK_EQ(adopt(state), 0);
	CHECK(host_stop());
}

static void refuses_what_is_no_state(void)
{
	struct arena *state;

	start();
	state = leave();
	state->pieces->magic ^= 1;
	CHECK_EQ(adopt(state), -TAIJI_EINVAL);
	state->pieces->magic ^= 1;
	CHECK_EQ(call(TAIJI_CALL_ADOPT, FAKE_RAM_START, 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_ADOPT, state->pieces->self + 8, 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_ADOPT, 1ULL << 60, 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(adopt(state), 0);
	CHECK(host_stop());

	/* One that has ended is none either. */
	start();
	state = arena;
	CHECK_EQ(call(TAIJI_CALL_ADOPT, state->pieces->self, 0, 0), -TAIJI_EBUSY);
	CHECK(host_stop());
}

/* A section outside of the swappable ones, for an image. */
static unsigned int image(void)
{
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, host.first_user, 1, 0), 0);
	return host.first_user;
}

static void hides_an_image_and_shows_it(void)
{
	unsigned int at;
	u64 value;

	start();
	at = image();
	content_write(page_addr(at, 3), TEXT, 3);
	CHECK_EQ(call_range(TAIJI_CALL_HIDE, at, 1, 0), 0);
	CHECK_EQ(fake_try_read(page_addr(at, 3), &value), FAKE_UNOWNED);
	CHECK_EQ(host_count(unowned), 1);
	CHECK_EQ(call_range(TAIJI_CALL_HIDE, at, 1, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, at, 1, 1), -TAIJI_EINVAL);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(at), 0, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_SHOW, at, 1, 0), 0);
	CHECK(content_check(page_addr(at, 3), TEXT, 3));
	CHECK_EQ(call_range(TAIJI_CALL_SHOW, at, 1, 0), -TAIJI_EINVAL);
	CHECK(host_stop());
}

static void hides_nothing_that_moves(void)
{
	u64 value;

	start();
	CHECK_EQ(call_range(TAIJI_CALL_HIDE, host.first_user, 1, 0), -TAIJI_EINVAL);
	/* It comes as far as it can. */
	CHECK_EQ(call(TAIJI_CALL_HIDE, section_addr(image()), 2, 0), 1);
	CHECK_EQ(fake_try_read(section_addr(host.first_user), &value), FAKE_UNOWNED);
	CHECK_EQ(fake_try_read(section_addr(host.first_user + 1), &value), FAKE_DONE);
	CHECK_EQ(call_range(TAIJI_CALL_SHOW, host.first_user, 1, 0), 0);
	CHECK(host_stop());
}

static void shows_no_arena(void)
{
	start();
	CHECK_EQ(call_range(TAIJI_CALL_SHOW, 1, 1, 0), -TAIJI_EINVAL);
	CHECK_EQ(call_range(TAIJI_CALL_SHOW, host.first_donated, 1, 0), -TAIJI_EINVAL);
	CHECK(host_stop());
}

int main(void)
{
	tap_begin();
	TAP_RUN(takes_over_what_is_out);
	TAP_RUN(takes_over_once);
	TAP_RUN(begins_anew_when_it_is_used_again);
	TAP_RUN(refuses_a_state_of_another_version);
	TAP_RUN(refuses_what_is_no_state);
	TAP_RUN(hides_an_image_and_shows_it);
	TAP_RUN(hides_nothing_that_moves);
	TAP_RUN(shows_no_arena);
	return tap_end();
}

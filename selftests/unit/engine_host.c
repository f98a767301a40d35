// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "engine_host.h"

struct host host;

/* Pages of the host's own, from @at on; moves that on. */
static u64 host_own(u64 *at, u64 size)
{
	u64 from = *at;

	*at += (size + TAIJI_PAGE_SIZE - 1) & ~(TAIJI_PAGE_SIZE - 1);
	return from;
}

static void host_ranges(struct taiji_start *args)
{
	struct taiji_range all = { FAKE_RAM_START, host.ram * TAIJI_SECTION_SIZE };

	if (!host.ranges) {
		args->nr_ranges = 1;
		args->ram[0] = all;
		return;
	}
	args->nr_ranges = host.nr_ranges;
	for (unsigned int i = 0; i < host.nr_ranges; i++)
		args->ram[i] = host.ranges[i];
}

static void host_pieces(struct taiji_start *args)
{
	for (unsigned int i = 0; i < args->nr_pieces; i++)
		host.pieces[i] = section_addr(host.first_piece + i * host.stride);
}

void host_boot(void)
{
	u64 sections = host.ram + host.grown;
	u64 at = FAKE_RAM_START;
	struct taiji_start *args;

	host.stride = host.stride ?: 1;
	fake_machine_start(host.ram * TAIJI_SECTION_SIZE, sections * TAIJI_SECTION_SIZE);
	fake_cpu(0, 1);
	host.first_grown = host.ram;
	host.end = host.ram + host.grown;

	args = arch_va(pa(host_own(&at, sizeof(*args) +
				   (host.nr_ranges + 1) * sizeof(args->ram[0]))));
	host.args = args;
	args->abi = TAIJI_ABI;
	args->nr_cpus = host.cpus;
	args->ipa_bits = host.ipa_bits ?: 43;
	args->first = FAKE_RAM_START;
	args->end = section_addr(host.end);
	args->room.start = section_addr(host.first_grown);
	args->room.size = host.grown * TAIJI_SECTION_SIZE;
	host_ranges(args);

	args->shared.size = sizeof(*host.shared) + host.cpus * sizeof(struct taiji_cpu_stats);
	args->shared.start = host_own(&at, args->shared.size);
	host.shared = arch_va(pa(args->shared.start));
	args->units.size = sections * sizeof(*host.units);
	args->units.start = host_own(&at, args->units.size);
	host.units = arch_va(pa(args->units.start));
	args->nr_pieces = taiji_arena_pieces(args);
	args->pieces = host_own(&at, args->nr_pieces * sizeof(*host.pieces));
	host.pieces = arch_va(pa(args->pieces));

	host.first_piece = (at - FAKE_RAM_START + TAIJI_SECTION_SIZE - 1) >> TAIJI_SECTION_SHIFT;
	host.first_donated = host.first_piece + args->nr_pieces * host.stride;
	host.first_user = host.first_donated + host.donated;
	host_pieces(args);
}

static void must(const char *what, s64 result)
{
	if (!result)
		return;
	fprintf(stderr, "host: %s: %lld\n", what, (long long)result);
	exit(1);
}

void host_start(unsigned int cpus, unsigned int ram, unsigned int donated, unsigned int grown)
{
	host = (struct host){ .cpus = cpus, .ram = ram, .donated = donated, .grown = grown };
	host_boot();
	host_begin();
}

void host_begin(void)
{
	must("START", call_again(TAIJI_CALL_START, FAKE_RAM_START));
	must("DONATE", call_range(TAIJI_CALL_DONATE, host.first_donated, host.donated, 0));
	must("ALLOW", call_range(TAIJI_CALL_ALLOW, host.first_user,
				 host.first_grown - host.first_user, 1));
	must("GROW", call_range(TAIJI_CALL_GROW, host.first_grown, host.grown, 0));
}

/* As the base's swap_all(): one that is busy or finds no room is left for the next round. */
static s64 host_whole_range(u64 nr)
{
	s64 later = 0;

	for (unsigned int i = host.first_user; i < host.first_grown; i++) {
		s64 result = call_whole(nr, i);

		if (result == -TAIJI_EBUSY || result == -TAIJI_ENOMEM)
			later = later ? later : result;
		else if (result != TAIJI_SECTION_PAGES)
			return result;
	}
	return later;
}

/*
 * A section's home may be in use by the store as long as another one has a table, and the holes of
 * the store may take the frames that sections need.
 */
bool host_all_home(void)
{
	s64 result = 0;

	for (int round = 0; round < 10; round++) {
		result = host_whole_range(TAIJI_CALL_IN);
		if (!result)
			result = host_whole_range(TAIJI_CALL_HOME);
		if (result != -TAIJI_EBUSY && result != -TAIJI_ENOMEM)
			break;
		host_whole_range(TAIJI_CALL_COMPACT);
	}
	if (result)
		printf("# home: %lld\n", (long long)result);
	return !result;
}

bool host_stop(void)
{
	unsigned int back = 0;
	s64 result;

	if (call_range(TAIJI_CALL_SHRINK, host.first_grown, host.grown, 0))
		return false;
	if (!host_all_home())
		return false;
	do {
		result = call_again(TAIJI_CALL_RECLAIM, 0);
		back += result > 0;
	} while (result > 0);
	if (result != -TAIJI_ENOENT || back != host.donated) {
		printf("# reclaimed %u of %u, then %lld\n", back, host.donated, (long long)result);
		return false;
	}
	result = call_again(TAIJI_CALL_STOP, 0);
	if (result)
		printf("# STOP: %lld\n", (long long)result);
	fake_machine_stop();
	return !result;
}

s64 call(u64 nr, u64 a, u64 b, u64 c)
{
	s64 result = engine_call(nr, a, b, c);

	/* Nobody is below the stage 2 any more. */
	if (nr == TAIJI_CALL_STOP && !result)
		result = engine_call(TAIJI_CALL_FORGET, 0, 0, 0);
	return result;
}

s64 call_again(u64 nr, u64 a)
{
	s64 result;

	do {
		result = call(nr, a, 0, 0);
	} while (result == -TAIJI_EAGAIN);
	return result;
}

s64 call_range(u64 nr, unsigned int first, unsigned int n, u64 flag)
{
	s64 done;

	for (; n; n -= done, first += done) {
		done = call(nr, section_addr(first), n, flag);
		if (done < 0)
			return done;
	}
	return 0;
}

s64 call_whole(u64 nr, unsigned int section)
{
	s64 to = 0;

	do {
		to = call(nr, section_addr(section), to, 0);
	} while (to >= 0 && to < TAIJI_SECTION_PAGES);
	return to;
}

static u64 mix(u64 x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185ULL;
	x ^= x >> 27;
	x *= 0x81dadef4bc2dd44dULL;
	return x ^ x >> 33;
}

u64 content_word(enum content content, u64 seed, unsigned int i)
{
	switch (content) {
	case ZERO:
		return 0;
	case SAME:
		return (mix(seed) & 0xffffffff) * 0x100000001ULL;
	case TEXT:
		/* Packs to a third to two thirds, depending on the seed. */
		return i % (2 + mix(seed) % 4) ? 0x2061206e69207369ULL + seed : mix(seed ^ i);
	default:
		return mix(seed * TAIJI_SECTION_PAGES + i);
	}
}

void content_write(u64 page, enum content content, u64 seed)
{
	for (unsigned int i = 0; i < TAIJI_PAGE_SIZE / 8; i++)
		fake_write(page + i * 8, content_word(content, seed, i));
}

bool content_check(u64 page, enum content content, u64 seed)
{
	for (unsigned int i = 0; i < TAIJI_PAGE_SIZE / 8; i++) {
		if (fake_read(page + i * 8) != content_word(content, seed, i))
			return false;
	}
	return true;
}

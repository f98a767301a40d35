// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices on the fake machine: they write where an address says, whatever is there. What the host
 * counts for them keeps that right.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "engine_host.h"
#include "pin.h"
#include "tap.h"

#define RAM	40
#define DONATED	12
#define GROWN	4
#define CPUS	4
#define SECTIONS 6
#define ROUNDS	6000

static s32 *unit(unsigned int section)
{
	return &host.units[section];
}

/* The host's side: see kernel/dma/residency.c of the series. */
static bool pin(unsigned int section)
{
	s32 old = __atomic_load_n(unit(section), __ATOMIC_RELAXED);

	do {
		if (old < 0)
			return false;
	} while (!__atomic_compare_exchange_n(unit(section), &old, old + 1, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

static void unpin(unsigned int section)
{
	__atomic_fetch_sub(unit(section), 1, __ATOMIC_ACQ_REL);
}

static u64 *device_word(unsigned int section, unsigned int page)
{
	return arch_va(pa(page_addr(section, page)));
}

static void start(unsigned int cpus)
{
	host_start(cpus, RAM, DONATED, GROWN);
}

static void stays_while_a_device_uses_it(void)
{
	unsigned int section;

	start(2);
	section = host.first_user;
	CHECK(pin(section));
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(section), 0, 0), -TAIJI_EADDRINUSE);
	CHECK_EQ(call_range(TAIJI_CALL_DROP, section, 1, 0), -TAIJI_EADDRINUSE);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(*unit(section), 1);
	*device_word(section, 7) = 0x1234;
	unpin(section);
	CHECK_EQ(fake_read(page_addr(section, 7)), 0x1234);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(fake_read(page_addr(section, 7)), 0x1234);
	CHECK(host_stop());
}

static void is_not_given_away_while_it_is_not_there(void)
{
	unsigned int section;

	start(2);
	section = host.first_user;
	fake_write(page_addr(section, 0), 1);
	CHECK_EQ(call_whole(TAIJI_CALL_OUT, section), TAIJI_SECTION_PAGES);
	CHECK(!pin(section));
	/* All in, and not yet a block at home. */
	CHECK_EQ(fake_read(page_addr(section, 0)), 1);
	CHECK(!pin(section));
	CHECK_EQ(call_whole(TAIJI_CALL_IN, section), TAIJI_SECTION_PAGES);
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, section), TAIJI_SECTION_PAGES);
	CHECK(pin(section));
	unpin(section);
	CHECK(host_stop());
}

static void what_has_no_home_is_always_bounced(void)
{
	start(2);
	CHECK(!pin(host.first_grown));
	fake_write(page_addr(host.first_grown, 0), 1);
	CHECK(!pin(host.first_grown));
	CHECK_EQ(call_range(TAIJI_CALL_DROP, host.first_user, 1, 0), 0);
	CHECK(!pin(host.first_user));
	CHECK_EQ(call_whole(TAIJI_CALL_HOME, host.first_user), TAIJI_SECTION_PAGES);
	CHECK(pin(host.first_user));
	unpin(host.first_user);
	CHECK(host_stop());
}

static void stays_when_there_is_no_room_for_a_table(void)
{
	unsigned int section;

	host = (struct host){ .cpus = 2, .ram = RAM };
	host_boot();
	section = host.first_user;
	CHECK_EQ(call_again(TAIJI_CALL_START, FAKE_RAM_START), 0);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, section, 1, 1), 0);
	CHECK_EQ(call(TAIJI_CALL_OUT, section_addr(section), 0, 0), -TAIJI_ENOMEM);
	CHECK(pin(section));
	unpin(section);
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
	fake_machine_stop();
}

static atomic_ulong direct, bounced, wrong;

/* One page of each section is this CPU's own. */
static void *transfer(void *arg)
{
	unsigned int cpu = (unsigned long)arg;

	fake_cpu(cpu, cpu + 1);
	for (u64 i = 1; i < ROUNDS; i++) {
		unsigned int section = host.first_user + fake_random() % SECTIONS;
		u64 at = page_addr(section, cpu);

		if (pin(section)) {
			*device_word(section, cpu) = i;
			unpin(section);
			direct++;
		} else {
			fake_write(at, i);
			bounced++;
		}
		wrong += fake_read(at) != i;
	}
	return NULL;
}

static void *swap(void *arg)
{
	static const u64 calls[] = { TAIJI_CALL_OUT, TAIJI_CALL_IN, TAIJI_CALL_HOME };
	unsigned int cpu = (unsigned long)arg;

	fake_cpu(cpu, cpu + 1);
	for (unsigned int i = 0; i < ROUNDS / 20; i++) {
		unsigned int section = host.first_user + fake_random() % SECTIONS;

		call_whole(calls[fake_random() % 3], section);
		call(TAIJI_CALL_COLLAPSE, section_addr(section), 1, 0);
	}
	return NULL;
}

static void devices_and_swapping_at_once(void)
{
	pthread_t threads[CPUS];

	start(CPUS);
	for (unsigned long i = 0; i < CPUS; i++)
		pthread_create(&threads[i], NULL, i < 2 ? swap : transfer, (void *)i);
	for (unsigned int i = 0; i < CPUS; i++)
		pthread_join(threads[i], NULL);
	fake_cpu(0, 1);
	printf("# %lu direct, %lu bounced\n", direct, bounced);
	CHECK_EQ(wrong, 0);
	CHECK(direct && bounced);
	CHECK(host_count(swap_out));
	for (unsigned int i = host.first_user; i < host.first_user + SECTIONS; i++) {
		CHECK_EQ(call_whole(TAIJI_CALL_IN, i), TAIJI_SECTION_PAGES);
		CHECK_EQ(call_whole(TAIJI_CALL_HOME, i), TAIJI_SECTION_PAGES);
		CHECK_EQ(*unit(i), 0);
	}
	CHECK(host_stop());
}

int main(void)
{
	tap_begin();
	TAP_RUN(stays_while_a_device_uses_it);
	TAP_RUN(is_not_given_away_while_it_is_not_there);
	TAP_RUN(what_has_no_home_is_always_bounced);
	TAP_RUN(stays_when_there_is_no_room_for_a_table);
	TAP_RUN(devices_and_swapping_at_once);
	return tap_end();
}

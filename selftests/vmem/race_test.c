// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many owners at once that allocate, map, fork, pass on, close in any order
 * and are killed, while the engine goes and comes. Nobody ever sees another's
 * bytes, and in the end everything is free again.
 */
#include <linux/vmem.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "kselftest_harness.h"
#include "vmem_test.h"

#define OWNERS		4
#define MAX_SLICES	24

FIXTURE(race) {
	struct region region;
};

FIXTURE_SETUP(race)
{
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	ASSERT_EQ(0, vmem_load(&self->region));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	EXPECT_EQ(0, vmem_unload());
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* One word in each 4 KiB: @tag where it has been written, or else 0. */
static bool marks_are(const char *map, uint64_t length, uint64_t tag)
{
	uint64_t i = 0;

	while (i < length && *(uint64_t *)(map + i) == tag)
		i += 4096;
	return tally_bytes(length / 4096 * sizeof(tag), i < length);
}

static void mark(char *map, uint64_t length, uint64_t tag)
{
	uint64_t i;

	for (i = 0; i < length; i += 4096)
		*(uint64_t *)(map + i) = tag;
}

/* Returns the descriptor and the mapping, or -1 when there is no memory. */
static int own(uint64_t length, unsigned int *seed, char **map)
{
	int dev = vmem_open(), fd = dev;

	if (rand_r(seed) % 2) {
		fd = vmem_alloc(dev, length, rand_r(seed) % 2 ? SLICE : 0, 0);
		close(dev);
	}
	if (fd < 0)
		return -1;
	*map = vmem_map(fd, length);
	if (*map == MAP_FAILED) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A child sees its parent's memory, and its going changes nothing. */
static bool lives_through_fork(char *map, uint64_t length, uint64_t tag,
			       unsigned int *seed)
{
	bool stop = rand_r(seed) % 2;
	pid_t child = fork();
	int status;

	if (!child) {
		if (!marks_are(map, length, tag))
			_exit(1);
		if (stop)
			pause();
		_exit(0);
	}
	if (stop)
		kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return (stop || !status) && marks_are(map, length, tag);
}

/* 0 for a good end, 1 if it saw what is not its own. */
static int owner(unsigned int seed, double end, bool may_fork)
{
	uint64_t tag = 0;

	while (now() < end) {
		uint64_t length = (rand_r(&seed) % MAX_SLICES + 1) * SLICE;
		char *map;
		int fd = own(length, &seed, &map);

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		tag = (uint64_t)seed << 32 | (tag + 1);
		if (!marks_are(map, length, 0))
			return 1;
		mark(map, length, tag);
		if (rand_r(&seed) % 2) {
			close(fd);
			fd = -1;
		}
		if (may_fork && rand_r(&seed) % 4 == 0 &&
		    !lives_through_fork(map, length, tag, &seed))
			return 1;
		if (!marks_are(map, length, tag))
			return 1;
		if (length > SLICE && rand_r(&seed) % 2) {
			munmap(map, SLICE);
			map += SLICE;
			length -= SLICE;
			if (!marks_are(map, length, tag))
				return 1;
		}
		munmap(map, length);
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

TEST_F_TIMEOUT(race, processes, 90)
{
	double end = now() + seconds_wanted();
	pid_t children[OWNERS];
	int i, status;

	for (i = 0; i < OWNERS; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(owner(i + 1, end, true));
	}
	/* Meanwhile engines take over, again and again, or there is none. */
	while (now() < end) {
		EXPECT_EQ(0, test_module_load("vmem_engine_next", ""));
		EXPECT_EQ(0, module_unload("vmem_engine"));
		EXPECT_EQ(0, engine_load());
		EXPECT_EQ(0, module_unload("vmem_engine_next"));
		EXPECT_EQ(0, engine_unload());
		EXPECT_EQ(0, engine_load());
		usleep(20000);
	}
	for (i = 0; i < OWNERS; i++) {
		ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST_F_TIMEOUT(race, killed_at_any_moment, 90)
{
	double end = now() + seconds_wanted();
	unsigned int seed = 1;
	int status;

	while (now() < end) {
		pid_t child = fork();

		if (!child)
			_exit(owner(seed, end + 10, false));
		usleep(rand_r(&seed) % 200000);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
	}
}

struct thread {
	pthread_t id;
	unsigned int seed;
	double end;
	int ret;
};

static void *owner_thread(void *arg)
{
	struct thread *thread = arg;

	thread->ret = owner(thread->seed, thread->end, false);
	return NULL;
}

TEST_F_TIMEOUT(race, threads, 90)
{
	struct thread threads[OWNERS];
	int i;

	for (i = 0; i < OWNERS; i++) {
		threads[i].seed = i + 100;
		threads[i].end = now() + seconds_wanted();
		pthread_create(&threads[i].id, NULL, owner_thread, &threads[i]);
	}
	for (i = 0; i < OWNERS; i++) {
		pthread_join(threads[i].id, NULL);
		EXPECT_EQ(0, threads[i].ret);
	}
}

static void meet(int *arrived)
{
	__atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(arrived, __ATOMIC_SEQ_CST) < 2)
		;
}

/*
 * Two processes that both map an open for the first time share one memory.
 * (Threads would not meet in the driver: mmap takes their common mmap_lock.)
 */
TEST_F_TIMEOUT(race, first_mmap_of_an_open, 90)
{
	int *arrived = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int round, status;

	for (round = 0; round < 200; round++) {
		int fd = vmem_open(), *map;
		pid_t child;

		*arrived = 0;
		child = fork();
		if (!child) {
			meet(arrived);
			map = vmem_map(fd, 8 * SLICE);
			if (map != MAP_FAILED)
				*map = round + 1;
			_exit(map == MAP_FAILED);
		}
		meet(arrived);
		map = vmem_map(fd, 8 * SLICE);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_EQ(0, status);
		ASSERT_NE(MAP_FAILED, map);
		ASSERT_EQ(round + 1, *map);
		munmap(map, 8 * SLICE);
		close(fd);
		ASSERT_EQ(self->region.size, pool_value("free_bytes"));
	}
	munmap(arrived, 4096);
}

TEST_HARNESS_MAIN

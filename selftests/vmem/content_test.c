// SPDX-License-Identifier: GPL-2.0-only
/* Memory keeps what its owner writes, and shows it to nobody else. */
#include <linux/vmem.h>
#include <signal.h>

#include "pool_fixture.h"

static void keep(struct __test_metadata *_metadata, int fd, uint64_t size)
{
	char *map, *again;
	struct stat st;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(size, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(size, st.st_size);
	map = vmem_map(fd, size);
	again = vmem_map(fd, size);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_TRUE(is_zero(map, size));
	pattern_fill(map, size, 5);
	EXPECT_TRUE(pattern_check(again, size, 5));
	munmap(map, size);
	munmap(again, size);
	/* The file keeps it while nothing maps it. */
	map = mmap(NULL, SLICE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_TRUE(pattern_check(map, SLICE, 5));
	munmap(map, SLICE);
	close(fd);
}

TEST_F_TIMEOUT(pool, keeps_what_is_written, 180)
{
	keep(_metadata, vmem_alloc(self->dev, self->size, 0, 0), self->size);
	/* Too short for a page of 1 GiB, or none at the end. */
	keep(_metadata, vmem_alloc(self->dev, self->size - SLICE, 0, 0),
	     self->size - SLICE);
}

/* An unmodified program: open, mmap, and a second mmap of the same file. */
TEST_F(pool, allocates_at_a_plain_mmap)
{
	int fd = vmem_open();
	char *map, *again;

	EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
	map = vmem_map(fd, 4 * SLICE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(self->size - 4 * SLICE, pool_value("free_bytes"));
	again = mmap(NULL, 2 * SLICE, PROT_READ, MAP_SHARED, fd, 2 * SLICE);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_EQ(self->size - 4 * SLICE, pool_value("free_bytes"));
	pattern_fill(map + 2 * SLICE, 2 * SLICE, 6);
	EXPECT_TRUE(pattern_check(again, 2 * SLICE, 6));
	close(fd);
	munmap(map, 4 * SLICE);
	EXPECT_EQ(self->size - 4 * SLICE, pool_value("free_bytes"));
	EXPECT_TRUE(pattern_check(again, 2 * SLICE, 6));
	munmap(again, 2 * SLICE);
}

/* ---- one owner after the other ---- */

/* Every byte of the pool is written by one and looked at by the next. */
TEST_F_TIMEOUT(pool, next_owner_sees_zeros, 120)
{
	int round;

	for (round = 0; round < 3; round++) {
		/* Another cut each time. */
		uint64_t first = self->size / (round + 2) / SLICE * SLICE;
		uint64_t part[2] = { first, self->size - first };
		void *map[2];
		int i;

		for (i = 0; i < 2; i++) {
			int fd = round % 2 ? vmem_open() :
				 vmem_alloc(self->dev, part[i], 0, 0);

			ASSERT_GE(fd, 0);
			map[i] = vmem_map(fd, part[i]);
			ASSERT_NE(MAP_FAILED, map[i]);
			close(fd);
			EXPECT_TRUE(is_zero(map[i], part[i]));
			memset(map[i], 0xa5, part[i]);
		}
		EXPECT_EQ(0, pool_value("free_bytes"));
		for (i = 0; i < 2; i++)
			munmap(map[i], part[i]);
	}
}

static void own_until_killed(int dev, uint64_t length, int ready)
{
	void *map = vmem_map(vmem_alloc(dev, length, 0, 0), length);

	memset(map, 0xa5, length);
	if (write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

TEST_F_TIMEOUT(pool, freed_after_a_kill, 180)
{
	uint64_t length = self->size / 2;
	int fds[2], status;
	pid_t child;
	void *map;
	char c;

	ASSERT_EQ(0, pipe(fds));
	child = fork();
	if (!child)
		own_until_killed(self->dev, length, fds[1]);
	ASSERT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(self->size - length, pool_value("free_bytes"));
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(self->size, pool_value("free_bytes"));
	map = vmem_map(self->dev, self->size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(is_zero(map, self->size));
	munmap(map, self->size);
	/* The fixture's own open holds the implicit allocation. */
	close(self->dev);
	self->dev = vmem_open();
}

/* Killed while the kernel zeroes for it, one is gone soon and owns nothing. */
TEST_F_TIMEOUT(pool, freed_after_a_kill_while_zeroing, 180)
{
	int status, i;

	for (i = 0; i < 5; i++) {
		pid_t child = fork();

		if (!child) {
			vmem_alloc(self->dev, self->size, 0, 0);
			pause();
		}
		usleep(i * 20000);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(self->size, pool_value("free_bytes"));
	}
}

TEST_HARNESS_MAIN

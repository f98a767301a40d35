// SPDX-License-Identifier: GPL-2.0-only
/* Zeroing in the background: that it happens, stops, and hurts nobody. */
#include <linux/vmem.h>
#include <signal.h>

#include "pool_fixture.h"

/* Write to all of an allocation of this size, and give it back. */
static void soil(struct __test_metadata *_metadata, int dev, uint64_t length)
{
	int fd = vmem_alloc(dev, length, 0, 0);
	char *map = vmem_map(fd, length);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(is_zero(map, length));
	memset(map, 0xa5, length);
	munmap(map, length);
	close(fd);
}

TEST_F_TIMEOUT(pool, zeroes_what_was_freed, 180)
{
	ASSERT_TRUE(wait_clean());
	EXPECT_EQ(self->size, pool_value("clean_bytes"));
	ASSERT_EQ(0, zero_percent("0"));
	soil(_metadata, self->dev, 32 * SLICE);
	EXPECT_EQ(32 * SLICE, pool_value("dirty_bytes"));
	usleep(300000);
	EXPECT_EQ(32 * SLICE, pool_value("dirty_bytes"));
	ASSERT_TRUE(wait_clean());
	EXPECT_EQ(self->size, pool_value("clean_bytes"));
	/* Clean memory has no second look before its owner has it. */
	soil(_metadata, self->dev, self->size);
}

TEST_F(pool, keeps_a_budget)
{
	char line[16];

	EXPECT_EQ(EINVAL, zero_percent("101"));
	EXPECT_EQ(EINVAL, zero_percent("-1"));
	EXPECT_EQ(EINVAL, zero_percent("x"));
	ASSERT_EQ(0, zero_percent("10"));
	ASSERT_EQ(0, sysfs_read(VMEM_SYSFS "zero_percent", line, sizeof(line)));
	EXPECT_STREQ("10", line);
}

TEST_F_TIMEOUT(pool, gives_clean_memory_first, 180)
{
	int fd;

	ASSERT_TRUE(wait_clean());
	ASSERT_EQ(0, zero_percent("0"));
	soil(_metadata, self->dev, 8 * SLICE);
	EXPECT_EQ(8 * SLICE, pool_value("dirty_bytes"));
	fd = vmem_alloc(self->dev, 100 * SLICE, 0, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(8 * SLICE, pool_value("dirty_bytes"));
	close(fd);
	EXPECT_EQ(108 * SLICE, pool_value("dirty_bytes"));
}

TEST_F_TIMEOUT(pool, waits_without_an_engine, 180)
{
	ASSERT_TRUE(wait_clean());
	soil(_metadata, self->dev, SLICE);
	ASSERT_TRUE(wait_clean());
	ASSERT_EQ(0, zero_percent("0"));
	soil(_metadata, self->dev, 4 * SLICE);
	ASSERT_EQ(0, engine_unload());
	ASSERT_EQ(0, zero_percent("100"));
	usleep(200000);
	EXPECT_EQ(4 * SLICE, pool_value("dirty_bytes"));
	ASSERT_EQ(0, engine_load());
	EXPECT_TRUE(wait_clean());
}

/* The one and the other zero the same memory at the same time. */
TEST_F_TIMEOUT(pool, owners_and_zeroing_meet, 180)
{
	uint64_t length = 48 * SLICE;
	int round, fd, rest;

	/* So little is left that the same slices come again. */
	rest = vmem_alloc(self->dev, self->size - length, 0, 0);
	ASSERT_GE(rest, 0);
	ASSERT_EQ(0, zero_percent("100"));
	for (round = 0; round < 25; round++) {
		char *map;

		fd = vmem_alloc(self->dev, length, 0, 0);
		ASSERT_GE(fd, 0);
		EXPECT_EQ(0, pool_free());
		map = vmem_map(fd, length);
		EXPECT_TRUE(is_zero(map, length));
		memset(map, 0xa5, length);
		munmap(map, length);
		close(fd);
		usleep(round * 2000);
	}
	close(rest);
}

/* Killed while it waits for memory that is being zeroed. */
TEST_F_TIMEOUT(pool, kill_while_zeroing_meets, 180)
{
	int round, status;

	for (round = 0; round < 20; round++) {
		pid_t child;

		soil(_metadata, self->dev, 16 * SLICE);
		child = fork();
		if (!child) {
			vmem_alloc(self->dev, self->size, 0, 0);
			pause();
		}
		usleep(round * 3000);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(self->size, pool_free());
	}
}

TEST_HARNESS_MAIN

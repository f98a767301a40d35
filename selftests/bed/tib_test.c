// SPDX-License-Identifier: GPL-2.0-only
/* A pool that is larger than this machine: all of it is there, and it is memory. */

#include "kselftest_harness.h"
#include "../vmem/vmem_test.h"

TEST(all_of_it)
{
	struct region region;
	int dev, fd;
	char *p;

	ASSERT_TRUE(region_find(&region));
	ASSERT_EQ(0, base_load(region_text(region.size, region.start)));
	/* Nothing is to be zeroed but what is asked for. */
	ASSERT_EQ(0, zero_percent("0"));
	ASSERT_EQ(0, engine_load());
	EXPECT_EQ(region.size, pool_value("total_bytes"));
	EXPECT_EQ(region.size, pool_free());
	dev = vmem_open();
	ASSERT_GE(dev, 0);
	fd = vmem_alloc(dev, 64 * SLICE, SLICE, 0);
	ASSERT_GE(fd, 0);
	p = vmem_map(fd, 64 * SLICE);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_TRUE(is_zero(p, 64 * SLICE));
	pattern_fill(p, 64 * SLICE, 1);
	EXPECT_TRUE(pattern_check(p, 64 * SLICE, 1));
	munmap(p, 64 * SLICE);
	close(fd);
	close(dev);
	EXPECT_EQ(0, vmem_unload());
}

TEST_HARNESS_MAIN

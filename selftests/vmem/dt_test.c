// SPDX-License-Identifier: GPL-2.0-only
/* Regions of the device tree, see region.dts. */
#include <linux/vmem.h>

#include "kselftest_harness.h"
#include "vmem_test.h"

#define MIB	(1ULL << 20)

FIXTURE(tree) {
};

FIXTURE_SETUP(tree)
{
	if (access("/proc/device-tree/vmem@c0000000", F_OK))
		SKIP(return, "no memory for vmem in the device tree");
}

FIXTURE_TEARDOWN(tree)
{
	engine_unload();
	module_unload("vmem");
}

TEST_F(tree, regions_need_no_parameter)
{
	int dev, fd;

	ASSERT_EQ(0, base_load(""));
	ASSERT_EQ(0, engine_load());
	EXPECT_EQ(512 * MIB, pool_value("total_bytes"));
	EXPECT_TRUE(file_contains("/proc/iomem", "c0000000-cfffffff : vmem"));
	EXPECT_TRUE(file_contains("/proc/iomem", "e0000000-efffffff : vmem"));
	EXPECT_FALSE(file_contains("/proc/iomem", "ff000000-ffffffff : vmem"));
	dev = vmem_open();
	fd = vmem_alloc(dev, 512 * MIB, 0, 0);
	EXPECT_GE(fd, 0);
	close(fd);
	close(dev);
	EXPECT_EQ(0, vmem_unload());
}

TEST_F(tree, regions_add_to_the_parameter)
{
	ASSERT_EQ(0, base_load(region_text(256 * MIB, 0xd0000000)));
	EXPECT_EQ(768 * MIB, pool_value("total_bytes"));
	ASSERT_EQ(0, module_unload("vmem"));
	EXPECT_EQ(EINVAL, base_load(region_text(2 * MIB, 0xc0000000)));
	EXPECT_EQ(EINVAL, base_load("nonsense"));
	EXPECT_FALSE(file_contains("/proc/iomem", ": vmem"));
}

TEST_HARNESS_MAIN

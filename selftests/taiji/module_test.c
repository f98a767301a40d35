// SPDX-License-Identifier: GPL-2.0-only
/* taiji.ko and taiji_engine.ko come and go. */

#include <sys/stat.h>

#include "kselftest_harness.h"
#include "taiji_test.h"

TEST(load_and_unload)
{
	char version[32];
	struct stat st;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, module_load("taiji", ""));
		ASSERT_EQ(0, sysfs_read(TAIJI "version", version, sizeof(version)));
		EXPECT_STREQ("0.1", version);
		ASSERT_EQ(0, sysfs_read(TAIJI "engine", version, sizeof(version)));
		EXPECT_STREQ("none", version);
		EXPECT_FALSE(taiji_is_on());
		ASSERT_EQ(0, module_unload("taiji"));
		EXPECT_EQ(-1, stat(TAIJI, &st));
	}
}

TEST(engine_needs_base)
{
	EXPECT_EQ(ENOENT, module_load("taiji_engine", ""));
}

TEST(switch_needs_engine)
{
	ASSERT_EQ(0, module_load("taiji", ""));
	EXPECT_EQ(ENODEV, taiji_switch("on"));
	EXPECT_EQ(0, module_unload("taiji"));
}

TEST(engine_comes_and_goes)
{
	char version[32];
	int i;

	ASSERT_EQ(0, module_load("taiji", ""));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, module_load("taiji_engine", ""));
		EXPECT_EQ(EWOULDBLOCK, module_unload("taiji"));
		EXPECT_EQ(0, sysfs_read(TAIJI "engine", version, sizeof(version)));
		EXPECT_STREQ("0.1", version);
		ASSERT_EQ(0, module_unload("taiji_engine"));
	}
	EXPECT_EQ(0, module_unload("taiji"));
}

TEST_HARNESS_MAIN

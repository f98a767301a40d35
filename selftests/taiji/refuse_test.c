// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that was booted so that nothing can go below it: said in one line. */

#include <sys/klog.h>

#include "kselftest_harness.h"
#include "taiji_test.h"

#define READ_ALL	3
#define CLEAR		5

static bool log_says(const char *text)
{
	static char log[1 << 20];
	int n = klogctl(READ_ALL, log, sizeof(log) - 1);

	log[n > 0 ? n : 0] = 0;
	return strstr(log, text);
}

TEST(wrong_boot)
{
	ASSERT_EQ(0, module_load("taiji", ""));
	ASSERT_EQ(0, klogctl(CLEAR, NULL, 0));
	EXPECT_EQ(EOPNOTSUPP, module_load("taiji_engine", ""));
	EXPECT_TRUE(log_says("boot with kvm-arm.mode=nvhe"));
	EXPECT_EQ(ENODEV, taiji_switch("on"));
	EXPECT_TRUE(log_says("no engine: modprobe taiji_engine"));
	EXPECT_FALSE(taiji_is_on());
	EXPECT_EQ(0, module_unload("taiji"));
}

TEST_HARNESS_MAIN

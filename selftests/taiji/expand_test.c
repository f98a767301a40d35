// SPDX-License-Identifier: GPL-2.0-only
/* More memory than there is. */

#include "kselftest_harness.h"
#include "taiji_test.h"

#define MIB	(1ULL << 20)

static unsigned long long mem_total(void)
{
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	if (f && fscanf(f, "MemTotal: %llu kB", &kib) != 1)
		kib = 0;
	if (f)
		fclose(f);
	return kib * 1024;
}

FIXTURE(switched) {
};

FIXTURE_SETUP(switched)
{
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
}

FIXTURE_TEARDOWN(switched)
{
	EXPECT_EQ(0, sysfs_write(TAIJI "expand", "0"));
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F(switched, grows_and_shrinks)
{
	unsigned long long before = mem_total();

	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "256M"));
	EXPECT_EQ(256 * MIB, sysfs_number(TAIJI "expand"));
	EXPECT_EQ(before + 256 * MIB, mem_total());
	EXPECT_EQ(EBUSY, taiji_switch("off"));
	EXPECT_TRUE(taiji_is_on());

	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "128M"));
	EXPECT_EQ(before + 128 * MIB, mem_total());
	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "0"));
	EXPECT_EQ(before, mem_total());
}

TEST_F(switched, nonsense_is_refused)
{
	EXPECT_EQ(EINVAL, sysfs_write(TAIJI "expand", "much"));
	EXPECT_EQ(EINVAL, sysfs_write(TAIJI "expand", "1Gfoo"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "expand", "200%"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "expand", "64G"));
	EXPECT_EQ(0, sysfs_number(TAIJI "expand"));
}

/* Fill more than the machine has; a quarter does not compress. */
TEST_F_TIMEOUT(switched, filled_and_verified, 240)
{
	size_t size, at, chunk = 16 * SECTION;
	char *p;

	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "30%"));
	size = mem_total() - sysfs_number(TAIJI "expand");
	size = size * 112 / 100 & -chunk;
	p = taiji_map(size);
	ASSERT_NE(NULL, p);

	for (at = 0; at < size; at += chunk)
		taiji_fill(p + at, chunk, at);
	EXPECT_GT(sysfs_number(STATS "swap_out"), 0);
	for (at = 0; at < size; at += chunk)
		ASSERT_EQ(0, taiji_verify(p + at, chunk, at)) {
			TH_LOG("at %zu", at);
		}
	munmap(p, size);
}

TEST_HARNESS_MAIN

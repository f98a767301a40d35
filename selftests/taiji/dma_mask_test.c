// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that reaches 4 GiB, and memory beyond. In a machine of scripts/vm --edu32 that
 * has such memory; --dma residency, so that only what is not reached is bounced.
 */

#include "kselftest_harness.h"
#include "dma_edu.h"
#include "physical.h"

#define SIZE	(4 * SECTION)
#define REACH	(1ULL << 32)

/* edu cuts off what is above its mask, so data is right only by way of other memory. */
TEST(memory_that_is_out_of_reach)
{
	int fd = edu_dma_open_with("bits=32");
	char *p = taiji_map(SIZE);

	if (fd == -ENODEV)
		SKIP(return, "no edu device");
	ASSERT_GE(fd, 0);
	ASSERT_NE(NULL, p);
	taiji_fill(p, SIZE, 7);
	ASSERT_GE(physical(p), REACH);
	ASSERT_GE(physical(p + SECTION), REACH);
	ASSERT_EQ(0, edu_dma_copy(fd, p + SECTION, p + 3 * PAGE, 4 * PAGE, true));
	EXPECT_EQ(0, memcmp(p + SECTION, p + 3 * PAGE, 4 * PAGE));
	munmap(p, SIZE);
	EXPECT_EQ(0, edu_dma_close(fd));
}

TEST_HARNESS_MAIN

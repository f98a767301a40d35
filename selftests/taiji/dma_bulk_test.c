// SPDX-License-Identifier: GPL-2.0-only
/*
 * BYTES (16M without) through an edu device, from and to memory that has just gone out,
 * and all of it compared. The device takes a tenth of a second for a page: that is for
 * machines of scripts/vm dpu --icount --dma residency --edu, where time in which nobody
 * does anything passes at once.
 */

#include <inttypes.h>

#include "kselftest_harness.h"
#include "bytes.h"
#include "dma_edu.h"

#define LEN	SECTION		/* of a copy: what the driver takes at a time */
#define SIZE	(3 * SECTION)
#define LIMIT	1000000	/* of its seconds */

FIXTURE(bulk) {
	int fd;
	char *src;
	char *dst;
	char *kept;	/* what is at @dst before */
};

FIXTURE_SETUP(bulk)
{
	self->fd = edu_dma_begin();
	if (self->fd == -ENODEV)
		SKIP(return, "no edu device");
	ASSERT_GE(self->fd, 0);
	self->src = taiji_map(SIZE);
	self->dst = taiji_map(SIZE);
	self->kept = taiji_map(SIZE);
	ASSERT_NE(NULL, self->src);
	ASSERT_NE(NULL, self->dst);
	ASSERT_NE(NULL, self->kept);
	taiji_fill(self->kept, SIZE, 5);
}

FIXTURE_TEARDOWN(bulk)
{
	munmap(self->src, SIZE);
	munmap(self->dst, SIZE);
	munmap(self->kept, SIZE);
	EXPECT_EQ(0, sysfs_number("/sys/kernel/debug/dma_residency/mapped"));
	EXPECT_EQ(0, edu_dma_end(self->fd));
}

/*
 * Each copy starts elsewhere in a section, and is of something else, so that what is
 * stale or beside it shows.
 */
TEST_F_TIMEOUT(bulk, is_copied_and_compared, LIMIT)
{
	uint64_t goal = bytes_wanted(16), moved, n, out = 0;
	char *src, *dst;
	size_t at, end;

	for (moved = 0, n = 0; moved < goal; moved += 2 * LEN, n++) {
		at = n * 37 % 512 * PAGE;
		end = at + LEN;
		src = self->src + at;
		dst = self->dst + at;
		taiji_fill(self->src, SIZE, n);
		memcpy(self->dst, self->kept, SIZE);
		out += taiji_range(TAIJI_IOC_OUT, self->src, SIZE);
		out += taiji_range(TAIJI_IOC_OUT, self->dst, SIZE);
		ASSERT_EQ(0, edu_dma_copy(self->fd, dst, src, LEN, n % 8 == 7));
		ASSERT_EQ(0, memcmp(dst, src, LEN));
		ASSERT_EQ(0, memcmp(self->dst, self->kept, at));
		ASSERT_EQ(0, memcmp(self->dst + end, self->kept + end, SIZE - end));
		ASSERT_EQ(0, taiji_verify(self->src, SIZE, n));
		if (n % 16 == 15) {
			ASSERT_EQ(0, taiji_switch("off"));
			ASSERT_EQ(0, taiji_switch("on"));
		}
	}
	TH_LOG("%" PRIu64 " MiB moved, %" PRIu64 " sections went out", moved >> 20, out);
	EXPECT_EQ(n * 2 * SIZE / SECTION, out);
}

TEST_HARNESS_MAIN

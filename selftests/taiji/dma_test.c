// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices read and write memory that goes out, comes back and moves all the time;
 * in a machine of scripts/vm --dma residency --nvme, where they reach it themselves.
 * With BREAK in the environment they are given memory that is away: see dma_broken.
 */

#include "kselftest_harness.h"
#include "squeeze.h"

#define SIZE	(8 * SECTION)
#define FIO	"fio --name=fixed --filename=/dev/scratch --size=6m --direct=1 " FIO_MORE
#define FIO_MORE "--ioengine=io_uring --iodepth=8 --bs=16k --rw=randwrite --verify=crc32c"
#define COUNTS	"/sys/kernel/debug/dma_residency/"

FIXTURE(switched) {
	char *p;
	struct squeeze squeeze;
};

FIXTURE_SETUP(switched)
{
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_GT(sysfs_number(TAIJI "swappable"), 0);
	self->p = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
	if (getenv("BREAK")) {
		ASSERT_EQ(0, module_load_test("dma_broken", ""));
		puts("# nobody counts");
		fflush(stdout);
	}
	ASSERT_EQ(0, squeeze_start(&self->squeeze));
}

FIXTURE_TEARDOWN(switched)
{
	squeeze_stop(&self->squeeze);
	munmap(self->p, SIZE);
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

/* Returns how many words are wrong after a way to the disk and back. */
static size_t round_trip(char *p, int fd, uint64_t salt)
{
	size_t at, step = 64 * 1024;

	taiji_fill(p, SIZE, salt);
	/* What is just out is away when the device wants it, whatever the swapper does. */
	taiji_range(TAIJI_IOC_OUT, p, SIZE);
	for (at = 0; at < SIZE; at += step)
		if (pwrite(fd, p + at, step, at) != (ssize_t)step)
			return SIZE;
	memset(p, 0xa5, SIZE);
	taiji_range(TAIJI_IOC_OUT, p, SIZE);
	for (at = 0; at < SIZE; at += step)
		if (pread(fd, p + at, step, at) != (ssize_t)step)
			return SIZE;
	return taiji_verify(p, SIZE, salt);
}

static void disk_is_right(struct __test_metadata *_metadata, char *p, const char *path)
{
	long long bounced = sysfs_number(COUNTS "bounced");
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	uint64_t salt;

	ASSERT_GE(fd, 0);
	for (salt = 1; salt < 5; salt++)
		EXPECT_EQ(0, round_trip(p, fd, salt));
	/* Some met memory that was away. */
	EXPECT_GT(sysfs_number(COUNTS "bounced"), bounced);
	EXPECT_GT(sysfs_number(STATS "swap_out"), 0);
	close(fd);
}

TEST_F_TIMEOUT(switched, virtio_blk, 400)
{
	disk_is_right(_metadata, self->p, "/dev/scratch");
}

TEST_F_TIMEOUT(switched, nvme, 400)
{
	if (access("/dev/nvme0n1", W_OK))
		SKIP(return, "no NVMe disk");
	disk_is_right(_metadata, self->p, "/dev/nvme0n1");
}

TEST_F_TIMEOUT(switched, network, 200)
{
	if (access("/sys/class/net/eth1", F_OK))
		SKIP(return, "no network");
	EXPECT_EQ(0, system("/opt/t/tests/taiji/net_load 8"));
}

TEST_F_TIMEOUT(switched, fixed_buffers_and_polled_submission, 400)
{
	EXPECT_EQ(0, system(FIO " --fixedbufs --sqthread_poll > /run/fixed 2>&1")) {
		system("sed 's/^/# /' /run/fixed");
	}
}

/* What devices are given is counted, and given back. */
TEST_F_TIMEOUT(switched, nothing_is_left_counted, 400)
{
	int i;

	disk_is_right(_metadata, self->p, "/dev/scratch");
	for (i = 0; i < 50 && sysfs_number(COUNTS "mapped"); i++)
		usleep(100000);
	EXPECT_EQ(0, sysfs_number(COUNTS "mapped"));
}

TEST_HARNESS_MAIN

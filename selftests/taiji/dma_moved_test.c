// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices and memory of which most is in, but in the frame of another section: after
 * more was in use than the machine has. In a machine of scripts/vm --mem 1024 --dma
 * residency --nvme.
 */

#include "kselftest_harness.h"
#include "taiji_test.h"

#define MIB	(1UL << 20)
#define SIZE	(320 * MIB)
#define OTHER	(576 * MIB)
#define PIECE	(8 * SECTION)
#define STEP	(64 * 1024)
#define BOUNCED	"/sys/kernel/debug/dma_residency/bounced"

FIXTURE(moved) {
	char *p;
};

/* Of what is in from @p on, how many sections are not at home. */
static int count_moved(const char *p, size_t size)
{
	uint64_t base = sysfs_number("/sys/module/dma_units/parameters/base");
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int units = open("/dev/dma_units", O_RDONLY | O_CLOEXEC);
	int32_t count;
	uint64_t entry, at;
	int moved = 0;
	size_t i;

	for (i = 0; i < size; i += SECTION) {
		if (pread(map, &entry, 8, ((uintptr_t)p + i) / PAGE * 8) != 8)
			break;
		at = (entry & ((1ULL << 55) - 1)) * PAGE;
		if (pread(units, &count, 4, (at - base) / SECTION * 4) != 4)
			break;
		moved += count < 0;
	}
	close(units);
	close(map);
	return i < size ? -1 : moved;
}

FIXTURE_SETUP(moved)
{
	int moved = 0, i, nr = SIZE / SECTION;
	char *other;

	ASSERT_EQ(0, module_load_test("dma_units", ""));
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
	/* In memory that has a home: there is no other yet. */
	self->p = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
	taiji_fill(self->p, SIZE, 21);
	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "40%"));

	/* What is out has no frame; somebody else takes it, then it gets another. */
	for (i = 0; i < 4 && moved <= nr / 2; i++) {
		taiji_range(TAIJI_IOC_OUT, self->p, SIZE);
		other = taiji_map(OTHER);
		ASSERT_NE(NULL, other);
		taiji_fill(other, OTHER, i);
		taiji_range(TAIJI_IOC_OUT, other, OTHER / 2);
		ASSERT_LT(nr - 8, taiji_range(TAIJI_IOC_IN, self->p, SIZE));
		moved = count_moved(self->p, SIZE);
		munmap(other, OTHER);
		printf("# %d of %d sections are not at home\n", moved, nr);
	}
	ASSERT_GT(moved, nr / 2);
}

FIXTURE_TEARDOWN(moved)
{
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 21));
	munmap(self->p, SIZE);
	EXPECT_EQ(0, sysfs_write(TAIJI "expand", "0"));
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
	EXPECT_EQ(0, module_unload("dma_units"));
}

/* From the memory to the disk, and back to where it was; what it was is known. */
static bool round_trip(int fd, char *p)
{
	size_t at;

	for (at = 0; at < PIECE; at += STEP)
		if (pwrite(fd, p + at, STEP, at) != STEP)
			return false;
	for (at = 0; at < PIECE; at += STEP) {
		memset(p + at, 0xa5, STEP);
		if (pread(fd, p + at, STEP, at) != STEP)
			return false;
	}
	return true;
}

static void disk_is_right(struct __test_metadata *_metadata, char *p, const char *path)
{
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC), moved;
	long long bounced = sysfs_number(BOUNCED);
	size_t at;

	ASSERT_GE(fd, 0);
	for (at = 0; at < SIZE; at += 5 * PIECE / 2)
		ASSERT_TRUE(round_trip(fd, p + at));
	close(fd);
	moved = count_moved(p, SIZE);
	printf("# %d of %lu sections are not at home; %lld mappings bounced\n", moved,
	       SIZE / SECTION, sysfs_number(BOUNCED) - bounced);
	/* They were, all the time, and no device has been told of them. */
	EXPECT_GT(moved, SIZE / SECTION / 2);
	EXPECT_GT(sysfs_number(BOUNCED) - bounced, 100);
}

TEST_F_TIMEOUT(moved, virtio_blk, 400)
{
	disk_is_right(_metadata, self->p, "/dev/scratch");
}

TEST_F_TIMEOUT(moved, nvme, 400)
{
	disk_is_right(_metadata, self->p, "/dev/nvme0n1");
}

TEST_HARNESS_MAIN

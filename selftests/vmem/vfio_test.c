// SPDX-License-Identifier: GPL-2.0-only
/* A real device behind VFIO that reads and writes pool memory. */
#include <linux/vmem.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "vmem_test.h"
#include "edu.h"

#define MIB	(1024 * 1024ULL)
#define IOVA	(32 * MIB)
#define LENGTH	(64 * MIB)	/* stays below arm64's MSI window at 128 MiB */

FIXTURE(vfio) {
	struct region region;
	struct edu edu;
	char address[EDU_ADDRESS_LEN];
	int dev;
};

FIXTURE_SETUP(vfio)
{
	if (!edu_find(self->address))
		SKIP(return, "no edu device");
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
	ASSERT_TRUE(edu_open(&self->edu, self->address));
}

FIXTURE_TEARDOWN(vfio)
{
	edu_close(&self->edu);
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	close(self->dev);
	EXPECT_EQ(0, vmem_unload());
}

/* Pages spread over the mapping: first, last, both sides of a slice. */
static const uint64_t places[] = {
	0, SLICE - 4096, SLICE, 21 * MIB + 4096, LENGTH / 2, LENGTH - 4096,
};

static void move_data(struct __test_metadata *_metadata, struct edu *edu,
		      int dev, uint64_t page_size)
{
	int fd = vmem_alloc(dev, LENGTH, page_size, 0);
	char *map = vmem_map(fd, LENGTH);
	unsigned int i;

	ASSERT_NE(MAP_FAILED, map);
	/* Not touched by anybody yet. */
	ASSERT_TRUE(edu_map(edu, map, IOVA, LENGTH));
	for (i = 0; i < ARRAY_SIZE(places) - 1; i++)
		pattern_fill(map + places[i], 4096, i + 1);

	/* Each goes through the device to the place after it. */
	for (i = 0; i + 2 < ARRAY_SIZE(places); i += 2) {
		memset(map + places[i + 1], 0xff, 4096);
		ASSERT_TRUE(edu_read(edu, IOVA + places[i]));
		ASSERT_TRUE(edu_write(edu, IOVA + places[i + 1]));
		EXPECT_TRUE(pattern_check(map + places[i], 4096, i + 1));
		EXPECT_TRUE(pattern_check(map + places[i + 1], 4096, i + 1));
	}
	ASSERT_TRUE(edu_write(edu, IOVA + LENGTH - 4096));
	EXPECT_TRUE(pattern_check(map + LENGTH - 4096, 4096, 3));
	/* And nowhere else. */
	EXPECT_TRUE(is_zero(map + SLICE + 4096, 19 * MIB));
	EXPECT_TRUE(is_zero(map + LENGTH / 2 + 4096, LENGTH / 2 - 8192));

	EXPECT_TRUE(edu_unmap(edu, IOVA, LENGTH));
	munmap(map, LENGTH);
	close(fd);
}

TEST_F_TIMEOUT(vfio, moves_data_in_2M_pages, 120)
{
	move_data(_metadata, &self->edu, self->dev, SLICE);
}

TEST_F_TIMEOUT(vfio, moves_data_in_the_largest_pages, 120)
{
	move_data(_metadata, &self->edu, self->dev, 0);
}

/* After an unmap the device reaches the memory no more. */
TEST_F_TIMEOUT(vfio, unmapped_means_unreachable, 120)
{
	int fd = vmem_alloc(self->dev, LENGTH, 0, 0);
	char *map = vmem_map(fd, LENGTH);

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, 4096, 1);
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, LENGTH));
	ASSERT_TRUE(edu_read(&self->edu, IOVA));
	ASSERT_TRUE(edu_unmap(&self->edu, IOVA, LENGTH));
	edu_write(&self->edu, IOVA + SLICE);
	EXPECT_TRUE(is_zero(map + SLICE, LENGTH - SLICE));
	munmap(map, LENGTH);
	close(fd);
}

/* Whoever gives the device back first gets everything back. */
TEST_F_TIMEOUT(vfio, closing_the_container_frees, 120)
{
	void *map = vmem_map(self->dev, LENGTH);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, LENGTH));
	edu_close(&self->edu);
	munmap(map, LENGTH);
	close(self->dev);
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	self->dev = vmem_open();
	ASSERT_TRUE(edu_open(&self->edu, self->address));
}

TEST_HARNESS_MAIN

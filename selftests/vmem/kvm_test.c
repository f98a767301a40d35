// SPDX-License-Identifier: GPL-2.0-only
/* A guest in pool memory, with raw KVM ioctls. */
#include <linux/vmem.h>

#include "kselftest_harness.h"
#include "vmem_test.h"
#include "kvm_guest.h"

#define MIB	(1024 * 1024ULL)

FIXTURE(kvm) {
	struct region region;
	int dev;
};

FIXTURE_SETUP(kvm)
{
	if (!kvm_usable())
		SKIP(return, "no KVM");
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
}

FIXTURE_TEARDOWN(kvm)
{
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	close(self->dev);
	EXPECT_EQ(0, vmem_unload());
}

/*
 * Runs a guest on @length bytes that are made of pages of @page_size, which it
 * gets as pages of @seen, and looks at every byte of what it wrote, from the host.
 */
static void run_guest(struct __test_metadata *_metadata, int dev,
		      uint64_t length, uint64_t page_size, uint64_t seen)
{
	const uint32_t start = 2 * MIB, written = 64 * MIB;
	struct kvm_guest guest;
	uint8_t *map;
	int fd;

	fd = vmem_alloc(dev, length, page_size, VMEM_ALLOC_PAGE_REQUIRED);
	ASSERT_GE(fd, 0);
	map = vmem_map(fd, length);
	ASSERT_NE(MAP_FAILED, map);

	ASSERT_TRUE(kvm_guest_start(&guest, map, length));
	kvm_pages_watch(0, length);
	ASSERT_TRUE(kvm_guest_write(&guest, start, written));
	/* The pages of the guest are as large as the entries of the mapping. */
	EXPECT_TRUE(kvm_pages_were(seen, written, written));
	EXPECT_TRUE(kvm_guest_wrote(map, start, written));
	EXPECT_TRUE(is_zero(map + start + written, length - start - written));

	/* The descriptor is gone, the mapping too: the VM was the last user. */
	close(fd);
	kvm_guest_stop(&guest);
	munmap(map, length);
}

TEST_F_TIMEOUT(kvm, runs_in_2M_pages, 120)
{
	run_guest(_metadata, self->dev, 128 * MIB, SLICE, SLICE);
}

TEST_F_TIMEOUT(kvm, runs_in_the_largest_pages, 120)
{
	if (!pool_value("free_blocks"))
		SKIP(return, "the region holds no whole block");
	run_guest(_metadata, self->dev, BLOCK, BLOCK, largest_entry());
}

/* What one guest wrote, the next does not see. */
TEST_F_TIMEOUT(kvm, next_guest_sees_zeros, 120)
{
	const uint32_t length = 32 * MIB;
	int round;

	for (round = 0; round < 3; round++) {
		uint8_t *map = vmem_map(vmem_open(), self->region.size);
		struct kvm_guest guest;

		ASSERT_NE(MAP_FAILED, map);
		ASSERT_TRUE(is_zero(map, self->region.size));
		ASSERT_TRUE(kvm_guest_start(&guest, map, self->region.size));
		ASSERT_TRUE(kvm_guest_write(&guest, MIB, length));
		ASSERT_TRUE(kvm_guest_wrote(map, MIB, length));
		kvm_guest_stop(&guest);
		munmap(map, self->region.size);
		close_range(self->dev + 1, ~0U, 0);
	}
}

/* The memory is taken from under a guest, and nothing is left mapped. */
TEST_F_TIMEOUT(kvm, unmapped_under_a_guest, 120)
{
	uint8_t *map = vmem_map(self->dev, 64 * MIB), *next;
	struct kvm_guest guest;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(kvm_guest_start(&guest, map, 64 * MIB));
	ASSERT_TRUE(kvm_guest_write(&guest, 2 * MIB, 4 * MIB));
	munmap(map, 64 * MIB);
	/* What comes next must not get that address: the guest would run on, in zeros. */
	ASSERT_EQ(map, mmap(map, 64 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			    -1, 0));
	close(self->dev);
	ASSERT_EQ(self->region.size, pool_value("free_bytes"));

	self->dev = vmem_open();
	next = vmem_map(self->dev, self->region.size);
	ASSERT_NE(MAP_FAILED, next);
	EXPECT_FALSE(kvm_guest_write(&guest, 2 * MIB, 4 * MIB));
	EXPECT_TRUE(is_zero(next, self->region.size));
	kvm_guest_stop(&guest);
	munmap(next, self->region.size);
	munmap(map, 64 * MIB);
	close(self->dev);
	self->dev = vmem_open();
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* What user space can do with a mapping, and what it cannot. */
#include <inttypes.h>
#include <linux/vmem.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "pool_fixture.h"

TEST_F_TIMEOUT(pool, refuses_private_and_crooked_mappings, 120)
{
	int prot = PROT_READ | PROT_WRITE, i;
	char *place;

	/* Once for an allocation, once for the device itself. */
	for (i = 0; i < 2; i++) {
		int fd = i ? vmem_open() : vmem_alloc(self->dev, 2 * SLICE, 0, 0);

		ASSERT_GE(fd, 0);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, prot, MAP_PRIVATE, fd, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, PROT_READ, MAP_PRIVATE,
					   fd, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, prot, MAP_SHARED, fd, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, prot, MAP_SHARED, fd,
					   4096));
		EXPECT_EQ(EINVAL, errno);
		place = mmap(NULL, 4 * SLICE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		place = (char *)(((uintptr_t)place | (SLICE - 1)) + 1);
		EXPECT_EQ(MAP_FAILED, mmap(place + 4096, SLICE, prot,
					   MAP_SHARED | MAP_FIXED, fd, 0));
		EXPECT_EQ(EINVAL, errno);
		/* A refused mapping has reserved nothing. */
		EXPECT_EQ(self->size - (i ? 0 : 2 * SLICE),
			  pool_value("free_bytes"));
		EXPECT_EQ(place, mmap(place, 2 * SLICE, prot,
				      MAP_SHARED | MAP_FIXED, fd, 0));
		/* What there is now has a size. */
		EXPECT_EQ(MAP_FAILED, vmem_map(fd, 3 * SLICE));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, prot, MAP_SHARED, fd,
					   2 * SLICE));
		EXPECT_EQ(EINVAL, errno);
		munmap(place, 2 * SLICE);
		close(fd);
	}
}

TEST_F(pool, splits_at_slices_only)
{
	int fd = vmem_alloc(self->dev, 4 * SLICE, 0, 0);
	char *map = vmem_map(fd, 4 * SLICE);

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, 4 * SLICE, 3);
	EXPECT_EQ(-1, munmap(map + 4096, 4096));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(map, SLICE + 4096, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(pattern_check(map, 4 * SLICE, 3));

	EXPECT_EQ(0, mprotect(map + SLICE, SLICE, PROT_READ));
	EXPECT_EQ(0, mprotect(map + SLICE, SLICE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, munmap(map + 3 * SLICE, SLICE));
	pattern_fill(map, 3 * SLICE, 4);
	EXPECT_TRUE(pattern_check(map, 3 * SLICE, 4));

	munmap(map, 3 * SLICE);
	close(fd);
}

TEST_F(pool, moves_by_slices_and_does_not_grow)
{
	int fd = vmem_alloc(self->dev, 4 * SLICE, 0, 0);
	char *map = vmem_map(fd, 3 * SLICE), *place;

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, 3 * SLICE, 4);
	EXPECT_EQ(MAP_FAILED, mremap(map, 3 * SLICE, 4 * SLICE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	place = mmap(NULL, 6 * SLICE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	place = (char *)(((uintptr_t)place | (SLICE - 1)) + 1);
	EXPECT_EQ(MAP_FAILED, mremap(map, 3 * SLICE, 3 * SLICE,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     place + 4096));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(pattern_check(map, 3 * SLICE, 4));
	ASSERT_EQ(place, mremap(map, 3 * SLICE, 3 * SLICE,
				MREMAP_MAYMOVE | MREMAP_FIXED, place));
	EXPECT_TRUE(pattern_check(place, 3 * SLICE, 4));
	munmap(place, 3 * SLICE);
	close(fd);
}

/* What the page tables say of an address. */
static uint64_t probe(const char *file, const char *at)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/vmem_probe/%s", file);
	snprintf(text, sizeof(text), "%#" PRIx64, (uint64_t)(uintptr_t)at);
	return sysfs_write(path, text) ? 99 : sysfs_number(path);
}

static uint64_t look(const char *at)
{
	return probe("cached", at);
}

static uint64_t entry_size(const char *at)
{
	return probe("entry", at);
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* How many faults it takes to write to every 4 KiB. */
static long touch_faults(char *map, uint64_t length)
{
	long before = minor_faults();
	uint64_t i;

	for (i = 0; i < length; i += 4096)
		map[i] = 1;
	return minor_faults() - before;
}

TEST_F_TIMEOUT(pool, maps_with_the_largest_entries, 120)
{
	int fd = vmem_alloc(self->dev, 8 * SLICE, SLICE,
			    VMEM_ALLOC_PAGE_REQUIRED);
	uint64_t blocks, largest = largest_entry();
	char *map;

	ASSERT_EQ(0, test_module_load("vmem_probe", ""));
	ASSERT_GE(fd, 0);
	map = vmem_map(fd, 8 * SLICE);
	EXPECT_EQ(0, entry_size(map));
	EXPECT_EQ(8, touch_faults(map, 8 * SLICE));
	EXPECT_EQ(SLICE, entry_size(map + 3 * SLICE));
	munmap(map, 8 * SLICE);
	close(fd);

	blocks = pool_value("free_blocks");
	if (!blocks)
		SKIP(goto out, "the region holds no whole block");
	fd = vmem_alloc(self->dev, BLOCK, BLOCK, VMEM_ALLOC_PAGE_REQUIRED);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(blocks - 1, pool_value("free_blocks"));
	map = vmem_map(fd, BLOCK);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, (uintptr_t)map % BLOCK);
	EXPECT_EQ(BLOCK / largest, touch_faults(map, BLOCK));
	EXPECT_EQ(largest, entry_size(map + 5 * SLICE));
	munmap(map, BLOCK);
	close(fd);
out:
	EXPECT_EQ(0, module_unload("vmem_probe"));
}

#ifdef __x86_64__
/* Whoever asks for addresses that take five levels of tables gets the same. */
TEST_F_TIMEOUT(pool, maps_where_five_levels_reach, 120)
{
	char *high = (char *)(1ULL << 52), *map;
	uint64_t length = pool_value("free_blocks") ? BLOCK : 2 * SLICE;
	int fd = vmem_alloc(self->dev, length, 0, 0);

	ASSERT_EQ(0, test_module_load("vmem_probe", ""));
	map = mmap(high, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(cpu_has("la57"), map == high);
	map[0] = 1;
	EXPECT_EQ(length == BLOCK ? largest_entry() : SLICE, entry_size(map));
	pattern_fill(map, 2 * SLICE, 17);
	EXPECT_TRUE(pattern_check(map, 2 * SLICE, 17));
	munmap(map, length);
	close(fd);
	EXPECT_EQ(0, module_unload("vmem_probe"));
}
#endif

/* Slices that lie apart are mapped one by one, in order. */
TEST_F_TIMEOUT(pool, joins_scattered_slices, 120)
{
	struct vmem_extent extents[16];
	struct vmem_extents arg = {
		.size = sizeof(arg),
		.nr = 16,
		.extents = (uintptr_t)extents,
	};
	int all[64], fd, i;
	uint64_t sum = 0, nr;
	char *map;

	/* All but 64 slices, then one by one, then every other one back. */
	fd = vmem_alloc(self->dev, self->size - 64 * SLICE, 0, 0);
	ASSERT_GE(fd, 0);
	for (i = 0; i < 64; i++) {
		all[i] = vmem_alloc(self->dev, SLICE, 0, 0);
		ASSERT_GE(all[i], 0);
	}
	for (i = 0; i < 16; i += 2)
		close(all[i]);
	EXPECT_EQ(8 * SLICE, pool_value("free_bytes"));
	EXPECT_EQ(SLICE, pool_value("largest_free_bytes"));
	EXPECT_EQ(0, pool_value("free_blocks"));
	all[0] = vmem_alloc(self->dev, 8 * SLICE, 0, 0);
	ASSERT_GE(all[0], 0);
	ASSERT_EQ(0, ioctl(all[0], VMEM_IOC_EXTENTS, &arg));
	nr = arg.nr;
	EXPECT_EQ(8, nr);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(sum, extents[i].offset);
		EXPECT_LE(self->region.start, extents[i].phys);
		sum += extents[i].length;
	}
	EXPECT_EQ(8 * SLICE, sum);
	map = vmem_map(all[0], 8 * SLICE);
	EXPECT_TRUE(is_zero(map, 8 * SLICE));
	pattern_fill(map, 8 * SLICE, 9);
	EXPECT_TRUE(pattern_check(map, 8 * SLICE, 9));
	munmap(map, 8 * SLICE);
	close(all[0]);
	for (i = 1; i < 64; i++)
		if (i > 16 || i % 2)
			close(all[i]);
	close(all[16]);
	close(fd);
}

/* Who asks for none in a mapping gets none: slow, but never a SIGBUS. */
TEST_F(pool, works_without_huge_pages)
{
	int fd = vmem_alloc(self->dev, 2 * SLICE, 0, 0);
	char *map = vmem_map(fd, 2 * SLICE);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, madvise(map, 2 * SLICE, MADV_NOHUGEPAGE));
	EXPECT_EQ(2 * SLICE / 4096, touch_faults(map, 2 * SLICE));
	pattern_fill(map, 2 * SLICE, 13);
	EXPECT_TRUE(pattern_check(map, 2 * SLICE, 13));
	munmap(map, 2 * SLICE);
	map = vmem_map(fd, 2 * SLICE);
	EXPECT_TRUE(pattern_check(map, 2 * SLICE, 13));
	munmap(map, 2 * SLICE);

	/* A table that is there stays, and is filled. */
	map = vmem_map(fd, SLICE);
	ASSERT_EQ(0, madvise(map, SLICE, MADV_NOHUGEPAGE));
	EXPECT_EQ(1, touch_faults(map, 4096));
	ASSERT_EQ(0, madvise(map, SLICE, MADV_HUGEPAGE));
	EXPECT_EQ(SLICE / 4096 - 1, touch_faults(map, SLICE));
	munmap(map, SLICE);
	close(fd);
}

/* Reads first, and then writes; how many faults both take. */
static long read_and_touch_faults(char *map, uint64_t length)
{
	long before = minor_faults();

	if (!is_zero(map, length))
		return -1;
	return minor_faults() - before + touch_faults(map, length);
}

/*
 * What is set for huge pages that the kernel would have to make is not about
 * these, which are huge to begin with: neither for the machine nor for the process.
 */
TEST_F_TIMEOUT(pool, maps_slices_where_huge_pages_are_forbidden, 120)
{
	const char *enabled = "/sys/kernel/mm/transparent_hugepage/enabled";
	uint64_t length = pool_value("free_blocks") ? BLOCK : 8 * SLICE;
	char was[64], *set;
	int round;

	/* Such as "always [madvise] never". */
	ASSERT_EQ(0, sysfs_read(enabled, was, sizeof(was)));
	set = strchr(was, '[');
	ASSERT_NE(NULL, set);
	*strchr(++set, ']') = 0;
	ASSERT_EQ(0, test_module_load("vmem_probe", ""));
	for (round = 0; round < 2; round++) {
		int fd = vmem_alloc(self->dev, length, 0, 0);
		char *map = vmem_map(fd, length);

		ASSERT_NE(MAP_FAILED, map);
		ASSERT_EQ(0, round ? prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) :
				     sysfs_write(enabled, "never"));
		EXPECT_GE(length / SLICE, read_and_touch_faults(map, length));
		EXPECT_LE(SLICE, entry_size(map));
		EXPECT_LE(SLICE, entry_size(map + length - 4096));
		munmap(map, length);
		close(fd);
		EXPECT_EQ(0, sysfs_write(enabled, set));
	}
	EXPECT_EQ(0, prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	EXPECT_EQ(0, module_unload("vmem_probe"));
}

/* Whatever their size, entries are write-back: see the page tables. */
TEST_F_TIMEOUT(pool, is_write_back, 120)
{
	uint64_t length = pool_value("free_blocks") ? BLOCK : 2 * SLICE;
	int fd = vmem_alloc(self->dev, length, 0, 0);
	char *large = vmem_map(fd, length), *slices, *pages;

	ASSERT_EQ(0, test_module_load("vmem_probe", ""));
	EXPECT_EQ(2, look(large));
	large[0] = 1;
	EXPECT_EQ(1, look(large));
	slices = mmap(NULL, SLICE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      SLICE);
	slices[0] = 1;
	EXPECT_EQ(1, look(slices));
	pages = vmem_map(fd, SLICE);
	ASSERT_EQ(0, madvise(pages, SLICE, MADV_NOHUGEPAGE));
	pages[0] = 1;
	EXPECT_EQ(1, look(pages));
	munmap(pages, SLICE);
	munmap(slices, SLICE);
	munmap(large, length);
	close(fd);
	EXPECT_EQ(0, module_unload("vmem_probe"));
}

/* A word in each slice, so that looking at 1 GiB takes no time. */
static bool words_are(const char *map, uint64_t length, uint64_t seed)
{
	uint64_t i;

	for (i = 0; i < length; i += SLICE)
		if (*(uint64_t *)(map + i) != i + seed)
			return false;
	return true;
}

static char *large(int fd)
{
	char *map = vmem_map(fd, BLOCK);
	uint64_t i;

	if (fd < 0 || map == MAP_FAILED)
		return NULL;
	for (i = 0; i < BLOCK; i += SLICE)
		*(uint64_t *)(map + i) = i + 5;
	return map;
}

/* Everything that cuts, copies or moves a page of 1 GiB. */
TEST_F_TIMEOUT(pool, large_pages_can_be_cut, 120)
{
	int fd = vmem_alloc(self->dev, BLOCK, BLOCK, VMEM_ALLOC_PAGE_REQUIRED);
	char *map, *place;
	int status;
	pid_t child;

	if (fd == -ENOMEM)
		SKIP(return, "the region holds no whole block");
	map = large(fd);
	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, mprotect(map + 8 * SLICE, SLICE, PROT_READ));
	EXPECT_TRUE(words_are(map, BLOCK, 5));
	EXPECT_EQ(0, mprotect(map, BLOCK, PROT_READ | PROT_WRITE));
	child = fork();
	if (!child)
		_exit(!words_are(map, BLOCK, 5));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, munmap(map + BLOCK - SLICE, SLICE));
	EXPECT_TRUE(words_are(map, BLOCK - SLICE, 5));
	munmap(map, BLOCK - SLICE);

	/* Moved whole, to where it can be whole and to where it cannot. */
	map = large(fd);
	place = mmap(NULL, 4 * BLOCK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, place);
	place = (char *)(((uintptr_t)place | (BLOCK - 1)) + 1);
	ASSERT_EQ(place, mremap(map, BLOCK, BLOCK,
				MREMAP_MAYMOVE | MREMAP_FIXED, place));
	EXPECT_TRUE(words_are(place, BLOCK, 5));
	map = place + BLOCK + SLICE;
	ASSERT_EQ(map, mremap(place, BLOCK, BLOCK,
			      MREMAP_MAYMOVE | MREMAP_FIXED, map));
	EXPECT_TRUE(words_are(map, BLOCK, 5));
	munmap(map, BLOCK);
	close(fd);
}

TEST_HARNESS_MAIN

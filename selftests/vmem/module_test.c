// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading: regions, sysfs, and the two modules' versions. */
#include <linux/vmem.h>
#include <sys/klog.h>

#include "kselftest_harness.h"
#include "vmem_test.h"

FIXTURE(module) {
	struct region region;
	bool has_region;
};

FIXTURE_SETUP(module)
{
	self->has_region = region_find(&self->region);
}

FIXTURE_TEARDOWN(module)
{
	/* So that one failure does not take the other tests with it. */
	engine_unload();
	module_unload("vmem");
}

/* ---- on any machine ---- */

TEST_F(module, loads_without_a_region)
{
	struct vmem_info info = { .size = sizeof(info) };
	char line[64];
	int dev;

	ASSERT_EQ(0, base_load(""));
	ASSERT_EQ(0, engine_load());
	ASSERT_EQ(0, sysfs_read(VMEM_SYSFS "version", line, sizeof(line)));
	EXPECT_STREQ("0.2.0", line);
	ASSERT_EQ(0, sysfs_read("/sys/module/vmem/version", line, sizeof(line)));
	EXPECT_STREQ("0.2.0", line);
	ASSERT_EQ(0, sysfs_read(VMEM_SYSFS "engine", line, sizeof(line)));
	EXPECT_STREQ("vmem_engine 0.2.0", line);

	dev = vmem_open();
	ASSERT_GE(dev, 0);
	EXPECT_EQ(0, ioctl(dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(0, info.total);
	EXPECT_EQ(-ENOMEM, vmem_alloc(dev, SLICE, 0, 0));
	close(dev);

	EXPECT_EQ(0, engine_unload());
	EXPECT_EQ(0, module_unload("vmem"));
	EXPECT_NE(0, access(VMEM_SYSFS, F_OK));
	EXPECT_NE(0, access("/dev/vmem", F_OK));
}

TEST_F(module, base_stays_while_it_is_needed)
{
	int dev;

	ASSERT_EQ(0, base_load(""));
	ASSERT_EQ(0, engine_load());
	EXPECT_EQ(EAGAIN, module_unload("vmem"));
	EXPECT_EQ(0, engine_unload());
	dev = vmem_open();
	ASSERT_GE(dev, 0);
	EXPECT_EQ(EAGAIN, module_unload("vmem"));
	close(dev);
	EXPECT_EQ(0, module_unload("vmem"));
}

TEST_F(module, refuses_bad_syntax)
{
	EXPECT_EQ(EINVAL, base_load("1G"));
	EXPECT_EQ(EINVAL, base_load("@4G"));
	EXPECT_EQ(EINVAL, base_load("1G@"));
	EXPECT_EQ(EINVAL, base_load("1G@4G,"));
	EXPECT_EQ(EINVAL, base_load("1G@4Gx"));
	EXPECT_EQ(EINVAL, base_load("0@4G"));
	EXPECT_EQ(EINVAL, base_load("2M@0xffffffffffe00000"));
	EXPECT_EQ(EINVAL, base_load("3M@4G"));
	EXPECT_EQ(EINVAL, base_load("2M@0x100100000"));
}

/* The first System RAM above 16 MiB that holds two slices. */
static uint64_t system_ram(void)
{
	uint64_t start, end, at = 0;
	char line[256];
	FILE *f = fopen("/proc/iomem", "re");

	while (f && !at && fgets(line, sizeof(line), f)) {
		if (!strstr(line, ": System RAM") ||
		    sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) != 2)
			continue;
		if (start < 16 << 20)
			start = 16 << 20;
		start = (start + SLICE - 1) & ~(SLICE - 1);
		if (start + 2 * SLICE <= end)
			at = start;
	}
	if (f)
		fclose(f);
	return at;
}

TEST_F(module, refuses_system_ram)
{
	uint64_t ram = system_ram();

	ASSERT_NE(0, ram);
	EXPECT_EQ(EBUSY, base_load(region_text(SLICE, ram)));
	/* And says what to do. */
	EXPECT_TRUE(kernel_said("vmem: %#" PRIx64 "-%#" PRIx64
				" is System RAM: reserve it first, ",
				ram, ram + SLICE - 1));
}

TEST_F(module, refuses_what_is_not_ram)
{
	/* Far above what any of these machines has. */
	EXPECT_EQ(ENXIO, base_load(region_text(SLICE, 1ULL << 38)));
}

/* ---- where there is a region ---- */

/* Half of it is RAM: beside the pool is flash below 4 GiB, or nothing. */
TEST_F(module, refuses_a_hole)
{
#ifdef __x86_64__
	uint64_t hole = self->region.start - SLICE, start = hole;
#else
	uint64_t hole = self->region.start + self->region.size;
	uint64_t start = hole - SLICE;
#endif

	if (!self->has_region)
		SKIP(return, "no memory kept for vmem");
	EXPECT_EQ(ENXIO, base_load(region_text(2 * SLICE, start)));
	EXPECT_TRUE(kernel_said("vmem: %#" PRIx64 "-%#" PRIx64
				" is not RAM at %#" PRIx64
				": choose an address from ", start,
				start + 2 * SLICE - 1, hole));
	EXPECT_FALSE(file_contains("/proc/iomem", ": vmem"));
}

TEST_F(module, claims_its_region)
{
	struct vmem_info info = { .size = sizeof(info) };
	char range[64];
	int dev;

	if (!self->has_region)
		SKIP(return, "no memory kept for vmem");
	ASSERT_EQ(0, vmem_load(&self->region));

	snprintf(range, sizeof(range), "%08" PRIx64 "-%08" PRIx64 " : vmem",
		 self->region.start, self->region.start + self->region.size - 1);
	EXPECT_TRUE(file_contains("/proc/iomem", range));
	EXPECT_EQ(self->region.size, pool_value("total_bytes"));
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	EXPECT_EQ(self->region.size, pool_value("largest_free_bytes"));

	dev = vmem_open();
	ASSERT_GE(dev, 0);
	ASSERT_EQ(0, ioctl(dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(self->region.size, info.total);
	EXPECT_EQ(self->region.size, info.free);
	EXPECT_EQ(SLICE, info.slice_size);
	EXPECT_EQ(BLOCK, info.block_size);
	EXPECT_EQ(pool_value("free_blocks"), info.free_blocks);
	/* Target V1: 1 KiB for each GiB. */
	EXPECT_LE(info.metadata, (info.total + BLOCK - 1) / BLOCK * 1024);
	EXPECT_NE(0, info.metadata);
	close(dev);

	EXPECT_EQ(0, vmem_unload());
	EXPECT_FALSE(file_contains("/proc/iomem", range));
}

/* x86: without a memory type of their own, 2 MiB mappings are uncached. */
TEST_F(module, holds_the_region_write_back)
{
	const char *list = "/sys/kernel/debug/x86/pat_memtype_list";
	char entry[128];

	if (!self->has_region)
		SKIP(return, "no memory kept for vmem");
	if (access(list, R_OK))
		SKIP(return, "no list of memory types here");
	snprintf(entry, sizeof(entry),
		 "[mem 0x%016" PRIx64 "-0x%016" PRIx64 "] write-back",
		 self->region.start, self->region.start + self->region.size);
	ASSERT_EQ(0, vmem_load(&self->region));
	EXPECT_TRUE(file_contains(list, entry));
}

/* The kernel keeps struct pages by sections of 128 MiB. */
TEST_F(module, warns_of_half_sections)
{
	uint64_t start = self->region.start + 5 * SLICE;

	if (!self->has_region)
		SKIP(return, "no memory kept for vmem");
	ASSERT_EQ(0, base_load(region_text(SLICE, start)));
	EXPECT_TRUE(kernel_said("vmem: %#" PRIx64 "-%#" PRIx64
				": not a multiple of 128M", start,
				start + SLICE - 1));
}

TEST_F(module, refuses_a_region_given_twice)
{
	char text[192], *half;

	if (!self->has_region)
		SKIP(return, "no memory kept for vmem");
	half = strdup(region_text(2 * SLICE, self->region.start));
	snprintf(text, sizeof(text), "%s,%s", half,
		 region_text(SLICE, self->region.start + SLICE));
	free(half);
	EXPECT_EQ(EINVAL, base_load(text));
	EXPECT_FALSE(file_contains("/proc/iomem", ": vmem"));
}

TEST_F(module, refuses_all_if_one_is_bad)
{
	char text[192], *good;

	if (!self->has_region)
		SKIP(return, "no memory kept for vmem");
	good = strdup(region_text(SLICE, self->region.start));
	snprintf(text, sizeof(text), "%s,%s", good,
		 region_text(SLICE, system_ram()));
	free(good);
	EXPECT_EQ(EBUSY, base_load(text));
	EXPECT_FALSE(file_contains("/proc/iomem", ": vmem"));
}

TEST_F(module, takes_several_regions)
{
	uint64_t start = self->region.start, quarter = self->region.size / 4;
	char text[192], *first;
	int dev, round;

	if (!self->has_region)
		SKIP(return, "no memory kept for vmem");
	/* The largest comes first, and then the two that touch. */
	first = strdup(region_text(2 * SLICE, start));
	snprintf(text, sizeof(text), "%s,2M@%#" PRIx64 ",%s", first,
		 (uint64_t)(start + 2 * SLICE),
		 region_text(3 * SLICE, start + quarter));
	free(first);
	ASSERT_EQ(0, base_load(text));
	ASSERT_EQ(0, engine_load());
	EXPECT_EQ(6 * SLICE, pool_value("total_bytes"));

	dev = vmem_open();
	for (round = 0; round < 3; round++) {
		int fd = vmem_alloc(dev, 6 * SLICE, 0, 0);
		void *map = vmem_map(fd, 6 * SLICE);

		ASSERT_NE(MAP_FAILED, map);
		EXPECT_EQ(0, pool_value("free_bytes"));
		EXPECT_TRUE(is_zero(map, 6 * SLICE));
		pattern_fill(map, 6 * SLICE, 1);
		EXPECT_TRUE(pattern_check(map, 6 * SLICE, 1));
		munmap(map, 6 * SLICE);
		close(fd);
		EXPECT_EQ(6 * SLICE, pool_value("free_bytes"));
	}
	close(dev);
}

TEST_HARNESS_MAIN

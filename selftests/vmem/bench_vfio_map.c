// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target V2: what VFIO_IOMMU_MAP_DMA takes, beside what a VMM would use
 * otherwise. To be run with scripts/vm --icount, where a nanosecond is an
 * instruction. How many entries the IOMMU then has is counted in the calls of
 * its driver, in a run of its own, since counting takes instructions too.
 */
#include <linux/memfd.h>
#include <linux/vmem.h>
#include <sched.h>

#include "bench.h"
#include "edu.h"

#define MIB		((uint64_t)1 << 20)
#define IOVA		((uint64_t)1 << 30)	/* above arm64's MSI window */
#define TRACING		"/sys/kernel/tracing/"
#define COUNTED		(64 * MIB)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct memory {
	const char *name;
	void *(*map)(uint64_t length);
	bool touched;
};

static struct region region;
static struct edu edu;
static int dev;

/* ---- kinds of memory ---- */

static void *map_vmem(uint64_t length)
{
	int fd = vmem_alloc(dev, length, 0, 0);
	void *map = vmem_map(fd, length);

	close(fd);
	return map;
}

static void *map_hugetlb(uint64_t length)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
}

/* Aligned to 2 MiB. */
static void *map_anonymous(uint64_t length, int advice)
{
	uint8_t *map = mmap(NULL, length + SLICE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return map;
	map += -(uintptr_t)map & (SLICE - 1);
	return madvise(map, length, advice) ? MAP_FAILED : map;
}

static void *map_thp(uint64_t length)
{
	return map_anonymous(length, MADV_HUGEPAGE);
}

static void *map_small(uint64_t length)
{
	return map_anonymous(length, MADV_NOHUGEPAGE);
}

static const struct memory memories[] = {
	{ "vmem", map_vmem, false },
	{ "vmem-touched", map_vmem, true },
	{ "hugetlb-2M", map_hugetlb, false },
	{ "hugetlb-2M-touched", map_hugetlb, true },
	{ "thp", map_thp, false },
	{ "4K", map_small, false },
};

static void *memory_new(const struct memory *memory, uint64_t length)
{
	uint8_t *map = memory->map(length);
	uint64_t i;

	check(map != MAP_FAILED, memory->name);
	for (i = 0; memory->touched && i < length; i += SLICE)
		*(volatile uint8_t *)(map + i) = 1;
	return map;
}

/* ---- V2: instructions ---- */

static uint64_t map_takes(const struct memory *memory, uint64_t length)
{
	void *map = memory_new(memory, length);
	uint64_t start = now(), took;

	check(edu_map(&edu, map, IOVA, length), "VFIO_IOMMU_MAP_DMA");
	took = now() - start;
	check(edu_unmap(&edu, IOVA, length), "VFIO_IOMMU_UNMAP_DMA");
	munmap(map, length);
	check(wait_clean(), "zeroing");
	return took / (length / MIB);
}

/* Patched, the target is a fiftieth of hugetlb. */
static void instructions(uint64_t length, bool patched)
{
	uint64_t took[ARRAY_SIZE(memories)];
	unsigned int i;
	char id[64];

	for (i = 0; i < ARRAY_SIZE(memories); i++)
		took[i] = map_takes(&memories[i], length);
	for (i = 0; i < ARRAY_SIZE(memories); i++) {
		snprintf(id, sizeof(id), "V2.map-%" PRIu64 "MiB.%s", length / MIB,
			 memories[i].name);
		figure(id, took[i], "instr/MiB", i < 2 ? took[2 + i] : 0,
		       !i && patched ? took[2] / 50 : 0);
	}
}

/* ---- entries of the IOMMU ---- */

/* The function of its driver that makes @pgcount entries of @pgsize. */
static bool count_start(void)
{
	static const char * const drivers[] = {
		"arm_smmu_map_pages", "intel_iommu_map_pages",
	};
	char probe[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		snprintf(probe, sizeof(probe),
			 "p:vmem_bench/map %s pgsize=$arg4:u64 pgcount=$arg5:u64",
			 drivers[i]);
		if (!sysfs_write(TRACING "kprobe_events", probe))
			break;
	}
	return i < ARRAY_SIZE(drivers) &&
	       !sysfs_write(TRACING "buffer_size_kb", "16384") &&
	       !sysfs_write(TRACING "events/vmem_bench/map/enable", "1");
}

static void count_stop(void)
{
	sysfs_write(TRACING "events/vmem_bench/map/enable", "0");
	sysfs_write(TRACING "kprobe_events", "-:vmem_bench/map");
}

/* Counts entries by size; sets @calls to how often the driver was called. */
static void count_read(uint64_t sizes[3], uint64_t *calls)
{
	FILE *f = fopen(TRACING "trace", "re");
	char line[512], *at;

	memset(sizes, 0, 3 * sizeof(*sizes));
	*calls = 0;
	while (f && fgets(line, sizeof(line), f)) {
		uint64_t size, nr;

		at = strstr(line, "pgsize=");
		if (!at || sscanf(at, "pgsize=%" SCNu64 " pgcount=%" SCNu64,
				  &size, &nr) != 2)
			continue;
		sizes[size == BLOCK ? 2 : size == SLICE] += nr;
		++*calls;
	}
	if (f)
		fclose(f);
}

static void count_entries(const struct memory *memory, uint64_t length)
{
	void *map = memory_new(memory, length);
	uint64_t sizes[3], calls, covered, nr;

	close(open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	check(edu_map(&edu, map, IOVA, length), "VFIO_IOMMU_MAP_DMA");
	count_read(sizes, &calls);
	check(edu_unmap(&edu, IOVA, length), "VFIO_IOMMU_UNMAP_DMA");
	munmap(map, length);
	check(wait_clean(), "zeroing");

	covered = sizes[0] * 4096 + sizes[1] * SLICE + sizes[2] * BLOCK;
	check(covered == length, "entries that do not add up");
	printf("# %" PRIu64 " MiB of %s: %" PRIu64 " entries of 4K, %" PRIu64
	       " of 2M, %" PRIu64 " of 1G, in %" PRIu64 " calls\n",
	       length / MIB, memory->name, sizes[0], sizes[1], sizes[2], calls);
	nr = (sizes[0] + sizes[1] + sizes[2]) * (BLOCK / length);
	printf("V2.iommu-entries.%s %" PRIu64 " entries/GiB - - ok\n",
	       memory->name, nr);
	fflush(stdout);
}

/* ---- the machine ---- */

static void hugetlb_pages(uint64_t length)
{
	const char *pool =
		"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
	int nr = length / SLICE;
	char text[32];

	snprintf(text, sizeof(text), "%d", nr);
	sysfs_write(pool, text);
	check(sysfs_number(pool) == nr, "huge pages");
}

int main(void)
{
	static const uint64_t lengths[] = { 2 * MIB, 64 * MIB, 512 * MIB, BLOCK };
	char address[EDU_ADDRESS_LEN];
	bool patched;
	cpu_set_t one;
	unsigned int i;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	check(!sched_setaffinity(0, sizeof(one), &one), "affinity");
	check(region_find(&region) && !vmem_load(&region), "modules");
	dev = vmem_open();
	check(dev >= 0 && wait_clean(), "/dev/vmem");
	hugetlb_pages(BLOCK);
	check(edu_find(address) && edu_open(&edu, address), "edu");
	patched = !strcmp(getenv("PROFILE") ?: "", "server-arm64");
	/* Unpatched it is by the page, so larger ones only take longer. */
	for (i = 0; i < (patched ? ARRAY_SIZE(lengths) : 2); i++)
		instructions(lengths[i], patched);

	/* From 7.3 on x86 drivers are given whole ranges, and tell nobody what they make of it. */
	if (count_start()) {
		for (i = 0; i < ARRAY_SIZE(memories); i++)
			if (!memories[i].touched)
				count_entries(&memories[i], i == 0 ? BLOCK : COUNTED);
		count_stop();
	} else {
		printf("# the IOMMU's driver takes no sizes: its entries are not counted\n");
	}
	edu_close(&edu);
	hugetlb_pages(0);
	close(dev);
	return vmem_unload();
}

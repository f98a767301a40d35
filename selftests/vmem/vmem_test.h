/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of vmem share. */
#ifndef SELFTESTS_VMEM_TEST_H
#define SELFTESTS_VMEM_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/vmem.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/module.h"
#include "../lib/sysfs.h"
#include "../lib/tally.h"

#define VMEM_SYSFS	"/sys/kernel/mm/vmem/"
#define SLICE		VMEM_SLICE_SIZE
#define BLOCK		VMEM_BLOCK_SIZE

/* ---- modules ---- */

static inline int base_load(const char *regions)
{
	char params[256];

	snprintf(params, sizeof(params), "%s%s", *regions ? "regions=" : "",
		 regions);
	return module_load("vmem", params);
}

static inline int engine_load(void)
{
	return module_load("vmem_engine", "");
}

/* The one that serves the pool cannot be unloaded. */
static inline int engine_unload(void)
{
	sysfs_write(VMEM_SYSFS "engine", "none");
	return module_unload("vmem_engine");
}

/* One of selftests/vmem/modules. */
static inline int test_module_load(const char *name, const char *params)
{
	char path[128];

	snprintf(path, sizeof(path), "/opt/t/tests/vmem/%s.ko", name);
	return module_load_file(path, params);
}

/* How long what is random goes on: DURATION in the environment, or 4 s. */
static inline double seconds_wanted(void)
{
	const char *text = getenv("DURATION");

	return text ? atof(text) : 4;
}

/* ---- files ---- */

static inline bool file_contains(const char *path, const char *text)
{
	char line[4096];
	FILE *f = fopen(path, "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, text);
	if (f)
		fclose(f);
	return found;
}

/* On x86, as /proc/cpuinfo names it. */
static inline bool cpu_has(const char *feature)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ", feature);
	return file_contains("/proc/cpuinfo", word);
}

/* How large entries get: 1 GiB on those CPUs of x86 that have it. */
static inline uint64_t largest_entry(void)
{
	return cpu_has("pdpe1gb") ? BLOCK : SLICE;
}

/* What it said so far does not count in kernel_said(). */
static inline void kernel_forget(void)
{
	klogctl(5, NULL, 0);
}

/* Has the kernel said this since it booted, or was told to forget? */
static inline bool kernel_said(const char *format, ...)
{
	static char log[1 << 20];
	char text[256];
	va_list args;
	int n = klogctl(3, log, sizeof(log) - 1);

	log[n > 0 ? n : 0] = 0;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return strstr(log, text);
}

/* UINT64_MAX if the file cannot be read. */
static inline uint64_t pool_value(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), VMEM_SYSFS "node0/%s", name);
	return sysfs_number(path);
}

static inline uint64_t pool_free(void)
{
	return pool_value("free_bytes");
}

static inline int zero_percent(const char *percent)
{
	return sysfs_write(VMEM_SYSFS "zero_percent", percent);
}

/* Until all that is free is clean; false if that takes too long. */
static inline bool wait_clean(void)
{
	int i;

	zero_percent("100");
	for (i = 0; i < 6000; i++) {
		if (!pool_value("dirty_bytes"))
			return true;
		usleep(10000);
	}
	return false;
}

/* ---- hugetlb, the peer ---- */

#define HUGEPAGES_2M	"/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define HUGEPAGES_1G	"/sys/kernel/mm/hugepages/hugepages-1048576kB/"

/* How many pages hugetlb is to have; false if it cannot get so many. */
static inline bool hugepages(const char *pool, uint64_t nr)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%snr_hugepages", pool);
	snprintf(text, sizeof(text), "%" PRIu64, nr);
	sysfs_write(path, text);
	return sysfs_number(path) == (long long)nr;
}

/* ---- the region that the machine was booted with ---- */

struct region {
	uint64_t size;
	uint64_t start;
};

static inline uint64_t region_env(const char *name)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : 0;
}

/* As scripts/vm tells; false if this machine keeps no memory for vmem. */
static inline bool region_find(struct region *region)
{
	region->start = region_env("VMEM_BASE");
	region->size = region_env("VMEM_SIZE");
	return region->size;
}

static inline const char *region_text(uint64_t size, uint64_t start)
{
	static char text[64];

	snprintf(text, sizeof(text), "%#" PRIx64 "@%#" PRIx64, size, start);
	return text;
}

/* Fails as long as anything still uses the pool. */
static inline int vmem_unload(void)
{
	return engine_unload() ?: module_unload("vmem");
}

/*
 * Both modules, with all the memory there is; 0 or a positive errno. What a
 * test that failed may have left is gone with its process.
 */
static inline int vmem_load(const struct region *region)
{
	engine_unload();
	module_unload("vmem");
	return base_load(region_text(region->size, region->start)) ?:
	       engine_load();
}

/* ---- allocations ---- */

static inline int vmem_open(void)
{
	return open("/dev/vmem", O_RDWR | O_CLOEXEC);
}

/* Returns a descriptor, or a negative errno. */
static inline int vmem_alloc(int dev, uint64_t length, uint64_t page_size,
			     uint32_t flags)
{
	struct vmem_alloc arg = {
		.size = sizeof(arg),
		.length = length,
		.page_size = page_size,
		.flags = flags,
		.name = "test",
	};
	int fd = ioctl(dev, VMEM_IOC_ALLOC, &arg);

	tally->operations++;
	return fd < 0 ? -errno : fd;
}

/* The physical address of a place in an allocation. */
static inline uint64_t vmem_phys(int fd, uint64_t offset)
{
	static struct vmem_extent extents[1024];
	struct vmem_extents arg = {
		.size = sizeof(arg),
		.nr = 1024,
		.extents = (uintptr_t)extents,
	};
	int i;

	if (ioctl(fd, VMEM_IOC_EXTENTS, &arg))
		return 0;
	for (i = 0; i < arg.nr && i < 1024; i++)
		if (offset - extents[i].offset < extents[i].length)
			return extents[i].phys + offset - extents[i].offset;
	return 0;
}

static inline void *vmem_map(int fd, uint64_t length)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static inline bool is_zero(const void *from, uint64_t length)
{
	const uint64_t *p = from, *end = p + length / sizeof(*p);

	while (p < end && !*p)
		p++;
	return tally_bytes(length, p < end);
}

/* A value for each place, none of them 0. */
static inline uint64_t pattern_at(uint64_t offset, uint64_t seed)
{
	return ((offset + 1) * 0x9e3779b97f4a7c15ULL ^ seed) | 1;
}

static inline void pattern_fill(void *to, uint64_t length, uint64_t seed)
{
	uint64_t *p = to, i;

	for (i = 0; i < length / sizeof(*p); i++)
		p[i] = pattern_at(i, seed);
}

static inline bool pattern_check(const void *from, uint64_t length,
				 uint64_t seed)
{
	const uint64_t *p = from;
	uint64_t i = 0;

	while (i < length / sizeof(*p) && p[i] == pattern_at(i, seed))
		i++;
	return tally_bytes(length, i < length / sizeof(*p));
}

#endif /* SELFTESTS_VMEM_TEST_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets V1, V5, V6 and V8 beside hugetlb. To be run with scripts/vm --icount,
 * where a nanosecond is an instruction: what memory itself costs is not in it.
 */
#include <inttypes.h>
#include <linux/memfd.h>
#include <linux/vmem.h>
#include <sched.h>
#include <stdarg.h>
#include <time.h>

#include "vmem_test.h"

#define TIMES		9
#define UPGRADES	100
#define TRACING		"/sys/kernel/tracing/"

static struct region region;
static int dev;

static void die(const char *what)
{
	fprintf(stderr, "bench_vmem: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(bool good, const char *what)
{
	if (!good)
		die(what);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* A peer of 0 means that there is none, a target of 0 likewise. */
static void figure(const char *id, uint64_t value, const char *unit,
		   uint64_t peer, uint64_t target)
{
	char peers[24] = "-", targets[24] = "-";

	if (peer)
		snprintf(peers, sizeof(peers), "%" PRIu64, peer);
	if (target)
		snprintf(targets, sizeof(targets), "%" PRIu64, target);
	printf("%s %" PRIu64 " %s %s %s %s\n", id, value, unit, peers, targets,
	       target && value > target ? "short" : "ok");
}

/* ---- V1 ---- */

static void table_size(uint64_t size)
{
	struct vmem_info info = { .size = sizeof(info) };

	check(!ioctl(dev, VMEM_IOC_INFO, &info), "INFO");
	/* Without HVO 64 bytes for each 4 KiB, with it 4 KiB for each page. */
	printf("# the peers are hugetlb's, computed\n");
	figure("V1.metadata", info.metadata * BLOCK / size, "bytes/GiB",
	       16 << 20, 1024);
	figure("V1.metadata-beside-HVO-2M", info.metadata * BLOCK / size,
	       "bytes/GiB", 2 << 20, 1024);
	figure("V1.metadata-beside-HVO-1G", info.metadata * BLOCK / size,
	       "bytes/GiB", 4096, 1024);
}

static bool all_clean(void)
{
	struct vmem_info info = { .size = sizeof(info) };
	int i;

	zero_percent("100");
	for (i = 0; i < 6000; i++) {
		if (ioctl(dev, VMEM_IOC_INFO, &info) || info.clean == info.free)
			break;
		usleep(10000);
	}
	return info.clean == region.size;
}

/* ---- V6: until the memory is there, and until it can be used ---- */

static uint64_t vmem_takes(uint64_t length, bool touch)
{
	uint64_t best = UINT64_MAX, start, took, i;
	int round, fd;

	for (round = 0; round < TIMES; round++) {
		char *map;

		check(all_clean(), "zeroing");
		start = now();
		fd = vmem_alloc(dev, length, 0, 0);
		check(fd >= 0, "ALLOC");
		if (touch) {
			map = vmem_map(fd, length);
			for (i = 0; i < length; i += SLICE)
				*(volatile char *)(map + i) = 0;
			munmap(map, length);
		}
		took = now() - start;
		close(fd);
		best = took < best ? took : best;
	}
	return best;
}

/* A file of hugetlb, or 0 if this machine has no such pages. */
static uint64_t hugetlb_takes(uint64_t length, unsigned int shift)
{
	const char *pool = shift == 21 ?
		"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages" :
		"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages";
	uint64_t start, took = 0, i;
	char text[32], *map;
	int fd;

	snprintf(text, sizeof(text), "%" PRIu64, length >> shift);
	sysfs_write(pool, text);
	if (sysfs_number(pool) < (long long)(length >> shift))
		goto out;
	start = now();
	fd = syscall(SYS_memfd_create, "peer", MFD_HUGETLB |
		     shift << MFD_HUGE_SHIFT);
	check(fd >= 0 && !ftruncate(fd, length), "memfd");
	map = vmem_map(fd, length);
	check(map != MAP_FAILED, "mmap of hugetlb");
	for (i = 0; i < length; i += SLICE)
		*(volatile char *)(map + i) = 0;
	munmap(map, length);
	took = now() - start;
	close(fd);
out:
	sysfs_write(pool, "0");
	return took;
}

static void allocation(void)
{
	uint64_t once = vmem_takes(BLOCK, false);

	figure("V6.alloc-clean-1GiB", once, "instr", 0, 20000);
	figure("V6.usable-1GiB", vmem_takes(BLOCK, true), "instr",
	       hugetlb_takes(BLOCK, 21), 0);
	figure("V6.usable-1GiB-beside-1G", vmem_takes(BLOCK, true), "instr",
	       hugetlb_takes(BLOCK, 30), 0);
	if (region.size < 2 * BLOCK)
		return;
	/* 64 GiB would have to be zeroed first, which this machine cannot hold. */
	figure("V6.alloc-clean-64GiB-computed",
	       once + 63 * (vmem_takes(2 * BLOCK, false) - once), "instr", 0,
	       20000);
}

/* ---- V5: instructions, beside a memset of user space ---- */

static void zero_speed(void)
{
	uint64_t start, peer, took, length = 64 * SLICE;
	char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int fd;

	check(memory != MAP_FAILED, "memory");
	start = now();
	memset(memory, 0, length);
	peer = now() - start;
	munmap(memory, length);

	check(all_clean() && !zero_percent("0"), "zeroing");
	fd = vmem_alloc(dev, region.size, 0, 0);
	close(fd);
	start = now();
	fd = vmem_alloc(dev, length, 0, 0);
	took = now() - start;
	check(fd >= 0, "ALLOC");
	close(fd);
	printf("# the peer: memset of user space, 16 or 32 bytes an instruction\n");
	figure("V5.zeroing", took >> 7, "instr/MiB", peer >> 7, 0);
}

/* ---- V8 ---- */

/* The longest time that allocations had to wait, as the tracepoint tells. */
static uint64_t longest_upgrade(void)
{
	uint64_t longest = 0, ns;
	char line[512], *at;
	FILE *f = fopen(TRACING "trace", "re");

	while (f && fgets(line, sizeof(line), f)) {
		at = strstr(line, " ns=");
		if (!at || !strstr(line, "vmem_engine"))
			continue;
		ns = strtoull(at + 4, NULL, 10);
		longest = ns > longest ? ns : longest;
	}
	if (f)
		fclose(f);
	return longest;
}

static uint64_t fault_takes(int fd)
{
	char *map = vmem_map(fd, SLICE);
	uint64_t start = now(), took;

	*(volatile char *)map = 1;
	took = now() - start;
	munmap(map, SLICE);
	return took;
}

static void upgrade(void)
{
	uint64_t quiet = 0, during = 0, took;
	int fd = vmem_alloc(dev, SLICE, 0, 0), i;

	check(fd >= 0, "ALLOC");
	fault_takes(fd);
	for (i = 0; i < UPGRADES; i++) {
		took = fault_takes(fd);
		quiet = took > quiet ? took : quiet;
	}
	check(!sysfs_write(TRACING "events/vmem/vmem_engine/enable", "1"),
	      "tracing");
	for (i = 0; i < UPGRADES / 2; i++) {
		check(!test_module_load("vmem_engine_next", "") &&
		      !module_unload("vmem_engine"), "upgrade");
		took = fault_takes(fd);
		during = took > during ? took : during;
		check(!engine_load() && !module_unload("vmem_engine_next"),
		      "upgrade");
	}
	close(fd);
	figure("V8.allocations-wait.max", longest_upgrade(), "instr", 0,
	       1000000);
	/* A fault takes no lock of the engine: it cannot wait for it. */
	figure("V8.fault.max", during, "instr", quiet, 2 * quiet);
}

/* A machine with two nodes has half of it on each. */
static int load(void)
{
	uint64_t half = region.size / 2;
	char text[128];

	if (access("/sys/devices/system/node/node1", F_OK))
		return vmem_load(&region);
	snprintf(text, sizeof(text),
		 "%#" PRIx64 "@%#" PRIx64 ",%#" PRIx64 "@%#" PRIx64, half,
		 region.start, half, region.start + half);
	return base_load(text) ?: engine_load();
}

int main(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	check(!sched_setaffinity(0, sizeof(one), &one), "affinity");
	check(region_find(&region) && !load(), "modules");
	dev = vmem_open();
	check(dev >= 0, "/dev/vmem");
	table_size(region.size);
	if (pool_value("free_blocks"))
		allocation();
	zero_speed();
	upgrade();
	close(dev);
	return vmem_unload();
}

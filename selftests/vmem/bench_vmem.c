// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets V1, V5, V6 and V8 beside hugetlb. To be run with scripts/vm --icount,
 * where a nanosecond is an instruction: what memory itself costs is not in it.
 */
#include <linux/memfd.h>
#include <linux/vmem.h>
#include <sched.h>

#include "bench.h"
#include "pass_fd.h"

#define TIMES		9
#define UPGRADES	100
#define TRACING		"/sys/kernel/tracing/"

static struct region region;
static int dev;

/* ---- V1 ---- */

/* The pages that the kernel's struct pages take. */
static int64_t memmap_pages(void)
{
	int64_t sum = 0;
	char line[128];
	FILE *f = fopen("/proc/vmstat", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "nr_memmap_", 10))
			sum += strtoll(strchr(line, ' '), NULL, 0);
	if (f)
		fclose(f);
	return sum;
}

/* Bytes for each GiB of 2 MiB pages; 0 if this kernel cannot do so. */
static uint64_t hugetlb_metadata(const char *optimize, uint64_t pages)
{
	int64_t before = memmap_pages(), freed;

	if (sysfs_write("/proc/sys/vm/hugetlb_optimize_vmemmap", optimize) ||
	    !hugepages(HUGEPAGES_2M, pages))
		return 0;
	freed = before - memmap_pages();
	hugepages(HUGEPAGES_2M, 0);
	sysfs_write("/proc/sys/vm/hugetlb_optimize_vmemmap", "0");
	return (16 << 20) - freed * 4096 * 512 / (int64_t)pages;
}

static void table_size(uint64_t size)
{
	struct vmem_info info = { .size = sizeof(info) };
	uint64_t ours, peer;

	check(!ioctl(dev, VMEM_IOC_INFO, &info), "INFO");
	ours = info.metadata * BLOCK / size;
	figure("V1.metadata", ours, "bytes/GiB", 16 << 20, 1024);
	peer = hugetlb_metadata("1", 128);
	if (peer)
		figure("V1.metadata-beside-HVO-2M", ours, "bytes/GiB", peer,
		       1024);
	printf("# with HVO one page is left of those of 1 GiB: computed\n");
	figure("V1.metadata-beside-HVO-1G", ours, "bytes/GiB", 4096, 1024);
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

/* One write to each slice, and all of it unmapped again. */
static uint64_t touch_takes(int fd, uint64_t length)
{
	uint64_t start = now(), i;
	char *map = vmem_map(fd, length);

	check(map != MAP_FAILED, "mmap");
	for (i = 0; i < length; i += SLICE)
		*(volatile char *)(map + i) = 0;
	munmap(map, length);
	return now() - start;
}

static uint64_t vmem_takes(uint64_t length, bool touch)
{
	uint64_t best = UINT64_MAX, start, took;
	int round, fd;

	for (round = 0; round < TIMES; round++) {
		check(all_clean(), "zeroing");
		start = now();
		fd = vmem_alloc(dev, length, 0, 0);
		check(fd >= 0, "ALLOC");
		if (touch)
			touch_takes(fd, length);
		took = now() - start;
		close(fd);
		best = took < best ? took : best;
	}
	return best;
}

/* A file of hugetlb, or -1 if this machine has not got so many such pages. */
static int hugetlb_file(uint64_t length, unsigned int shift)
{
	const char *pool = shift == 21 ? HUGEPAGES_2M : HUGEPAGES_1G;
	int fd;

	if (!hugepages(pool, length >> shift))
		return -1;
	fd = syscall(SYS_memfd_create, "peer", MFD_HUGETLB |
		     shift << MFD_HUGE_SHIFT);
	check(fd >= 0 && !ftruncate(fd, length), "memfd");
	return fd;
}

static uint64_t hugetlb_takes(uint64_t length, unsigned int shift)
{
	int fd = hugetlb_file(length, shift);
	uint64_t took;

	if (fd < 0)
		return 0;
	took = touch_takes(fd, length);
	close(fd);
	return took;
}

static void allocation(void)
{
	figure("V6.alloc-clean-1GiB", vmem_takes(BLOCK, false), "instr", 0,
	       20000);
	figure("V6.usable-1GiB", vmem_takes(BLOCK, true), "instr",
	       hugetlb_takes(BLOCK, 21), 0);
	figure("V6.usable-1GiB-beside-1G", vmem_takes(BLOCK, true), "instr",
	       hugetlb_takes(BLOCK, 30), 0);
}

/* All of a large pool; once, as zeroing it is what takes long. */
static void large_allocation(void)
{
	uint64_t start, took;
	char text[64];
	int fd;

	check(all_clean(), "zeroing");
	start = now();
	fd = vmem_alloc(dev, region.size, 0, 0);
	took = now() - start;
	check(fd >= 0, "ALLOC");
	close(fd);
	snprintf(text, sizeof(text), "V6.alloc-clean-%" PRIu64 "GiB",
		 region.size >> 30);
	figure(text, took, "instr", 0, 20000);
}

/* ---- a second process, as vhost-user has it ---- */

static void share(int socket, uint64_t length)
{
	int fd = receive_fd(socket);
	uint64_t took = touch_takes(fd, length);

	_exit(write(socket, &took, sizeof(took)) != sizeof(took));
}

/* Somebody else gets the memory of a process that has used all of it. */
static uint64_t share_takes(int fd, uint64_t length)
{
	uint64_t took = 0;
	int pair[2];
	pid_t child;

	if (fd < 0)
		return 0;
	touch_takes(fd, length);
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	child = fork();
	if (!child)
		share(pair[1], length);
	send_fd(pair[0], fd);
	check(read(pair[0], &took, sizeof(took)) == sizeof(took), "share");
	waitpid(child, NULL, 0);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	return took;
}

static void sharing(void)
{
	uint64_t ours = share_takes(vmem_alloc(dev, BLOCK, 0, 0), BLOCK);

	figure("share-1GiB", ours, "instr",
	       share_takes(hugetlb_file(BLOCK, 21), BLOCK), 0);
	hugepages(HUGEPAGES_2M, 0);
	figure("share-1GiB-beside-1G", ours, "instr",
	       share_takes(hugetlb_file(BLOCK, 30), BLOCK), 0);
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

int main(int argc, char **argv)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	check(!sched_setaffinity(0, sizeof(one), &one), "affinity");
	check(region_find(&region) && !load(), "modules");
	dev = vmem_open();
	check(dev >= 0, "/dev/vmem");
	if (argc > 1 && !strcmp(argv[1], "large")) {
		large_allocation();
		close(dev);
		return vmem_unload();
	}
	table_size(region.size);
	if (pool_value("free_blocks")) {
		allocation();
		sharing();
	}
	zero_speed();
	upgrade();
	close(dev);
	return vmem_unload();
}

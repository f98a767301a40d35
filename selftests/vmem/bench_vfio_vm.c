// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets V3 and V4: memory that a VFIO device reaches, allocation included, and
 * a real QEMU with such a device, until its guest runs. Beside hugetlb and
 * anonymous memory, up to PEERS, and alone up to the size of the pool. To be run with
 * scripts/vm --icount, where a nanosecond is an instruction. Misses of caches and
 * TLBs are not in these figures.
 *
 * The peers clear memory now, vmem did before. What that takes is bandwidth rather
 * than instructions, so it is also told at which bandwidth we were as fast, and three
 * times as fast.
 */
#include <linux/memfd.h>
#include <linux/vmem.h>
#include <math.h>

#include "bench.h"
#include "edu.h"
#include "qemu.h"

#define MIB		((uint64_t)1 << 20)
#define IOVA		(4096 * MIB)	/* away from what x86 keeps for MSIs */
#define PEERS		(2048 * MIB)	/* as much as hugetlb and THP get, at most */

enum kind { VMEM, HUGETLB_2M, HUGETLB_1G, ANON, NR_KINDS };

static const struct {
	const char *name;
	const char *object;	/* for QEMU */
	unsigned int shift;	/* of hugetlb's pages */
} kinds[] = {
	[VMEM] = { "vmem", QEMU_VMEM },
	[HUGETLB_2M] = { "hugetlb-2M", QEMU_HUGETLB_2M, 21 },
	[HUGETLB_1G] = { "hugetlb-1G", QEMU_HUGETLB_1G, 30 },
	[ANON] = { "THP", QEMU_ANON },
};

static struct region region;
static char device[EDU_ADDRESS_LEN];
static struct edu edu;
static int dev;

/* ---- V3 ---- */

static void *take(enum kind kind, uint64_t length)
{
	int fd, flags = MFD_HUGETLB | kinds[kind].shift << MFD_HUGE_SHIFT;
	void *map;

	if (kind == ANON) {
		map = mmap(NULL, length, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		madvise(map, length, MADV_HUGEPAGE);
		return map;
	}
	if (kind == VMEM)
		fd = vmem_alloc(dev, length, 0, 0);
	else
		fd = syscall(SYS_memfd_create, "peer", flags);
	check(fd >= 0, "memory");
	check(kind == VMEM || !ftruncate(fd, length), "ftruncate");
	map = vmem_map(fd, length);
	close(fd);
	return map;
}

static uint64_t map_takes(enum kind kind, uint64_t length)
{
	uint64_t start = now(), took;
	void *map = take(kind, length);

	check(map != MAP_FAILED && edu_map(&edu, map, IOVA, length),
	      kinds[kind].name);
	took = now() - start;
	check(edu_unmap(&edu, IOVA, length), "VFIO_IOMMU_UNMAP_DMA");
	munmap(map, length);
	return took;
}

/* ---- V4 ---- */

static uint64_t start_takes(enum kind kind, uint64_t length)
{
	struct qemu vm;
	uint64_t took = qemu_start_timed(&vm, kinds[kind].object, length / MIB,
					 device, "true");

	check(took, kinds[kind].object);
	kill(vm.pid, SIGKILL);
	qemu_wait(&vm);
	return took;
}

/*
 * QEMU maps what a PC has below 4 GiB, at most 2 GiB, and unmaps it and maps it again when
 * the firmware's shadow memory is set up. VFIO looks up each 4 KiB of what it unmaps.
 */
static uint64_t unmap_takes(enum kind kind, uint64_t length)
{
	void *map = take(kind, length);
	uint64_t start, took;

	check(map != MAP_FAILED && edu_map(&edu, map, IOVA, length),
	      kinds[kind].name);
	start = now();
	check(edu_unmap(&edu, IOVA, length), "VFIO_IOMMU_UNMAP_DMA");
	took = now() - start;
	munmap(map, length);
	return took;
}

/* ---- both ---- */

typedef uint64_t measure_t(enum kind kind, uint64_t length);

/* Pages of 1 GiB have to be there from boot on. */
static bool prepare(enum kind kind, uint64_t length)
{
	if (kind == HUGETLB_2M)
		return hugepages(HUGEPAGES_2M, length >> 21);
	if (kind == HUGETLB_1G)
		return length >= BLOCK &&
		       sysfs_number(HUGEPAGES_1G "free_hugepages") >=
				(long long)(length >> 30);
	return true;
}

/* The better of two, or 0 where this machine has no such memory. */
static uint64_t best(measure_t *measure, enum kind kind, uint64_t length)
{
	uint64_t took[2];
	int i;

	if (!prepare(kind, length))
		return 0;
	for (i = 0; i < 2; i++) {
		check(kind != VMEM || wait_clean(), "zeroing");
		took[i] = measure(kind, length);
	}
	if (kind == HUGETLB_2M)
		hugepages(HUGEPAGES_2M, 0);
	return took[0] < took[1] ? took[0] : took[1];
}

/*
 * At how many bytes an instruction would memory have to be cleared for the peer to
 * take @times as long as we do? Here it is rep stosb or stosq, or DC ZVA in a loop
 * of four.
 */
static void cleared_at(const char *id, uint64_t ours, uint64_t peer,
		       uint64_t length, int times)
{
	unsigned int bytes = 16;
	double left;

#ifdef __x86_64__
	bytes = file_contains("/proc/cpuinfo", " erms") ? 1 : 8;
#endif
	left = (double)ours * times - (peer - length / bytes);
	printf("%s-%" PRIu64 "M-%dx-where-cleared-at %.1f bytes/instr - - ok\n",
	       id, length / MIB, times, left > 0 ? length / left : INFINITY);
}

static uint64_t compare_kinds(const char *id, measure_t *measure,
			      uint64_t length, bool gated)
{
	uint64_t ours = best(measure, VMEM, length), peer;
	char text[64];
	enum kind kind;

	for (kind = HUGETLB_2M; kind < NR_KINDS; kind++) {
		peer = best(measure, kind, length);
		if (!peer)
			continue;
		snprintf(text, sizeof(text), "%s-%" PRIu64 "M-beside-%s", id,
			 length / MIB, kinds[kind].name);
		figure(text, ours, "instr", peer, gated ? peer / 3 : 0);
		if (kind != HUGETLB_2M)
			continue;
		cleared_at(id, ours, peer, length, 1);
		cleared_at(id, ours, peer, length, 3);
	}
	return ours;
}

/* The worst case: nothing of what was freed has been zeroed yet. */
static void map_dirty(uint64_t length)
{
	uint64_t peer = best(map_takes, HUGETLB_2M, length);
	int fd;

	check(wait_clean() && !zero_percent("0"), "zeroing");
	fd = vmem_alloc(dev, region.size, 0, 0);
	close(fd);
	figure("V3.map-not-zeroed-yet", map_takes(VMEM, length), "instr", peer,
	       0);
	zero_percent("100");
}

static void map_memory(void)
{
	uint64_t length;
	char id[32];

	check(edu_open(&edu, device), "vfio-pci");
	for (length = 512 * MIB; length <= PEERS; length *= 2)
		compare_kinds("V3.map", map_takes, length, true);
	map_dirty(BLOCK);
	for (length = 512 * MIB; length <= PEERS; length *= 2) {
		snprintf(id, sizeof(id), "V4.unmap-%" PRIu64 "M", length / MIB);
		figure(id, best(unmap_takes, VMEM, length), "instr",
		       best(unmap_takes, HUGETLB_2M, length), 0);
	}
	edu_close(&edu);
}

static void start_machines(void)
{
	uint64_t length, ours = 0;
	char id[32];

	check(qemu_usable(), "KVM");
	/* Nearly all of it is QEMU itself, whatever its memory is. */
	figure("V4.start-128M", best(start_takes, VMEM, 128 * MIB), "instr",
	       best(start_takes, HUGETLB_2M, 128 * MIB), 0);
	for (length = 512 * MIB; length <= PEERS; length *= 2)
		ours = compare_kinds("V4.start", start_takes, length,
				     length >= 2 * BLOCK);
	/* From there on it does not depend on the size. */
	for (; length <= region.size; length *= 2) {
		snprintf(id, sizeof(id), "V4.start-%" PRIu64 "M", length / MIB);
		figure(id, best(start_takes, VMEM, length), "instr", ours,
		       ours + ours / 20);
	}
}

int main(void)
{
	check(region_find(&region) && !vmem_load(&region), "modules");
	check(edu_find(device) && edu_bind(device) >= 0, "edu");
	dev = vmem_open();
	check(dev >= 0, "/dev/vmem");
	map_memory();
	start_machines();
	close(dev);
	return vmem_unload();
}

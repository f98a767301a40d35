// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server half of the demonstration: a pool is carved, a KVM guest and a
 * VFIO device share memory of it, every byte is verified, and the next owner
 * sees zeros.
 */
#include <linux/vmem.h>
#include <stdarg.h>
#include <sys/utsname.h>
#include <time.h>

#include "vmem_test.h"
#include "kvm_guest.h"
#include "edu.h"

#define MIB		(1024 * 1024ULL)
#define STRUCT_PAGE	64	/* bytes for each 4 KiB, on all 64-bit machines */

#define GUEST_START	(2 * MIB)
#define GUEST_LENGTH	(256 * MIB)
#define DMA_START	(128 * MIB)	/* where the device copies to */
#define DMA_PAGES	8
#define DMA_LENGTH	(192 * MIB)	/* guest memory that the device reaches */

static struct region region;
static struct kvm_guest guest;
static struct edu edu;
static uint8_t *memory;
static uint64_t length;
static int dev;

static void die(const char *why, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "FAILED: ");
	va_start(args, why);
	vfprintf(stderr, why, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static void say(const char *what, const char *how, ...)
{
	va_list args;

	printf("  %-22s", what);
	va_start(args, how);
	vprintf(how, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static void carve(void)
{
	struct vmem_info info = { .size = sizeof(info) };
	double start, claimed;
	uint64_t pages;
	int ret;

	if (!region_find(&region))
		die("VMEM_BASE and VMEM_SIZE do not say where the memory is");
	engine_unload();
	module_unload("vmem");
	start = now();
	ret = base_load(region_text(region.size, region.start));
	claimed = now() - start;
	if (ret)
		die("vmem.ko: %s", strerror(ret));
	ret = engine_load();
	if (ret)
		die("vmem_engine.ko: %s", strerror(ret));
	dev = vmem_open();
	if (dev < 0 || ioctl(dev, VMEM_IOC_INFO, &info))
		die("/dev/vmem: %s", strerror(errno));

	pages = info.total / 4096 * STRUCT_PAGE;
	say("pool", "%llu MiB at %#" PRIx64 ", claimed in %.1f ms",
	    info.total / MIB, region.start, claimed);
	say("metadata", "%llu bytes; struct page would take %" PRIu64 " bytes",
	    info.metadata, pages);
	say("", "(%llu bytes a GiB against %llu KiB: %.3f%% more to sell)",
	    info.metadata * BLOCK / info.total,
	    BLOCK / 4096 * STRUCT_PAGE / 1024,
	    100.0 * (pages - info.metadata) / info.total);
}

static void allocate(void)
{
	struct vmem_extents extents = { .size = sizeof(extents) };
	double start = now();
	int fd;

	/* As much as a 1 GiB page if the region has one. */
	length = pool_value("free_blocks") ? BLOCK : 512 * MIB;
	fd = vmem_alloc(dev, length, 0, 0);
	if (fd < 0)
		die("allocation: %s", strerror(-fd));
	say("allocation", "%llu MiB, zeroed, in %.0f ms", length / MIB,
	    now() - start);
	ioctl(fd, VMEM_IOC_EXTENTS, &extents);
	memory = vmem_map(fd, length);
	close(fd);
	if (memory == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	say("mapping", "%u extent%s, at %p", extents.nr,
	    extents.nr == 1 ? "" : "s", memory);
	if (!is_zero(memory, length))
		die("new memory is not zero");
}

static void run_guest(void)
{
	double start = now();

	if (!kvm_usable())
		die("no /dev/kvm");
	if (!kvm_guest_start(&guest, memory, length) ||
	    !kvm_guest_write(&guest, GUEST_START, GUEST_LENGTH))
		die("KVM guest: %s", strerror(errno));
	say("KVM guest", "wrote %llu MiB in %.0f ms, in %" PRIu64
	    " pages of 1 GiB and %" PRIu64 " of 2 MiB", GUEST_LENGTH / MIB,
	    now() - start, kvm_stat("pages_1g"), kvm_stat("pages_2m"));
	if (!kvm_guest_wrote(memory, GUEST_START, GUEST_LENGTH))
		die("the host reads something else than the guest wrote");
	say("", "the host sees every byte of it");
}

/* The page that the device copies to the start of slice @i. */
static uint64_t dma_source(uint64_t i)
{
	return GUEST_START + i * (SLICE + EDU_BUFFER_SIZE);
}

/* The device copies pages the guest wrote to other places of the guest. */
static void run_device(void)
{
	uint8_t *to = memory + DMA_START;
	char address[EDU_ADDRESS_LEN];
	double start;
	int i;

	if (!edu_find(address))
		die("no edu device");
	if (!edu_open(&edu, address))
		die("vfio-pci: %s", strerror(errno));
	memset(to, 0, DMA_PAGES * SLICE);
	start = now();
	/* As for a guest's own device: its addresses are the guest's. */
	if (!edu_map(&edu, memory, 0, DMA_LENGTH))
		die("VFIO_IOMMU_MAP_DMA: %s", strerror(errno));
	say("VFIO device", "%s; %llu MiB mapped for it in %.0f ms", address,
	    DMA_LENGTH / MIB, now() - start);

	for (i = 0; i < DMA_PAGES; i++) {
		uint64_t from = dma_source(i);

		if (!edu_read(&edu, from) ||
		    !edu_write(&edu, DMA_START + i * SLICE))
			die("the device's DMA does not end");
		if (memcmp(to + i * SLICE, memory + from, EDU_BUFFER_SIZE))
			die("DMA of page %d arrived wrong", i);
	}
	say("", "read %d pages of the guest by DMA and wrote %d, all verified",
	    DMA_PAGES, DMA_PAGES);
}

/* What ought to be at an address that the guest or the device wrote. */
static uint32_t expected(uint64_t at)
{
	uint64_t slice = (at - DMA_START) / SLICE;
	uint64_t offset = (at - DMA_START) % SLICE;

	if (at < DMA_START || slice >= DMA_PAGES)
		return at ^ KVM_GUEST_KEY;
	if (offset >= EDU_BUFFER_SIZE)
		return 0;
	return (dma_source(slice) + offset) ^ KVM_GUEST_KEY;
}

static void verify(void)
{
	uint64_t at, end = GUEST_START + GUEST_LENGTH;

	for (at = GUEST_START; at < end; at += 4)
		if (*(uint32_t *)(memory + at) != expected(at))
			die("wrong at offset %#" PRIx64, at);
	if (!is_zero(memory + end, length - end))
		die("memory that nobody wrote is not zero");
	say("verified", "%llu MiB, every byte", (length - GUEST_START) / MIB);
}

static void next_owner(void)
{
	double start;

	edu_close(&edu);
	kvm_guest_stop(&guest);
	munmap(memory, length);
	if (pool_value("free_bytes") != region.size)
		die("memory was not given back");
	start = now();
	memory = vmem_map(dev, region.size);
	if (memory == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	say("next owner", "has all %llu MiB %.0f ms later", region.size / MIB,
	    now() - start);
	if (!is_zero(memory, region.size))
		die("the next owner sees what the last one left");
	say("", "and sees zeros in every byte");
	munmap(memory, region.size);
	close(dev);
	if (vmem_unload())
		die("the modules are still in use");
}

int main(void)
{
	struct utsname name;

	uname(&name);
	printf("vmem on Linux %s, %s\n", name.release, name.machine);
	carve();
	allocate();
	run_guest();
	run_device();
	verify();
	next_owner();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only program of a virtual machine, with the machine's console: fills
 * memory, keeps checking and rewriting it, has a passed-through edu device copy
 * parts of it, and ends with a verdict. A line on the console ends each act.
 */
#include <poll.h>

#include "vmem_test.h"
#include "edu.h"
#include "physical.h"

#define MIB		((uint64_t)1 << 20)
#define PAGE		4096
#define DMA_PAGES	8
#ifdef __x86_64__
#define DMA_LIMIT	(256 * MIB)	/* edu has 28 bits of address, */
#else
#define DMA_LIMIT	(1ULL << 48)	/* and where memory starts higher, more */
#endif

static struct edu edu;
static uint8_t *memory;
static uint64_t length;
static uint64_t seed = 1;

static void verdict(bool good, const char *what)
{
	if (good)
		return;
	printf("guest: WRONG: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* No driver: its registers, from sysfs. */
static void open_device(void)
{
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	char address[EDU_ADDRESS_LEN], path[128];
	int fd;

	verdict(edu_find(address), "no edu device");
	snprintf(path, sizeof(path), PCI_DEVICES "%s/enable", address);
	verdict(!sysfs_write(path, "1"), "enable");
	snprintf(path, sizeof(path), PCI_DEVICES "%s/config", address);
	fd = open(path, O_RDWR | O_CLOEXEC);
	verdict(pwrite(fd, &command, 2, PCI_COMMAND) == 2, "config");
	close(fd);
	snprintf(path, sizeof(path), PCI_DEVICES "%s/resource0", address);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	edu.bar = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	verdict(edu.bar != MAP_FAILED, "registers");
	close(fd);
}

/* The next page after @at that the device can reach. */
static uint8_t *reachable(uint8_t *at)
{
	do
		at += PAGE;
	while (at < memory + length && physical(at) >= DMA_LIMIT);
	verdict(at < memory + length, "no memory that the device reaches");
	verdict(physical(at), "pagemap");
	return at;
}

/* One page is read by the device and written to another, and back again. */
static void copy(uint8_t *from, uint8_t *to)
{
	static uint8_t kept[PAGE];

	memcpy(kept, to, PAGE);
	verdict(edu_read(&edu, physical(from)) && edu_write(&edu, physical(to)),
		"DMA does not end");
	verdict(!memcmp(from, to, PAGE), "DMA arrived wrong");
	memcpy(to, kept, PAGE);
}

static void use_device(int pages)
{
	uint8_t *from = reachable(memory), *to;

	while (pages--) {
		to = reachable(from + 31 * PAGE);
		copy(from, to);
		from = to;
	}
}

/* A part at a time changes its content, so that what is stale shows. */
static void keep_busy(void)
{
	struct pollfd console = { .fd = 0, .events = POLLIN };
	uint64_t part = length / 16, at = 0, rounds = 0;
	char line[16];

	do {
		verdict(pattern_check(memory + at, part, seed + at),
			"memory has changed");
		pattern_fill(memory + at, part, seed + at);
		use_device(1);
		at = (at + part) % length;
		rounds++;
	} while (!poll(&console, 1, 0));
	verdict(fgets(line, sizeof(line), stdin), "console");
	printf("guest: %" PRIu64 " rounds\n", rounds);
}

int main(int argc, char **argv)
{
	uint64_t part, at;

	setvbuf(stdout, NULL, _IOLBF, 0);
	length = strtoull(argc > 1 ? argv[1] : "64", NULL, 0) * MIB;
	part = length / 16;
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	verdict(memory != MAP_FAILED, "memory");
	for (at = 0; at < length; at += part)
		pattern_fill(memory + at, part, seed + at);
	mlock(memory, PAGE);
	open_device();
	use_device(DMA_PAGES);
	printf("guest: ready, %" PRIu64 " MiB, first at %#" PRIx64 "\n",
	       length / MIB, physical(memory));
	keep_busy();
	for (at = 0; at < length; at += part)
		verdict(pattern_check(memory + at, part, seed + at),
			"memory has changed");
	use_device(DMA_PAGES);
	printf("guest: verified %" PRIu64 " MiB, %d pages by DMA\n",
	       length / MIB, 2 * DMA_PAGES);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * An error of memory, as firmware reports it: a record where ACPI's HEST says, and a
 * synchronous external abort, which is an access to where nothing is. The record is written
 * by this test, for QEMU writes it only for a host that has such an error itself.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "physical.h"

#define PAGE		4096UL
#define NOTHING		0x0e000000UL	/* on QEMU's virt machine */
#define HEST		"/sys/firmware/acpi/tables/HEST"
#define HEST_SOURCES	40
#define GHES_V2		10
#define NOTIFY_SEA	8

/* One source of errors, as in the ACPI specification. */
struct ghes_v2 {
	uint16_t type;
	uint16_t id;
	uint16_t related;
	uint8_t reserved;
	uint8_t enabled;
	uint32_t records;
	uint32_t sections;
	uint32_t raw_length;
	uint32_t status_kind;
	uint64_t status_address;
	uint8_t notify;
	uint8_t notify_rest[27];
	uint32_t block_length;
	uint32_t ack_kind;
	uint64_t ack_address;
	uint64_t ack_keep;
	uint64_t ack_write;
} __attribute__((packed));

/* What is at the address that status_address holds: a status with one section. */
struct record {
	uint32_t status;
	uint32_t raw_offset;
	uint32_t raw_length;
	uint32_t data_length;
	uint32_t severity;
	uint8_t section[16];
	uint32_t section_severity;
	uint16_t revision;
	uint8_t valid;
	uint8_t flags;
	uint32_t length;
	uint8_t unit[36];
	uint64_t time;
	struct {
		uint64_t valid;
		uint64_t status;
		uint64_t address;
		uint64_t mask;
		uint8_t rest[48];
	} __attribute__((packed)) memory;
} __attribute__((packed));

static const struct record memory_error = {
	.status = 1 | 1 << 4,	/* uncorrectable, one section */
	.data_length = sizeof(struct record) - offsetof(struct record, section),
	/* Recoverable is 0. */
	.section = { 0x14, 0x11, 0xbc, 0xa5, 0x64, 0x6f, 0xde, 0x4e,
		     0xb8, 0x63, 0x3e, 0x83, 0xed, 0x7c, 0x83, 0xb1 },
	.revision = 0x300,
	.length = sizeof(((struct record *)0)->memory),
	.memory.valid = 1 << 1 | 1 << 2,
	.memory.mask = ~(PAGE - 1),
};

static sigjmp_buf back;
static volatile int code;
static void *volatile where;

static void on_bus_error(int sig, siginfo_t *info, void *context)
{
	code = info->si_code;
	where = info->si_addr;
	siglongjmp(back, 1);
}

/* Physical memory that is not Linux's own; NULL if it may not be had. */
static void *map_physical(uint64_t at, size_t size)
{
	int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	uint64_t start = at & ~(PAGE - 1);
	char *p = mmap(NULL, at + size - start, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);

	close(fd);
	return p == MAP_FAILED ? NULL : p + (at - start);
}

/* Returns where the record is wanted; 0 without such a source. */
static uint64_t record_address(void)
{
	char table[4096];
	int fd = open(HEST, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, table, sizeof(table));
	struct ghes_v2 *source = (void *)table + HEST_SOURCES;
	uint64_t *pointer;

	close(fd);
	for (; (char *)(source + 1) <= table + n && source->type == GHES_V2; source++) {
		if (source->enabled && source->notify == NOTIFY_SEA) {
			pointer = map_physical(source->status_address, sizeof(*pointer));
			return pointer ? *pointer : 0;
		}
	}
	return 0;
}

/* To device memory, as it is mapped: every access is aligned. */
static void report(volatile uint8_t *to, uint64_t address)
{
	struct record record = memory_error;
	size_t i;

	record.memory.address = address;
	for (i = 0; i < sizeof(record); i++)
		to[i] = ((uint8_t *)&record)[i];
}

static long corrupted(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "HardwareCorrupted: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* Returns the code of the signal that reading gave, or 0. */
static int try_read(volatile char *p)
{
	code = 0;
	if (!sigsetjmp(back, 1))
		*p;
	return code;
}

TEST(an_error_that_firmware_reports_ends_the_page)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
	uint64_t at = record_address();
	volatile uint32_t *record;
	volatile char *nothing;
	char *page;
	int i;

	ASSERT_NE(0, at);
	record = map_physical(at, sizeof(struct record));
	nothing = map_physical(NOTHING, PAGE);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(NULL, record);
	ASSERT_NE(NULL, nothing);
	ASSERT_NE(MAP_FAILED, page);
	sigaction(SIGBUS, &action, NULL);

	/* Without a record the abort is the fault of who made it. */
	EXPECT_EQ(BUS_OBJERR, try_read(nothing));
	EXPECT_EQ(0, try_read(page));

	ASSERT_NE(0, physical(page));
	report((volatile uint8_t *)record, physical(page));
	/* Whether it is told of its page depends on who handles the record first. */
	EXPECT_NE(0, try_read(nothing));
	EXPECT_EQ(0, *record);
	for (i = 0; i < 500 && corrupted() != 4; i++)
		usleep(10000);
	EXPECT_EQ(4, corrupted());
	EXPECT_EQ(BUS_MCEERR_AR, try_read(page));
	EXPECT_EQ((void *)page, where);
}

TEST_HARNESS_MAIN

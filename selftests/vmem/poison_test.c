// SPDX-License-Identifier: GPL-2.0-only
/* Bad memory: who is told, what is retired, and that nobody else notices. */
#include <inttypes.h>
#include <linux/vmem.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>

#include "pool_fixture.h"

#define LENGTH	(8 * SLICE)
#define PAGE	4096

static sigjmp_buf poison_jump;
static siginfo_t poison_info;

static void poison_handler(int sig, siginfo_t *info, void *context)
{
	poison_info = *info;
	siglongjmp(poison_jump, 1);
}

static void catch_bus(void)
{
	struct sigaction sa = {
		.sa_sigaction = poison_handler,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &sa, NULL);
}

/* Touch it: 0, or the si_code of the SIGBUS that came for just that address. */
static int touch(volatile char *at)
{
	catch_bus();
	if (sigsetjmp(poison_jump, 1))
		return poison_info.si_addr == at ? poison_info.si_code : -1;
	*at;
	return 0;
}

static int inject_at(const char *file, uint64_t phys)
{
	char text[32];

	snprintf(text, sizeof(text), "%#" PRIx64, phys);
	return sysfs_write(file, text);
}

static int inject(uint64_t phys)
{
	return inject_at("/sys/kernel/debug/vmem/poison", phys);
}

/* What is poisoned is for ever: the next test starts from a new base. */
static void forget(struct __test_metadata *_metadata, int *dev,
		   const struct region *region)
{
	close(*dev);
	ASSERT_EQ(0, vmem_load(region));
	*dev = vmem_open();
}

TEST_F(pool, poison_refuses_other_memory)
{
	EXPECT_EQ(ENXIO, inject(0));
	EXPECT_EQ(ENXIO, inject(self->region.start + self->size));
	EXPECT_EQ(0, pool_value("poisoned_bytes"));
}

TEST_F_TIMEOUT(pool, poison_tells_the_owner_and_nobody_else, 120)
{
	int fd = vmem_alloc(self->dev, LENGTH, 0, 0);
	int other = vmem_alloc(self->dev, LENGTH, 0, 0);
	uint64_t at = 3 * SLICE + 5 * PAGE, i;
	uint64_t phys = vmem_phys(fd, at);
	char *map = vmem_map(fd, LENGTH), *again = vmem_map(fd, LENGTH);
	char *beside = vmem_map(other, LENGTH);

	ASSERT_NE(0, phys);
	pattern_fill(map, LENGTH, 1);
	pattern_fill(beside, LENGTH, 2);
	ASSERT_EQ(0, inject(phys + 8));
	EXPECT_EQ(BUS_MCEERR_AR, touch(map + at));
	EXPECT_EQ(12, poison_info.si_addr_lsb);
	EXPECT_EQ(BUS_MCEERR_AR, touch(again + at + 4000));
	EXPECT_EQ(BUS_MCEERR_AR, touch(map + at));
	/* The page is lost, the rest of the memory is as it was. */
	for (i = 0; i < LENGTH; i += PAGE)
		EXPECT_EQ(i == at ? BUS_MCEERR_AR : 0, touch(map + i));
	EXPECT_TRUE(pattern_check(map, at, 1));
	for (i = at + PAGE; i < LENGTH; i += 8)
		ASSERT_EQ(pattern_at(i / 8, 1), *(uint64_t *)(map + i));
	EXPECT_TRUE(pattern_check(beside, LENGTH, 2));

	EXPECT_EQ(SLICE, pool_value("poisoned_bytes"));
	munmap(map, LENGTH);
	munmap(again, LENGTH);
	close(fd);
	/* It never comes back, neither for this engine nor for the next. */
	EXPECT_EQ(self->size - LENGTH - SLICE, pool_free());
	ASSERT_EQ(0, engine_unload());
	ASSERT_EQ(0, engine_load());
	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, self->size - LENGTH, 0, 0));
	fd = vmem_alloc(self->dev, self->size - LENGTH - SLICE, 0, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, pool_free());
	for (i = 0; i < self->size - LENGTH - SLICE; i += SLICE)
		ASSERT_NE(phys / SLICE, vmem_phys(fd, i) / SLICE);
	close(fd);
	EXPECT_TRUE(pattern_check(beside, LENGTH, 2));
	munmap(beside, LENGTH);
	close(other);
	forget(_metadata, &self->dev, &self->region);
}

TEST_F_TIMEOUT(pool, poison_of_free_memory, 120)
{
	int fd = vmem_alloc(self->dev, SLICE, 0, 0);
	uint64_t phys = vmem_phys(fd, 0);

	close(fd);
	ASSERT_EQ(0, inject(phys));
	ASSERT_EQ(0, inject(phys + PAGE));
	EXPECT_EQ(SLICE, pool_value("poisoned_bytes"));
	EXPECT_EQ(self->size - SLICE, pool_free());
	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, self->size, 0, 0));
	fd = vmem_alloc(self->dev, self->size - SLICE, 0, 0);
	EXPECT_GE(fd, 0);
	close(fd);
	EXPECT_TRUE(wait_clean());
	forget(_metadata, &self->dev, &self->region);
}

/* A mapping of 1 GiB goes on in smaller pages. */
TEST_F_TIMEOUT(pool, poison_in_a_large_page, 120)
{
	uint64_t at = 100 * SLICE, i;
	int fd = vmem_alloc(self->dev, BLOCK, BLOCK, VMEM_ALLOC_PAGE_REQUIRED);
	char *map;

	if (fd == -ENOMEM)
		SKIP(return, "the region holds no whole block");
	map = vmem_map(fd, BLOCK);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < BLOCK; i += PAGE)
		*(uint64_t *)(map + i) = i + 1;
	ASSERT_EQ(0, inject(vmem_phys(fd, at)));
	for (i = 0; i < BLOCK; i += PAGE) {
		if (i == at) {
			EXPECT_EQ(BUS_MCEERR_AR, touch(map + i));
			continue;
		}
		ASSERT_EQ(i + 1, *(uint64_t *)(map + i));
	}
	munmap(map, BLOCK);
	close(fd);
	forget(_metadata, &self->dev, &self->region);
}

/* The kernel's own look at it is an error, and no access. */
TEST_F(pool, poison_is_not_read_for_a_debugger)
{
	int fd = vmem_alloc(self->dev, SLICE, 0, 0);
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char *map = vmem_map(fd, SLICE), byte;

	map[0] = 17;
	EXPECT_EQ(1, pread(mem, &byte, 1, (uintptr_t)map));
	EXPECT_EQ(17, byte);
	ASSERT_EQ(0, inject(vmem_phys(fd, 0)));
	EXPECT_EQ(-1, pread(mem, &byte, 1, (uintptr_t)map));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(1, pread(mem, &byte, 1, (uintptr_t)map + PAGE));
	EXPECT_EQ(-1, write(mem, map, 1));
	close(mem);
	munmap(map, SLICE);
	close(fd);
	forget(_metadata, &self->dev, &self->region);
}

/* ---- the machine's own reports ---- */

#ifdef __x86_64__
#define MCE	"/sys/kernel/debug/mce-inject/"
/* Valid, uncorrected, enabled, with an address; and what AMD's bank 4 says. */
#define MCE_BAD		"0xb400000000080813"
#define MCE_CORRECTED	"0x9400000000080813"

static bool machine_can_inject(void)
{
	return !access(MCE, F_OK);
}

static int machine_inject(uint64_t phys, bool bad)
{
	/* Without its end of line, the last letter would be lost. */
	return sysfs_write(MCE "flags", "sw\n") ?:
	       sysfs_write(MCE "status", bad ? MCE_BAD : MCE_CORRECTED) ?:
	       inject_at(MCE "addr", phys) ?:
	       sysfs_write(MCE "bank", "4");
}
#else
#define GHES	"/sys/kernel/debug/vmem_probe/ghes_"

static bool machine_can_inject(void)
{
	return !test_module_load("vmem_probe", "");
}

static int machine_inject(uint64_t phys, bool bad)
{
	return inject_at(bad ? GHES "bad" : GHES "harmless", phys);
}
#endif

/* The report takes its way through work items. */
static bool wait_poisoned(uint64_t bytes)
{
	int i;

	for (i = 0; i < 500 && pool_value("poisoned_bytes") != bytes; i++)
		usleep(10000);
	return pool_value("poisoned_bytes") == bytes;
}

TEST_F_TIMEOUT(pool, poison_reported_by_the_machine, 120)
{
	int fd = vmem_alloc(self->dev, LENGTH, 0, 0);
	char *map = vmem_map(fd, LENGTH);
	uint64_t at = 2 * SLICE + PAGE;

	ASSERT_TRUE(machine_can_inject());
	pattern_fill(map, LENGTH, 3);
	ASSERT_EQ(0, machine_inject(vmem_phys(fd, at), false));
	/* Not the pool's. */
	ASSERT_EQ(0, machine_inject(1 << 20, true));
	usleep(300000);
	EXPECT_EQ(0, pool_value("poisoned_bytes"));
	ASSERT_EQ(0, machine_inject(vmem_phys(fd, at), true));
	EXPECT_TRUE(wait_poisoned(SLICE));
	EXPECT_EQ(BUS_MCEERR_AR, touch(map + at));
	EXPECT_TRUE(pattern_check(map, at, 3));
	EXPECT_EQ(0, touch(map + at + PAGE));
	munmap(map, LENGTH);
	close(fd);
	forget(_metadata, &self->dev, &self->region);
	module_unload("vmem_probe");
}

/* ---- while everything else goes on ---- */

/* A new page: is it zero? That it is lost meanwhile is no failure here. */
static bool own_page(volatile uint64_t *at)
{
	if (sigsetjmp(poison_jump, 1))
		return true;
	if (*at)
		return false;
	*at = ~0ULL;
	return true;
}

/* 0, or what went wrong. */
static int churn(int dev, unsigned int seed, time_t end)
{
	catch_bus();
	while (time(NULL) < end) {
		uint64_t length = (rand_r(&seed) % 8 + 1) * SLICE, i;
		int fd = vmem_alloc(dev, length, 0, 0);
		char *map = vmem_map(fd, length);

		if (fd < 0 || map == MAP_FAILED)
			return 1;
		for (i = 0; i < length; i += PAGE)
			if (!own_page((uint64_t *)(map + i)))
				return 2;
		munmap(map, length);
		close(fd);
	}
	return 0;
}

TEST_F_TIMEOUT(pool, poison_while_vms_come_and_go, 120)
{
	time_t end = time(NULL) + 8;
	unsigned int seed = 1, i;
	pid_t children[2];
	int status, fd;
	char *map;

	for (i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(churn(self->dev, i, end));
	}
	while (time(NULL) < end) {
		/* Where allocations of a pool that is nearly empty are. */
		uint64_t at = rand_r(&seed) % (64 * SLICE / PAGE) * PAGE;

		ASSERT_EQ(0, inject(self->region.start + at));
		usleep(100000);
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(self->size - pool_value("poisoned_bytes"), pool_free());
	fd = vmem_alloc(self->dev, pool_free(), 0, 0);
	ASSERT_GE(fd, 0);
	map = vmem_map(fd, self->size - pool_value("poisoned_bytes"));
	EXPECT_TRUE(is_zero(map, self->size - pool_value("poisoned_bytes")));
	munmap(map, self->size - pool_value("poisoned_bytes"));
	close(fd);
	forget(_metadata, &self->dev, &self->region);
}

TEST_HARNESS_MAIN

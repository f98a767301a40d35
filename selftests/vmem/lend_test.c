// SPDX-License-Identifier: GPL-2.0-only
/* Memory goes to the host and comes back. */
#include <inttypes.h>
#include <linux/vmem.h>
#include <signal.h>
#include <time.h>

#include "pool_fixture.h"
#include "physical.h"

#define MEMORY	"/sys/devices/system/memory/"
#define LENT	VMEM_SYSFS "node0/lent_bytes"
#define PAGE	4096
#define MIB	(1024 * 1024ULL)

static uint64_t unit(void)
{
	char text[32];

	if (sysfs_read(MEMORY "block_size_bytes", text, sizeof(text)))
		return 0;
	return strtoull(text, NULL, 16);
}

static int lend(uint64_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	return sysfs_write(LENT, text);
}

static int online_as(const char *type)
{
	return sysfs_write(MEMORY "auto_online_blocks", type);
}

/* What the host has, in MiB. */
static uint64_t host_memory(void)
{
	unsigned long kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	if (f && fscanf(f, "MemTotal: %lu", &kib) != 1)
		kib = 0;
	if (f)
		fclose(f);
	return kib / 1024;
}

/* All the units that there are but one go to the host and back. */
TEST_F_TIMEOUT(pool, lends_and_takes_back, 180)
{
	uint64_t most = self->size - unit(), before = host_memory();
	int fd = vmem_alloc(self->dev, 4 * SLICE, 0, 0);
	char *map = vmem_map(fd, 4 * SLICE), *all;

	ASSERT_NE(0, unit());
	pattern_fill(map, 4 * SLICE, 1);
	ASSERT_EQ(0, online_as("online_movable"));
	ASSERT_EQ(0, lend(most));
	EXPECT_EQ(most, pool_value("lent_bytes"));
	EXPECT_EQ(self->size - most - 4 * SLICE, pool_free());
	EXPECT_EQ(before + most / MIB, host_memory());
	EXPECT_TRUE(file_contains("/proc/iomem", "System RAM (vmem)"));
	EXPECT_TRUE(file_contains("/proc/zoneinfo", "Movable"));
	/* What uses it is not pulled out from under its feet. */
	EXPECT_EQ(EAGAIN, module_unload("vmem"));
	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, unit(), 0, 0));

	ASSERT_EQ(0, lend(unit()));
	EXPECT_EQ(unit(), pool_value("lent_bytes"));
	ASSERT_EQ(0, lend(0));
	EXPECT_EQ(before, host_memory());
	EXPECT_FALSE(file_contains("/proc/iomem", "System RAM (vmem)"));
	EXPECT_EQ(self->size - 4 * SLICE, pool_free());
	EXPECT_TRUE(pattern_check(map, 4 * SLICE, 1));
	munmap(map, 4 * SLICE);
	close(fd);

	/* Nothing of the host's is left for the next owner. */
	fd = vmem_alloc(self->dev, self->size, 0, 0);
	all = vmem_map(fd, self->size);
	ASSERT_NE(MAP_FAILED, all);
	EXPECT_TRUE(is_zero(all, self->size));
	munmap(all, self->size);
	close(fd);
}

TEST_F_TIMEOUT(pool, lends_no_more_than_it_can, 120)
{
	int fd;

	ASSERT_EQ(0, online_as("online_movable"));
	EXPECT_EQ(EINVAL, lend(unit() / 2));
	EXPECT_EQ(EINVAL, sysfs_write(LENT, "x"));
	fd = vmem_alloc(self->dev, self->size - unit() - SLICE, SLICE, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(ENOMEM, lend(3 * unit()));
	EXPECT_GE(unit(), pool_value("lent_bytes"));
	EXPECT_EQ(0, lend(0));
	ASSERT_EQ(0, engine_unload());
	EXPECT_EQ(ENODEV, lend(unit()));
	ASSERT_EQ(0, engine_load());
	close(fd);
}

TEST_F_TIMEOUT(pool, lends_movable_memory_only, 120)
{
	uint64_t before = host_memory();

	ASSERT_EQ(0, online_as("online_kernel"));
	EXPECT_EQ(EPERM, lend(unit()));
	EXPECT_EQ(0, pool_value("lent_bytes"));
	EXPECT_EQ(before, host_memory());
	EXPECT_EQ(self->size, pool_free());
	ASSERT_EQ(0, online_as("online_movable"));
	EXPECT_EQ(0, lend(unit()));
	EXPECT_EQ(0, lend(0));
}

/* Host memory of ours that is in the pool, or NULL. */
static char *host_page(const struct region *region, char *map, uint64_t length)
{
	uint64_t i;

	for (i = 0; i < length; i += PAGE) {
		map[i] = 1;
		if (physical(map + i) - region->start < region->size)
			return map + i;
	}
	return NULL;
}

static void alarm_handler(int sig)
{
}

/* A page in a pipe cannot move; what waits for it can be told to give up. */
TEST_F_TIMEOUT(pool, gives_up_when_told_to, 180)
{
	struct sigaction sa = { .sa_handler = alarm_handler };
	uint64_t length;
	struct iovec iov = { NULL, PAGE };
	char *map, byte;
	int fds[2];

	ASSERT_EQ(0, online_as("online_movable"));
	ASSERT_EQ(0, lend(4 * unit()));
	length = host_memory() * MIB / 2;
	map = mmap(NULL, length, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(map, length, MADV_NOHUGEPAGE);
	iov.iov_base = host_page(&self->region, map, length);
	ASSERT_NE(NULL, iov.iov_base);
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(PAGE, vmsplice(fds[1], &iov, 1, 0));

	sigaction(SIGALRM, &sa, NULL);
	alarm(3);
	EXPECT_EQ(EINTR, lend(0));
	EXPECT_LE(unit(), pool_value("lent_bytes"));
	/* What it could not have is in use as before. */
	EXPECT_EQ(1, *(char *)iov.iov_base);
	EXPECT_EQ(1, read(fds[0], &byte, 1));
	close(fds[0]);
	close(fds[1]);
	munmap(map, length);
	EXPECT_EQ(0, lend(0));
	EXPECT_EQ(self->size, pool_free());
}

/*
 * Pages of hugetlb that are promised to somebody cannot go: the kernel looks
 * for others, and gives up by itself when it has none.
 */
TEST_F_TIMEOUT(pool, says_so_when_the_host_does_not_let_go, 180)
{
	uint64_t length = unit(), before = host_memory();
	char *map;

	ASSERT_EQ(0, online_as("online_movable"));
	ASSERT_EQ(0, lend(2 * unit()));
	/* Movable memory is what they are made of first. */
	ASSERT_TRUE(hugepages(HUGEPAGES_2M, length / SLICE));
	map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		   MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, map);

	kernel_forget();
	EXPECT_EQ(EBUSY, lend(0));
	EXPECT_TRUE(kernel_said("vmem: the host does not let go of 0x"));
	EXPECT_LE(unit(), pool_value("lent_bytes"));
	EXPECT_EQ(before + pool_value("lent_bytes") / MIB, host_memory());
	EXPECT_EQ(self->size - pool_value("lent_bytes"), pool_free());
	/* It is as good as before. */
	EXPECT_NE(NULL, host_page(&self->region, map, length));
	pattern_fill(map, length, 5);
	EXPECT_TRUE(pattern_check(map, length, 5));

	munmap(map, length);
	EXPECT_TRUE(hugepages(HUGEPAGES_2M, 0));
	EXPECT_EQ(0, lend(0));
	EXPECT_EQ(before, host_memory());
	EXPECT_EQ(self->size, pool_free());
}

static bool own_and_check(int dev)
{
	uint64_t length = 16 * SLICE;
	int fd = vmem_alloc(dev, length, 0, 0);
	char *map = vmem_map(fd, length);
	bool good;

	if (fd < 0)
		return true;
	good = is_zero(map, length);
	memset(map, 0xa5, length);
	munmap(map, length);
	close(fd);
	return good;
}

/* Owners come and go, and so does what is lent. */
TEST_F_TIMEOUT(pool, lends_while_vms_come_and_go, 120)
{
	time_t end = time(NULL) + 6;
	unsigned int seed = 1;
	pid_t child = fork();
	int status, ret;

	if (!child) {
		while (time(NULL) < end)
			if (!own_and_check(self->dev))
				_exit(1);
		_exit(0);
	}
	ASSERT_EQ(0, online_as("online_movable"));
	while (time(NULL) < end) {
		ret = lend(rand_r(&seed) % 8 * unit());
		EXPECT_TRUE(!ret || ret == ENOMEM) TH_LOG("%d", ret);
	}
	EXPECT_EQ(0, lend(0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN

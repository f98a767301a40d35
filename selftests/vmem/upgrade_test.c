// SPDX-License-Identifier: GPL-2.0-only
/* One engine takes over from another, or is refused, while memory is in use. */
#include <linux/vmem.h>
#include <pthread.h>

#include "pool_fixture.h"

#define LENGTH		(16 * SLICE)

static bool engine_is(const char *text)
{
	char line[64];

	return !sysfs_read(VMEM_SYSFS "engine", line, sizeof(line)) &&
	       !strcmp(line, text);
}

static bool can_allocate(int dev)
{
	int fd = vmem_alloc(dev, SLICE, 0, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

TEST_F(pool, refuses_the_wrong_engine)
{
	EXPECT_EQ(EPROTO, test_module_load("vmem_engine_test", "abi=1"));
	EXPECT_EQ(EPROTO, test_module_load("vmem_engine_test", "abi=77"));
	EXPECT_TRUE(engine_is("vmem_engine 0.2.0"));
	EXPECT_TRUE(can_allocate(self->dev));
}

TEST_F(pool, keeps_the_old_engine_when_the_new_one_fails)
{
	EXPECT_EQ(ENOMEM, test_module_load("vmem_engine_test",
					   "fail_attach=12"));
	EXPECT_TRUE(engine_is("vmem_engine 0.2.0"));
	EXPECT_TRUE(can_allocate(self->dev));
	/* Nothing is left of it. */
	EXPECT_EQ(ENOENT, module_unload("vmem_engine_test"));
	EXPECT_EQ(0, test_module_load("vmem_engine_test", ""));
	EXPECT_TRUE(engine_is("first_fit 0"));
	EXPECT_TRUE(can_allocate(self->dev));
	EXPECT_EQ(0, module_unload("vmem_engine"));
	EXPECT_EQ(0, engine_load());
	EXPECT_EQ(0, module_unload("vmem_engine_test"));
}

TEST_F(pool, does_not_unload_what_serves)
{
	EXPECT_EQ(EAGAIN, module_unload("vmem_engine"));
	EXPECT_EQ(EAGAIN, module_unload("vmem"));
	EXPECT_TRUE(can_allocate(self->dev));
	EXPECT_EQ(EINVAL, sysfs_write(VMEM_SYSFS "engine", "other"));
	EXPECT_EQ(0, sysfs_write(VMEM_SYSFS "engine", "none"));
	EXPECT_TRUE(engine_is("none"));
	EXPECT_EQ(-ENODEV, vmem_alloc(self->dev, SLICE, 0, 0));
	EXPECT_EQ(0, module_unload("vmem_engine"));
	EXPECT_EQ(0, engine_load());
}

/* Faults and frees go on without an engine; allocations wait for the next. */
TEST_F_TIMEOUT(pool, serves_without_an_engine, 120)
{
	int kept = vmem_alloc(self->dev, LENGTH, 0, 0);
	int freed = vmem_alloc(self->dev, LENGTH, 0, 0);
	char *map = vmem_map(kept, LENGTH);

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, LENGTH / 2, 7);
	ASSERT_EQ(0, engine_unload());
	EXPECT_TRUE(is_zero(map + LENGTH / 2, LENGTH / 2));
	pattern_fill(map + LENGTH / 2, LENGTH / 2, 8);
	EXPECT_EQ(-ENODEV, vmem_alloc(self->dev, SLICE, 0, 0));
	EXPECT_EQ(MAP_FAILED, vmem_map(self->dev, SLICE));
	EXPECT_EQ(ENODEV, errno);
	close(freed);
	EXPECT_EQ(self->size - LENGTH, pool_free());

	ASSERT_EQ(0, engine_load());
	EXPECT_TRUE(pattern_check(map, LENGTH / 2, 7));
	EXPECT_TRUE(pattern_check(map + LENGTH / 2, LENGTH / 2, 8));
	/* The new engine knows what is free, and what is not. */
	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, self->size, 0, 0));
	freed = vmem_alloc(self->dev, self->size - LENGTH, 0, 0);
	ASSERT_GE(freed, 0);
	EXPECT_EQ(0, pool_free());
	EXPECT_TRUE(pattern_check(map, LENGTH / 2, 7));
	close(freed);
	munmap(map, LENGTH);
	close(kept);
}

/* Whatever an engine wants, what has an owner stays its owner's. */
TEST_F(pool, does_not_believe_an_engine)
{
	int fd = vmem_alloc(self->dev, LENGTH, 0, 0);
	char *map = vmem_map(fd, LENGTH);

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, LENGTH, 9);
	ASSERT_EQ(0, test_module_load("vmem_engine_test", "greedy=1"));
	EXPECT_EQ(-EUCLEAN, vmem_alloc(self->dev, SLICE, 0, 0));
	EXPECT_EQ(EUCLEAN, sysfs_write(VMEM_SYSFS "node0/lent_bytes",
				       "134217728"));
	EXPECT_EQ(0, zero_percent("100"));
	usleep(300000);
	EXPECT_TRUE(pattern_check(map, LENGTH, 9));
	EXPECT_EQ(self->size - LENGTH, pool_free());
	EXPECT_EQ(0, module_unload("vmem_engine"));
	EXPECT_EQ(0, engine_load());
	EXPECT_EQ(0, module_unload("vmem_engine_test"));
	EXPECT_TRUE(can_allocate(self->dev));
	munmap(map, LENGTH);
	close(fd);
}

/* ---- under load ---- */

static bool stop;

struct vm {
	pthread_t thread;
	int dev;
	uint64_t rounds;
	const char *error;
};

/* Allocates, maps, faults, writes, frees. */
static void *vm_comes_and_goes(void *arg)
{
	struct vm *vm = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && !vm->error) {
		uint64_t length = (vm->rounds++ % 12 + 1) * SLICE, i;
		int fd = vmem_alloc(vm->dev, length, 0, 0);
		char *map = vmem_map(fd, length);

		if (fd < 0 || map == MAP_FAILED) {
			vm->error = "an allocation failed";
			break;
		}
		for (i = 0; i < length; i += 4096) {
			if (*(uint64_t *)(map + i))
				vm->error = "another owner's bytes";
			*(uint64_t *)(map + i) = ~0ULL;
		}
		munmap(map, length);
		close(fd);
	}
	return NULL;
}

/* Has its memory all the time, and drops its page tables. */
static void *vm_stays(void *arg)
{
	struct vm *vm = arg;
	int fd = vmem_alloc(vm->dev, LENGTH, 0, 0);
	char *map = vmem_map(fd, LENGTH);

	pattern_fill(map, LENGTH, 10);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && !vm->error) {
		munmap(map, LENGTH);
		map = vmem_map(fd, LENGTH);
		if (!pattern_check(map, LENGTH, 10))
			vm->error = "lost bytes";
		vm->rounds++;
	}
	munmap(map, LENGTH);
	close(fd);
	return NULL;
}

/* Each of three engines takes over from the one before, again and again. */
static int upgrade_round(void)
{
	return test_module_load("vmem_engine_next", "") ?:
	       module_unload("vmem_engine") ?:
	       test_module_load("vmem_engine_test", "") ?:
	       module_unload("vmem_engine_next") ?:
	       engine_load() ?:
	       module_unload("vmem_engine_test");
}

TEST_F_TIMEOUT(pool, upgrades_under_load, 120)
{
	struct vm vms[2] = { { .dev = self->dev }, { .dev = self->dev } };
	time_t end = time(NULL) + seconds_wanted();
	int rounds = 0, i;

	stop = false;
	pthread_create(&vms[0].thread, NULL, vm_comes_and_goes, &vms[0]);
	pthread_create(&vms[1].thread, NULL, vm_stays, &vms[1]);
	while (time(NULL) < end) {
		ASSERT_EQ(0, upgrade_round());
		rounds++;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++) {
		pthread_join(vms[i].thread, NULL);
		EXPECT_EQ(NULL, vms[i].error) TH_LOG("%s", vms[i].error);
		EXPECT_NE(0, vms[i].rounds);
	}
	TH_LOG("%d upgrades, %llu VMs came and went", 3 * rounds,
	       (unsigned long long)vms[0].rounds);
	EXPECT_TRUE(engine_is("vmem_engine 0.2.0"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* A Linux VM under unmodified QEMU, its memory and its device's from the pool. */
#include <linux/vmem.h>

#include "kselftest_harness.h"
#include "vmem_test.h"
#include "edu.h"
#include "kvm_guest.h"
#include "qemu.h"

#define MIB		((uint64_t)1 << 20)
#define VM_MIB		768
#define BUSY_MIB	320	/* of them change all the time */
#define JOB		"/vm_guest 320"
#define REFUSED		"unable to map backing store for guest RAM: "
#define SECONDS		120	/* between two lines, on a busy machine */

FIXTURE(vm) {
	struct region region;
	char device[EDU_ADDRESS_LEN];
	struct qemu qemu;
	int dev;
};

FIXTURE_SETUP(vm)
{
	if (!edu_find(self->device))
		SKIP(return, "no edu device");
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	ASSERT_TRUE(qemu_usable());
	ASSERT_LE(0, edu_bind(self->device));
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(vm)
{
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	close(self->dev);
	EXPECT_EQ(0, vmem_unload());
}

/* Another owner of the rest of the pool, as long as the machine runs. */
static bool others_come_and_go(int dev)
{
	int fd = vmem_alloc(dev, 16 * SLICE, 0, 0);
	char *map = vmem_map(fd, 16 * SLICE);
	bool good;

	if (fd < 0 || map == MAP_FAILED)
		return false;
	good = is_zero(map, 16 * SLICE);
	memset(map, 0xa5, 16 * SLICE);
	munmap(map, 16 * SLICE);
	close(fd);
	return good;
}

static bool upgrade_and_back(int dev)
{
	return !test_module_load("vmem_engine_next", "") &&
	       !module_unload("vmem_engine") && others_come_and_go(dev) &&
	       !engine_load() && !module_unload("vmem_engine_next") &&
	       others_come_and_go(dev);
}

/* The host's view of the page that the guest says is its first. */
static bool host_sees_it(const struct qemu *vm)
{
	const char *at = strstr(vm->line, "first at ");
	uint64_t page[512];

	return at && qemu_peek(vm, strtoull(at + 9, NULL, 0), page,
			       sizeof(page)) &&
	       pattern_check(page, sizeof(page), 1);
}

TEST_F_TIMEOUT(vm, runs_through_upgrades_and_is_verified, 400)
{
	struct qemu *vm = &self->qemu;
	int i;

	kvm_pages_watch(QEMU_MEMORY, QEMU_MEMORY + VM_MIB * MIB);
	ASSERT_TRUE(qemu_start(vm, QEMU_VMEM, VM_MIB, self->device, JOB));
	ASSERT_TRUE(qemu_expect(vm, "guest: ready", SECONDS));
	EXPECT_TRUE(host_sees_it(vm));
	EXPECT_EQ(self->region.size - VM_MIB * MIB, pool_free());
	EXPECT_TRUE(kvm_pages_were(SLICE, BUSY_MIB * MIB, VM_MIB * MIB));
	for (i = 0; i < 10; i++)
		ASSERT_TRUE(upgrade_and_back(self->dev));
	/* And without any engine: it runs, and its memory comes back. */
	ASSERT_EQ(0, engine_unload());
	ASSERT_TRUE(qemu_say(vm, "end\n"));
	EXPECT_TRUE(qemu_expect(vm, "guest: verified", SECONDS));
	EXPECT_EQ(0, qemu_wait(vm));
	EXPECT_EQ(self->region.size, pool_free());
	ASSERT_EQ(0, engine_load());
}

TEST_F_TIMEOUT(vm, is_refused_when_there_is_not_enough, 120)
{
	struct qemu *vm = &self->qemu;
	int fd = vmem_alloc(self->dev, self->region.size - SLICE, 0, 0);

	ASSERT_GE(fd, 0);
	ASSERT_TRUE(qemu_start(vm, QEMU_VMEM, VM_MIB, self->device, JOB));
	EXPECT_TRUE(qemu_expect(vm, REFUSED "Cannot allocate memory", SECONDS));
	EXPECT_EQ(1, qemu_wait(vm));
	EXPECT_EQ(SLICE, pool_free());
	close(fd);

	/* Memory of its own that it would share with nobody: not from here. */
	ASSERT_TRUE(qemu_start(vm, QEMU_PRIVATE, VM_MIB, self->device, JOB));
	EXPECT_TRUE(qemu_expect(vm, REFUSED "Invalid argument", SECONDS));
	EXPECT_EQ(1, qemu_wait(vm));
}

/* Killed while the device is at work: the next one gets device and memory. */
TEST_F_TIMEOUT(vm, may_be_killed, 400)
{
	struct qemu *vm = &self->qemu;
	char *all;

	ASSERT_TRUE(qemu_start(vm, QEMU_VMEM, VM_MIB, self->device, JOB));
	ASSERT_TRUE(qemu_expect(vm, "guest: ready", SECONDS));
	kill(vm->pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, qemu_wait(vm));
	EXPECT_EQ(self->region.size, pool_free());
	all = vmem_map(self->dev, self->region.size);
	ASSERT_NE(MAP_FAILED, all);
	/* Longer than what the device had begun. */
	usleep(300000);
	EXPECT_TRUE(is_zero(all, self->region.size));
	munmap(all, self->region.size);
	close(self->dev);

	ASSERT_TRUE(qemu_start(vm, QEMU_VMEM, VM_MIB, self->device, JOB));
	ASSERT_TRUE(qemu_expect(vm, "guest: ready", SECONDS));
	ASSERT_TRUE(qemu_say(vm, "end\n"));
	EXPECT_TRUE(qemu_expect(vm, "guest: verified", SECONDS));
	EXPECT_EQ(0, qemu_wait(vm));
	self->dev = vmem_open();
}

TEST_HARNESS_MAIN

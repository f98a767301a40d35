// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM of Linux 6.12 on arm64, as Debian has it, makes of the pool: a device.
 * Documentation/admin-guide/vmem.rst has the table of what works where.
 */
#include <linux/vmem.h>
#include <signal.h>

#include "pool_fixture.h"
#include "kvm_guest.h"

#define MIB	(1024 * 1024ULL)
#define PAGE	4096
#define POOL_AT	(4ULL << 30)

/* What to do about it is said when the base is loaded. */
TEST_F(pool, says_so)
{
	EXPECT_TRUE(kernel_said("vmem: KVM of this kernel takes the pool for a device, "));
}

static int run_guest(void *map)
{
	struct kvm_guest guest;

	alarm(5);
	if (!kvm_guest_start(&guest, map, 2 * SLICE))
		return 1;
	kvm_guest_write(&guest, SLICE, PAGE);
	return 2;
}

/*
 * Its first instruction is an abort, and so is that of the handler: the guest does
 * nothing for ever, and the VMM is told nothing.
 */
TEST_F_TIMEOUT(pool, no_guest_starts_on_it, 60)
{
	void *map = vmem_map(self->dev, 2 * SLICE);
	int status;
	pid_t child;

	if (!kvm_usable())
		SKIP(return, "no KVM");
	ASSERT_NE(MAP_FAILED, map);
	child = fork();
	if (!child)
		_exit(run_guest(map));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	EXPECT_TRUE(is_zero(map + SLICE, SLICE));
	munmap(map, 2 * SLICE);
	close(self->dev);
	self->dev = vmem_open();
}

/* A guest from elsewhere gets it as a device, which does not stand such stores. */
TEST_F_TIMEOUT(pool, is_a_device_for_a_guest, 60)
{
	uint8_t *map = vmem_map(self->dev, SLICE), *own;
	struct kvm_userspace_memory_region slot = {
		.slot = 1,
		.guest_phys_addr = POOL_AT,
		.memory_size = SLICE,
		.userspace_addr = (uintptr_t)map,
	};
	struct kvm_guest guest;

	if (!kvm_usable())
		SKIP(return, "no KVM");
	own = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, own);
	ASSERT_TRUE(kvm_guest_start(&guest, own, MIB));
	EXPECT_EQ(0, ioctl(guest.vm, KVM_CHECK_EXTENSION,
			   KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED));
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES;
	EXPECT_EQ(-1, ioctl(guest.vm, KVM_SET_USER_MEMORY_REGION, &slot));
	EXPECT_EQ(EINVAL, errno);
	slot.flags = 0;
	ASSERT_EQ(0, ioctl(guest.vm, KVM_SET_USER_MEMORY_REGION, &slot));
	EXPECT_TRUE(kvm_guest_write(&guest, POOL_AT, PAGE));
	EXPECT_FALSE(kvm_guest_run(&guest, kvm_guest_store, POOL_AT + PAGE - 3,
				   0, ~0ULL));
	kvm_guest_stop(&guest);
	munmap(own, MIB);
	munmap(map, SLICE);
	close(self->dev);
	self->dev = vmem_open();
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* The running system becomes a guest, and comes back. */

#include <linux/kvm.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "taiji_test.h"

FIXTURE(loaded) {
};

FIXTURE_SETUP(loaded)
{
	ASSERT_EQ(0, taiji_load());
}

FIXTURE_TEARDOWN(loaded)
{
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F(loaded, there_and_back)
{
	EXPECT_FALSE(taiji_is_on());
	ASSERT_EQ(0, taiji_switch("on"));
	EXPECT_TRUE(taiji_is_on());
	/* Once is enough. */
	EXPECT_EQ(EBUSY, taiji_switch("on"));
	EXPECT_TRUE(taiji_is_on());
	ASSERT_EQ(0, taiji_switch("off"));
	EXPECT_FALSE(taiji_is_on());
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(EINVAL, taiji_switch("maybe"));
}

TEST_F(loaded, modules_stay)
{
	ASSERT_EQ(0, taiji_switch("on"));
	EXPECT_EQ(EWOULDBLOCK, module_unload("taiji_engine"));
	EXPECT_EQ(EWOULDBLOCK, module_unload("taiji"));
}

TEST_F(loaded, vms_and_switch_exclude_each_other)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	ASSERT_GE(kvm, 0);

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ASSERT_GE(vm, 0);
	EXPECT_EQ(EBUSY, taiji_switch("on"));
	close(vm);

	ASSERT_EQ(0, taiji_switch("on"));
	EXPECT_EQ(-1, ioctl(kvm, KVM_CREATE_VM, 0));
	EXPECT_EQ(EBUSY, errno);

	ASSERT_EQ(0, taiji_switch("off"));
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	EXPECT_GE(vm, 0);
	close(vm);
	close(kvm);
}

/* Processes that write and check memory, fork and exit, meanwhile. */
static void load(void)
{
	size_t size = 4 * SECTION;
	uint64_t salt = getpid();
	char *p = taiji_map(size);

	if (!p)
		_exit(2);
	for (;; salt++) {
		taiji_fill(p, size, salt);
		if (!fork())
			_exit(!!taiji_verify(p, size, salt));
		int status;

		if (wait(&status) < 0 || status)
			_exit(1);
	}
}

TEST_F_TIMEOUT(loaded, many_times_under_load, 200)
{
	pid_t pids[3];
	int i, status;

	for (i = 0; i < 3; i++) {
		pids[i] = fork();
		if (!pids[i])
			load();
	}

	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, taiji_switch("on"));
		ASSERT_EQ(0, taiji_switch("off"));
	}

	for (i = 0; i < 3; i++) {
		/* Still there: none has found a wrong byte. */
		EXPECT_EQ(0, waitpid(pids[i], &status, WNOHANG));
		kill(pids[i], SIGKILL);
		waitpid(pids[i], &status, 0);
	}
}

TEST_HARNESS_MAIN

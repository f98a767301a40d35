// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a device uses for long stays; what its owner releases goes out, and comes
 * back for the device. With an edu device: behind an SMMU through VFIO, without one by
 * physical addresses from pagemap.
 */

#include <linux/capability.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "taiji_test.h"
#include "churn.h"
#include "physical.h"
#include "../vmem/edu.h"
#include "../../tools/libtaiji/taiji.h"

#define PAGES	8
#define SIZE	(PAGES * SECTION)
#define PIECE	(2 * SECTION)		/* what is released at once */
#define IOVA	(32UL << 20)
#define POOL	"/proc/sys/vm/nr_hugepages"

static char *map_pool(void)
{
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int acquire(struct edu *edu, char *p, size_t piece)
{
	return taiji_pool_acquire(edu->container, p + piece * PIECE, IOVA + piece * PIECE, PIECE);
}

static int release(struct edu *edu, char *p, size_t piece)
{
	return taiji_pool_release(edu->container, p + piece * PIECE, IOVA + piece * PIECE, PIECE);
}

static int acquire_all(struct edu *edu, char *p)
{
	int err = 0;
	size_t i;

	for (i = 0; i < SIZE / PIECE && !err; i++)
		err = acquire(edu, p, i);
	return err;
}

/* The device copies a micro-page to another, and both are right after it. */
static bool copies(struct edu *edu, char *p, size_t from, size_t to)
{
	return edu_read(edu, IOVA + from * PAGE) && edu_write(edu, IOVA + to * PAGE) &&
	       !memcmp(p + from * PAGE, p + to * PAGE, PAGE);
}

FIXTURE(vfio) {
	char address[EDU_ADDRESS_LEN];
	struct edu edu;
	char *p;
};

FIXTURE_SETUP(vfio)
{
	if (!edu_find(self->address) || access("/sys/kernel/iommu_groups/0", F_OK) ||
	    edu_bind(self->address) < 0)
		SKIP(return, "no edu device behind an IOMMU");
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_GT(sysfs_number(TAIJI "swappable"), 0);
	ASSERT_EQ(0, sysfs_write(POOL, "16"));
	ASSERT_TRUE(edu_open(&self->edu, self->address));
	self->p = map_pool();
	ASSERT_NE(NULL, self->p);
	taiji_fill(self->p, SIZE, 3);
}

FIXTURE_TEARDOWN(vfio)
{
	edu_close(&self->edu);
	munmap(self->p, SIZE);
	EXPECT_EQ(0, sysfs_write(POOL, "0"));
	EXPECT_EQ(0, sysfs_number(POOL));
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F_TIMEOUT(vfio, idle_memory_goes_and_comes_back, 200)
{
	struct edu *edu = &self->edu;
	long long out;

	ASSERT_EQ(0, acquire_all(edu, self->p));
	/* Pinned: none of it is swappable. */
	EXPECT_EQ(0, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	EXPECT_TRUE(copies(edu, self->p, 2, 1022));

	out = sysfs_number(STATS "sections_out");
	ASSERT_EQ(0, release(edu, self->p, 0));
	ASSERT_EQ(0, release(edu, self->p, 2));
	EXPECT_GE(sysfs_number(STATS "sections_out") - out, 2 * PIECE / SECTION);
	/* The rest is where it was. */
	EXPECT_TRUE(copies(edu, self->p, 1024 + 3, 1024 + 700));

	/* Whoever looks brings it in, and it can go again. */
	EXPECT_EQ(0, memcmp(self->p + 2 * PAGE, self->p + 1022 * PAGE, PAGE));
	EXPECT_EQ(PIECE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, PIECE));

	ASSERT_EQ(0, acquire(edu, self->p, 0));
	ASSERT_EQ(0, acquire(edu, self->p, 2));
	EXPECT_EQ(0, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	EXPECT_EQ(0, memcmp(self->p + 2 * PAGE, self->p + 1022 * PAGE, PAGE));
	EXPECT_EQ(0, taiji_verify(self->p, 1022 * PAGE, 3));
	EXPECT_TRUE(copies(edu, self->p, 6, 1023));
	EXPECT_TRUE(copies(edu, self->p, 2 * 1024 + 6, 2 * 1024 + 7));
}

static bool log_says(const char *what)
{
	static char log[1 << 20];
	int n = klogctl(3, log, sizeof(log) - 1);

	if (n < 0)
		return false;
	log[n] = 0;
	return strstr(log, what);
}

/* It goes nowhere, and the IOMMU's driver says so, in a thread of its own. */
TEST_F_TIMEOUT(vfio, stray_access_is_reported, 200)
{
	int i;

	ASSERT_EQ(0, acquire_all(&self->edu, self->p));
	ASSERT_EQ(0, release(&self->edu, self->p, 1));
	ASSERT_EQ(0, klogctl(5, NULL, 0));
	ASSERT_TRUE(edu_read(&self->edu, IOVA));
	EXPECT_FALSE(log_says("arm-smmu-v3"));
	edu_write(&self->edu, IOVA + PIECE + PAGE);
	for (i = 0; i < 1000 && !log_says("arm-smmu-v3"); i++)
		usleep(10000);
	EXPECT_TRUE(log_says("arm-smmu-v3"));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 3));
	ASSERT_EQ(0, acquire(&self->edu, self->p, 1));
	EXPECT_TRUE(copies(&self->edu, self->p, 1024 + 2, 1024 + 1));
}

TEST_F_TIMEOUT(vfio, refuses, 200)
{
	struct edu *edu = &self->edu;
	char *small = taiji_map(SECTION);
	int other;

	ASSERT_EQ(0, acquire_all(edu, self->p));
	EXPECT_EQ(-EBUSY, taiji_range(TAIJI_IOC_RELEASE, self->p, SECTION));
	EXPECT_EQ(-EINVAL, taiji_range(TAIJI_IOC_RELEASE, self->p + PAGE, SECTION));
	EXPECT_EQ(-EINVAL, taiji_range(TAIJI_IOC_RELEASE, self->p, PAGE));
	/* In small pages. */
	madvise(small, SECTION, MADV_NOHUGEPAGE);
	taiji_fill(small, SECTION, 1);
	EXPECT_EQ(-EINVAL, taiji_range(TAIJI_IOC_RELEASE, small, SECTION));
	EXPECT_EQ(-EFAULT, taiji_range(TAIJI_IOC_RELEASE, (void *)SECTION, SECTION));

	/* Half of what was mapped, and what was not. */
	EXPECT_EQ(-EINVAL, taiji_pool_release(edu->container, self->p, IOVA, SECTION));
	EXPECT_EQ(-ENOENT, taiji_pool_release(edu->container, self->p, IOVA + SIZE, PIECE));

	/* Another device, or a driver, has it as well: the first keeps it. */
	other = taiji_pin(self->p, SECTION);
	ASSERT_GE(other, 0);
	EXPECT_EQ(-EBUSY, release(edu, self->p, 0));
	EXPECT_TRUE(copies(edu, self->p, 2, 3));
	close(other);
	EXPECT_EQ(0, release(edu, self->p, 0));
	EXPECT_EQ(-EEXIST, acquire(edu, self->p, 1));
	munmap(small, SECTION);
}

/* Without it, what a process may pin has a limit. */
static bool set_ipc_lock(bool allowed)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return false;
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	if (allowed)
		data[0].effective |= 1U << CAP_IPC_LOCK;
	return !syscall(SYS_capset, &header, data);
}

TEST_F_TIMEOUT(vfio, acquire_that_fails_changes_nothing, 200)
{
	struct rlimit none = { 0 };

	ASSERT_EQ(0, acquire_all(&self->edu, self->p));
	ASSERT_EQ(0, release(&self->edu, self->p, 1));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
	ASSERT_TRUE(set_ipc_lock(false));
	EXPECT_EQ(-ENOMEM, acquire(&self->edu, self->p, 1));
	ASSERT_TRUE(set_ipc_lock(true));

	EXPECT_EQ(PIECE / SECTION, taiji_range(TAIJI_IOC_RELEASE, self->p + PIECE, PIECE));
	EXPECT_EQ(PIECE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p + PIECE, PIECE));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 3));
	EXPECT_EQ(0, acquire(&self->edu, self->p, 1));
	EXPECT_TRUE(copies(&self->edu, self->p, 1024 + 2, 1024 + 1));
}

#define FAIL	"/sys/kernel/debug/fail_page_alloc/"

/* Linux finds no huge page for this thread, or again. Others are not concerned. */
static bool huge_pages_fail(bool fail)
{
	return !sysfs_write(FAIL "task-filter", "Y") && !sysfs_write(FAIL "min-order", "9") &&
	       !sysfs_write(FAIL "ignore-gfp-wait", "N") &&
	       !sysfs_write(FAIL "ignore-gfp-highmem", "N") &&
	       !sysfs_write(FAIL "verbose", "0") && !sysfs_write(FAIL "times", "-1") &&
	       !sysfs_write(FAIL "probability", "100") &&
	       !sysfs_write("/proc/thread-self/make-it-fail", fail ? "1" : "0");
}

/* @p: memory that was pinned, and stays. */
static void release_has_no_room(struct __test_metadata *_metadata, char *p)
{
	ASSERT_NE(NULL, p);
	taiji_fill(p, SECTION, 9);
	close(taiji_pin(p, SECTION));
	ASSERT_TRUE(huge_pages_fail(true));
	EXPECT_EQ(-ENOMEM, taiji_range(TAIJI_IOC_RELEASE, p, SECTION));
	ASSERT_TRUE(huge_pages_fail(false));
	EXPECT_EQ(0, taiji_verify(p, SECTION, 9));
}

TEST_F_TIMEOUT(vfio, release_has_no_room, 200)
{
	char *p = map_pool();
	int i;

	if (access(FAIL, F_OK))
		SKIP(goto out, "no fault injection in this kernel");
	for (i = 0; i < 20; i++)
		release_has_no_room(_metadata, p);
	/* There is some again. */
	EXPECT_EQ(1, taiji_range(TAIJI_IOC_RELEASE, p, SECTION));
	EXPECT_EQ(1, taiji_range(TAIJI_IOC_OUT, p, SECTION));
	EXPECT_EQ(0, taiji_verify(p, SECTION, 9));
out:
	munmap(p, SIZE);
}

/* Everything in the machine goes out all the time; so does what is released. */
TEST_F_TIMEOUT(vfio, again_and_again_while_all_goes_out, 400)
{
	char *busy = taiji_map(SIZE);
	struct churn churn;
	int i, piece;

	ASSERT_EQ(0, churn_start(&churn, busy, SIZE));
	ASSERT_EQ(0, acquire_all(&self->edu, self->p));
	for (i = 0; i < 24; i++) {
		piece = i % (SIZE / PIECE);
		ASSERT_EQ(0, release(&self->edu, self->p, piece));
		sysfs_write(TAIJI "reclaim", "100%");
		ASSERT_EQ(0, acquire(&self->edu, self->p, piece));
		EXPECT_TRUE(copies(&self->edu, self->p, piece * 1024 + 2, piece * 1024 + 1023));
	}
	EXPECT_EQ(0, taiji_verify(self->p, 1023 * PAGE, 3));
	EXPECT_EQ(0, churn_stop(&churn));
	munmap(busy, SIZE);
}

/* Releases and acquires until it is killed. */
static void child(const char *address)
{
	struct edu edu;
	char *p = map_pool();
	int i;

	if (!p || !edu_open(&edu, address))
		_exit(1);
	taiji_fill(p, SIZE, 5);
	if (acquire_all(&edu, p))
		_exit(2);
	for (i = 0;; i++)
		if (release(&edu, p, i % 4) || release(&edu, p, (i + 1) % 4) ||
		    acquire(&edu, p, i % 4) || acquire(&edu, p, (i + 1) % 4))
			_exit(3);
}

TEST_F_TIMEOUT(vfio, killed_at_any_point, 400)
{
	int i, status;
	pid_t pid;

	/* The child's turn with the device. */
	edu_close(&self->edu);
	for (i = 0; i < 8; i++) {
		pid = fork();
		if (!pid)
			child(self->address);
		usleep(400000 + i * 37000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) {
			TH_LOG("the child ended with %d", WEXITSTATUS(status));
		}
		sysfs_write(TAIJI "reclaim", "100%");
	}
	/* All of its pages are free again: ours are the others. */
	EXPECT_EQ(16 - PAGES, taiji_meminfo("HugePages_Free") / 1024);

	ASSERT_TRUE(edu_open(&self->edu, self->address));
	ASSERT_EQ(0, acquire_all(&self->edu, self->p));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 3));
	for (i = 0; i < SIZE / PIECE; i++)
		EXPECT_TRUE(copies(&self->edu, self->p, i * 1024 + 2, i * 1024 + 1023));
}

FIXTURE(raw) {
	struct edu edu;
	char *p;
};

/* As drivers did before VFIO. */
static bool edu_open_raw(struct edu *edu, const char *address)
{
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "%s/config", address);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		return false;
	close(fd);
	snprintf(path, sizeof(path), PCI_DEVICES "%s/resource0", address);
	fd = open(path, O_RDWR | O_CLOEXEC);
	edu->bar = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return edu->bar != MAP_FAILED;
}

FIXTURE_SETUP(raw)
{
	char address[EDU_ADDRESS_LEN];

	if (!edu_find(address) || !access("/sys/kernel/iommu_groups/0", F_OK))
		SKIP(return, "no edu device without an IOMMU");
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_GT(sysfs_number(TAIJI "swappable"), 0);
	ASSERT_TRUE(edu_open_raw(&self->edu, address));
	self->p = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
	taiji_fill(self->p, SIZE, 3);
}

FIXTURE_TEARDOWN(raw)
{
	munmap(self->edu.bar, 1 << 20);
	munmap(self->p, SIZE);
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F_TIMEOUT(raw, pinned_memory_has_its_address, 200)
{
	uint64_t at;
	int fd, i;

	/* It could move as it is. */
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	fd = taiji_pin(self->p, SIZE);
	ASSERT_GE(fd, 0);
	at = physical(self->p + 2 * PAGE);
	ASSERT_NE(0, at);
	for (i = 0; i < 4; i++) {
		sysfs_write(TAIJI "reclaim", "100%");
		EXPECT_EQ(0, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
		ASSERT_EQ(at, physical(self->p + 2 * PAGE));
		ASSERT_TRUE(edu_read(&self->edu, at));
		ASSERT_TRUE(edu_write(&self->edu, physical(self->p + (800 + i) * PAGE)));
		EXPECT_EQ(0, memcmp(self->p + 2 * PAGE, self->p + (800 + i) * PAGE, PAGE));
	}
	EXPECT_EQ(0, taiji_verify(self->p, 800 * PAGE, 3));

	/* And may again, when it is asked to. */
	close(fd);
	EXPECT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_RELEASE, self->p, SIZE));
	EXPECT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	EXPECT_EQ(0, taiji_verify(self->p, 800 * PAGE, 3));
}

TEST_F(raw, pin_refuses)
{
	struct taiji_ioc_range range = {
		.size = sizeof(range), .addr = (uintptr_t)self->p, .len = PAGE,
	};
	int fd = taiji_pin(self->p, SECTION);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-1, ioctl(fd, TAIJI_IOC_PIN, &range));
	EXPECT_EQ(EBUSY, errno);
	close(fd);
	EXPECT_EQ(-EINVAL, taiji_pin(self->p + 8, PAGE));
	EXPECT_EQ(-EINVAL, taiji_pin(self->p, 100));
	EXPECT_EQ(-EINVAL, taiji_pin(self->p, 0));
	EXPECT_EQ(-ENOMEM, taiji_pin((void *)PAGE, 1UL << 46));
	EXPECT_EQ(-EFAULT, taiji_pin((void *)PAGE, PAGE));
	ASSERT_EQ(0, mprotect(self->p, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, taiji_pin(self->p, PAGE));
}

TEST_F_TIMEOUT(raw, release_has_no_room, 200)
{
	if (access(FAIL, F_OK))
		SKIP(return, "no fault injection in this kernel");
	release_has_no_room(_metadata, self->p);
	/* Linux has made small pages of it. */
	EXPECT_EQ(-EINVAL, taiji_range(TAIJI_IOC_RELEASE, self->p, SECTION));
}

/* A pin ends with whoever made it, and not before its memory. */
TEST_F_TIMEOUT(raw, killed_with_a_pin, 100)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < 8; i++) {
		pid = fork();
		if (!pid) {
			for (;;) {
				int fd = taiji_pin(self->p, SIZE);

				if (fd < 0)
					_exit(1);
				close(fd);
			}
		}
		usleep(50000 + i * 17000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
	}
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 3));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* What the rest of the kernel does with such memory, or refuses to. */
#include <linux/io_uring.h>
#include <linux/vmem.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "pool_fixture.h"

#define LENGTH	(4 * SLICE)
#define PAGE	4096

static char *make(struct __test_metadata *_metadata, int dev, int *fd,
		  uint64_t length)
{
	char *map;

	*fd = vmem_alloc(dev, length, 0, 0);
	ASSERT_GE(*fd, 0);
	map = vmem_map(*fd, length);
	ASSERT_NE(MAP_FAILED, map);
	return map;
}

/* ---- what works ---- */

static int traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	return 0;
}

TEST_F(pool, a_debugger_reads_and_writes)
{
	int fd, status, mem;
	char *map = make(_metadata, self->dev, &fd, LENGTH), path[32];
	char buf[2 * PAGE];
	pid_t child;

	pattern_fill(map, LENGTH, 1);
	child = fork();
	if (!child)
		_exit(traced());
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(pattern_at(SLICE / 8, 1),
		  ptrace(PTRACE_PEEKDATA, child, map + SLICE, NULL));
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, child, map + SLICE, (void *)77));
	EXPECT_EQ(77, *(long *)(map + SLICE));

	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	mem = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(mem, 0);
	/* Across the border of two slices, and not at that of a page. */
	EXPECT_EQ(sizeof(buf), pread(mem, buf, sizeof(buf),
				     (uintptr_t)map + 2 * SLICE - PAGE - 8));
	EXPECT_EQ(0, memcmp(buf, map + 2 * SLICE - PAGE - 8, sizeof(buf)));
	memset(buf, 0x11, sizeof(buf));
	EXPECT_EQ(sizeof(buf), pwrite(mem, buf, sizeof(buf),
				      (uintptr_t)map + 3 * SLICE - PAGE));
	EXPECT_EQ(0x11, map[3 * SLICE]);
	EXPECT_EQ(0x11, map[3 * SLICE + PAGE - 1]);
	close(mem);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);

	/* Read-only is read-only. */
	ASSERT_EQ(0, mprotect(map, SLICE, PROT_READ));
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(1, pread(mem, buf, 1, (uintptr_t)map));
	EXPECT_EQ(-1, pwrite(mem, buf, 1, (uintptr_t)map));
	ASSERT_EQ(0, mprotect(map, SLICE, PROT_NONE));
	EXPECT_EQ(-1, pread(mem, buf, 1, (uintptr_t)map));
	close(mem);
	munmap(map, LENGTH);
	close(fd);
}

/* It is never swapped, so there is nothing to lock, and nothing to count. */
TEST_F(pool, locking_costs_nothing)
{
	struct rlimit none = { 0, 0 };
	int fd, status;
	char *map = make(_metadata, self->dev, &fd, LENGTH);
	pid_t child = fork();

	if (!child) {
		if (setrlimit(RLIMIT_MEMLOCK, &none) ||
		    setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED))
			_exit(1);
		if (vmem_map(fd, LENGTH) == MAP_FAILED)
			_exit(2);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mlock(map, LENGTH));
	EXPECT_TRUE(file_contains("/proc/self/status", "VmLck:	       0 kB"));
	EXPECT_EQ(0, munlock(map, LENGTH));
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	munmap(map, LENGTH);
	map = vmem_map(fd, LENGTH);
	EXPECT_NE(MAP_FAILED, map);
	map[0] = 1;
	munlockall();
	munmap(map, LENGTH);
	close(fd);
}

static void die_with_memory(char *map)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &all);
	if (chdir("/tmp"))
		_exit(1);
	memset(map, 0x77, LENGTH);
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* A guest's memory does not end up in the VMM's core dump. */
TEST_F(pool, is_not_dumped)
{
	char old[128], text[32];
	struct stat st;
	int fd, status;
	char *map = make(_metadata, self->dev, &fd, LENGTH);
	pid_t child;

	ASSERT_EQ(0, sysfs_read("/proc/sys/kernel/core_pattern", old,
				sizeof(old)));
	ASSERT_EQ(0, sysfs_write("/proc/sys/kernel/core_pattern", "dump.%p"));
	child = fork();
	if (!child)
		die_with_memory(map);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(SIGABRT, WTERMSIG(status));
	EXPECT_TRUE(WCOREDUMP(status));
	snprintf(text, sizeof(text), "/tmp/dump.%d", child);
	EXPECT_EQ(0, stat(text, &st));
	EXPECT_GT(LENGTH / 2, st.st_size);
	unlink(text);
	sysfs_write("/proc/sys/kernel/core_pattern", old);
	EXPECT_EQ(-1, madvise(map, LENGTH, MADV_DODUMP));
	EXPECT_EQ(EINVAL, errno);
	munmap(map, LENGTH);
	close(fd);
}

/* ---- what is refused ---- */

TEST_F(pool, cannot_be_pinned)
{
	int disk = open("/dev/scratch", O_RDWR | O_DIRECT | O_CLOEXEC), ring;
	struct io_uring_params params = {};
	int fd;
	char *map = make(_metadata, self->dev, &fd, LENGTH);
	struct iovec iov = { map, PAGE }, copy = { map + SLICE, PAGE };

	map[0] = 3;
	map[SLICE] = 4;
	ASSERT_GE(disk, 0);
	EXPECT_EQ(-1, write(disk, map, PAGE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(disk, map, PAGE));
	EXPECT_EQ(EFAULT, errno);
	close(disk);

	ring = syscall(SYS_io_uring_setup, 1, &params);
	ASSERT_GE(ring, 0);
	EXPECT_EQ(-1, syscall(SYS_io_uring_register, ring,
			      IORING_REGISTER_BUFFERS, &iov, 1));
	EXPECT_EQ(EFAULT, errno);
	close(ring);

	EXPECT_EQ(-1, process_vm_readv(getpid(), &copy, 1, &iov, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(3, map[0]);
	EXPECT_EQ(4, map[SLICE]);
	munmap(map, LENGTH);
	close(fd);
}

/* Memory without struct page cannot be pinned: a clear error, no crash. */
TEST_F(pool, cannot_be_spliced)
{
	int fd = vmem_alloc(self->dev, SLICE, 0, 0), fds[2];
	char *map = vmem_map(fd, SLICE);
	struct iovec iov = { map, 4096 };

	ASSERT_NE(MAP_FAILED, map);
	map[0] = 1;
	ASSERT_EQ(0, pipe(fds));
	/* Copying is fine, pinning is not. */
	EXPECT_EQ(1, write(fds[1], map, 1));
	EXPECT_EQ(-1, vmsplice(fds[1], &iov, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	close(fds[0]);
	close(fds[1]);
	munmap(map, SLICE);
	close(fd);
}

TEST_F(pool, advice_does_not_drop_it)
{
	int fd;
	char *map = make(_metadata, self->dev, &fd, LENGTH);

	pattern_fill(map, LENGTH, 2);
	EXPECT_EQ(-1, madvise(map, LENGTH, MADV_DONTNEED));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_NE(0, madvise(map, LENGTH, MADV_REMOVE));
	EXPECT_NE(0, madvise(map, LENGTH, MADV_PAGEOUT));
	EXPECT_NE(0, ftruncate(fd, 0));
	EXPECT_NE(0, fallocate(fd, 3, 0, SLICE));
	EXPECT_TRUE(pattern_check(map, LENGTH, 2));
	munmap(map, LENGTH);
	close(fd);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* Allocating, mapping, refusing and freeing. */
#include <linux/capability.h>
#include <linux/vmem.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "vmem_test.h"

#define UNPRIVILEGED	65534

FIXTURE(pool) {
	struct region region;
	uint64_t size;		/* of the region, in whole slices */
	int dev;
};

FIXTURE_SETUP(pool)
{
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	self->size = self->region.size;
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
	ASSERT_GE(self->dev, 0);
}

/* Whatever a test did, all of the pool has to come back. */
FIXTURE_TEARDOWN(pool)
{
	EXPECT_EQ(self->size, pool_value("free_bytes"));
	close(self->dev);
	EXPECT_EQ(0, vmem_unload());
}

static int alloc_errno(int dev, const struct vmem_alloc *arg)
{
	int fd = ioctl(dev, VMEM_IOC_ALLOC, arg);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static const struct vmem_alloc good = {
	.size = sizeof(good),
	.length = SLICE,
};

/* ---- what is refused ---- */

/* One that differs from the good one in one member. */
#define EXPECT_REFUSED(_member, _value) do {			\
	struct vmem_alloc bad = good;				\
								\
	bad._member = (_value);					\
	EXPECT_EQ(EINVAL, alloc_errno(self->dev, &bad));	\
} while (0)

TEST_F(pool, refuses_bad_arguments)
{
	struct vmem_alloc arg = good;

	EXPECT_EQ(0, alloc_errno(self->dev, &good));
	EXPECT_REFUSED(flags, VMEM_ALLOC_PAGE_REQUIRED << 1);
	EXPECT_REFUSED(flags, 1U << 31);
	EXPECT_REFUSED(reserved, 1);
	EXPECT_REFUSED(length, 0);
	EXPECT_REFUSED(length, SLICE + 4096);
	EXPECT_REFUSED(length, -SLICE);
	EXPECT_REFUSED(page_size, 4096);
	EXPECT_REFUSED(policy, VMEM_POLICY_INTERLEAVE + 1);
	EXPECT_REFUSED(policy, VMEM_POLICY_BIND);	/* to nothing */

	/* A required size has to be named, and to divide the length. */
	EXPECT_REFUSED(flags, VMEM_ALLOC_PAGE_REQUIRED);
	arg.flags = VMEM_ALLOC_PAGE_REQUIRED;
	arg.page_size = BLOCK;
	EXPECT_EQ(EINVAL, alloc_errno(self->dev, &arg));

	arg = good;
	memset(arg.name, 'x', sizeof(arg.name));
	EXPECT_EQ(EINVAL, alloc_errno(self->dev, &arg));
	EXPECT_EQ(EFAULT, alloc_errno(self->dev, (void *)16));
	EXPECT_EQ(-1, ioctl(self->dev, _IO(0xB9, 0x7f), &arg));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(pool, structures_may_grow)
{
	struct {
		struct vmem_alloc known;
		uint64_t newer;
	} arg = { .known = good };
	struct {
		struct vmem_info known;
		uint64_t newer;
	} info = { .known.size = sizeof(info) };

	arg.known.size = sizeof(arg);
	EXPECT_EQ(0, alloc_errno(self->dev, &arg.known));
	arg.newer = 1;
	EXPECT_EQ(E2BIG, alloc_errno(self->dev, &arg.known));
	arg.known.size = sizeof(arg.known) - 1;
	EXPECT_EQ(EINVAL, alloc_errno(self->dev, &arg.known));
	arg.known.size = 0;
	EXPECT_EQ(EINVAL, alloc_errno(self->dev, &arg.known));
	arg.known.size = 1 << 20;
	EXPECT_EQ(E2BIG, alloc_errno(self->dev, &arg.known));

	EXPECT_EQ(0, ioctl(self->dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(self->size, info.known.total);
	info.newer = 1;
	EXPECT_EQ(-1, ioctl(self->dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(E2BIG, errno);
}

TEST_F_TIMEOUT(pool, runs_out_when_reserving_and_not_later, 120)
{
	int fd, i, fds[4];

	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, self->size + SLICE, 0, 0));
	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, 1ULL << 50, 0, 0));
	for (i = 0; i < 4; i++) {
		fds[i] = vmem_alloc(self->dev, self->size / 4, 0, 0);
		ASSERT_GE(fds[i], 0);
	}
	EXPECT_EQ(0, pool_value("free_bytes"));
	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, SLICE, 0, 0));
	EXPECT_EQ(MAP_FAILED, vmem_map(self->dev, SLICE));
	EXPECT_EQ(ENOMEM, errno);
	close(fds[2]);
	fd = vmem_alloc(self->dev, self->size / 4, 0, 0);
	EXPECT_GE(fd, 0);
	close(fd);
	for (i = 0; i < 4; i++)
		if (i != 2)
			close(fds[i]);
}

TEST_F_TIMEOUT(pool, refuses_the_wrong_node, 120)
{
	struct vmem_alloc arg = good;

	arg.policy = VMEM_POLICY_BIND;
	arg.nodes = 1ULL << 63;
	EXPECT_EQ(ENOMEM, alloc_errno(self->dev, &arg));
	arg.nodes |= 1;
	EXPECT_EQ(0, alloc_errno(self->dev, &arg));
	arg.policy = VMEM_POLICY_INTERLEAVE;
	EXPECT_EQ(0, alloc_errno(self->dev, &arg));
	arg.policy = VMEM_POLICY_PREFER;
	arg.nodes = 1ULL << 63;
	EXPECT_EQ(0, alloc_errno(self->dev, &arg));
}

TEST_F_TIMEOUT(pool, refuses_private_and_crooked_mappings, 120)
{
	int prot = PROT_READ | PROT_WRITE, i;
	char *place;

	/* Once for an allocation, once for the device itself. */
	for (i = 0; i < 2; i++) {
		int fd = i ? vmem_open() : vmem_alloc(self->dev, 2 * SLICE, 0, 0);

		ASSERT_GE(fd, 0);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, prot, MAP_PRIVATE, fd, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, PROT_READ, MAP_PRIVATE,
					   fd, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, prot, MAP_SHARED, fd, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, prot, MAP_SHARED, fd,
					   4096));
		EXPECT_EQ(EINVAL, errno);
		place = mmap(NULL, 4 * SLICE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		place = (char *)(((uintptr_t)place | (SLICE - 1)) + 1);
		EXPECT_EQ(MAP_FAILED, mmap(place + 4096, SLICE, prot,
					   MAP_SHARED | MAP_FIXED, fd, 0));
		EXPECT_EQ(EINVAL, errno);
		/* A refused mapping has reserved nothing. */
		EXPECT_EQ(self->size - (i ? 0 : 2 * SLICE),
			  pool_value("free_bytes"));
		EXPECT_EQ(place, mmap(place, 2 * SLICE, prot,
				      MAP_SHARED | MAP_FIXED, fd, 0));
		/* What there is now has a size. */
		EXPECT_EQ(MAP_FAILED, vmem_map(fd, 3 * SLICE));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, SLICE, prot, MAP_SHARED, fd,
					   2 * SLICE));
		EXPECT_EQ(EINVAL, errno);
		munmap(place, 2 * SLICE);
		close(fd);
	}
}

TEST_F(pool, splits_at_slices_only)
{
	int fd = vmem_alloc(self->dev, 4 * SLICE, 0, 0);
	char *map = vmem_map(fd, 4 * SLICE);

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, 4 * SLICE, 3);
	EXPECT_EQ(-1, munmap(map + 4096, 4096));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(map, SLICE + 4096, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(pattern_check(map, 4 * SLICE, 3));

	EXPECT_EQ(0, mprotect(map + SLICE, SLICE, PROT_READ));
	EXPECT_EQ(0, mprotect(map + SLICE, SLICE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, munmap(map + 3 * SLICE, SLICE));
	pattern_fill(map, 3 * SLICE, 4);
	EXPECT_TRUE(pattern_check(map, 3 * SLICE, 4));

	munmap(map, 3 * SLICE);
	close(fd);
}

TEST_F(pool, moves_by_slices_and_does_not_grow)
{
	int fd = vmem_alloc(self->dev, 4 * SLICE, 0, 0);
	char *map = vmem_map(fd, 3 * SLICE), *place;

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, 3 * SLICE, 4);
	EXPECT_EQ(MAP_FAILED, mremap(map, 3 * SLICE, 4 * SLICE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	place = mmap(NULL, 6 * SLICE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	place = (char *)(((uintptr_t)place | (SLICE - 1)) + 1);
	EXPECT_EQ(MAP_FAILED, mremap(map, 3 * SLICE, 3 * SLICE,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     place + 4096));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(pattern_check(map, 3 * SLICE, 4));
	ASSERT_EQ(place, mremap(map, 3 * SLICE, 3 * SLICE,
				MREMAP_MAYMOVE | MREMAP_FIXED, place));
	EXPECT_TRUE(pattern_check(place, 3 * SLICE, 4));
	munmap(place, 3 * SLICE);
	close(fd);
}

TEST_F(pool, needs_permission)
{
	struct vmem_extents arg = { .size = sizeof(arg) };
	int fd = vmem_alloc(self->dev, SLICE, 0, 0), status;
	pid_t child;

	ASSERT_GE(fd, 0);
	child = fork();
	if (!child) {
		if (setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED))
			_exit(1);
		if (vmem_open() != -1 || errno != EACCES)
			_exit(2);
		if (ioctl(fd, VMEM_IOC_EXTENTS, &arg) != -1 || errno != EPERM)
			_exit(3);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, ioctl(fd, VMEM_IOC_EXTENTS, &arg));
	EXPECT_EQ(1, arg.nr);
	close(fd);
}

/* ---- content ---- */

static void keep(struct __test_metadata *_metadata, int fd, uint64_t size)
{
	char *map, *again;
	struct stat st;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(size, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(size, st.st_size);
	map = vmem_map(fd, size);
	again = vmem_map(fd, size);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_TRUE(is_zero(map, size));
	pattern_fill(map, size, 5);
	EXPECT_TRUE(pattern_check(again, size, 5));
	munmap(map, size);
	munmap(again, size);
	/* The file keeps it while nothing maps it. */
	map = mmap(NULL, SLICE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_TRUE(pattern_check(map, SLICE, 5));
	munmap(map, SLICE);
	close(fd);
}

TEST_F_TIMEOUT(pool, keeps_what_is_written, 180)
{
	keep(_metadata, vmem_alloc(self->dev, self->size, 0, 0), self->size);
	/* Too short for a page of 1 GiB, or none at the end. */
	keep(_metadata, vmem_alloc(self->dev, self->size - SLICE, 0, 0),
	     self->size - SLICE);
}

/* An unmodified program: open, mmap, and a second mmap of the same file. */
TEST_F(pool, allocates_at_a_plain_mmap)
{
	int fd = vmem_open();
	char *map, *again;

	EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
	map = vmem_map(fd, 4 * SLICE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(self->size - 4 * SLICE, pool_value("free_bytes"));
	again = mmap(NULL, 2 * SLICE, PROT_READ, MAP_SHARED, fd, 2 * SLICE);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_EQ(self->size - 4 * SLICE, pool_value("free_bytes"));
	pattern_fill(map + 2 * SLICE, 2 * SLICE, 6);
	EXPECT_TRUE(pattern_check(again, 2 * SLICE, 6));
	close(fd);
	munmap(map, 4 * SLICE);
	EXPECT_EQ(self->size - 4 * SLICE, pool_value("free_bytes"));
	EXPECT_TRUE(pattern_check(again, 2 * SLICE, 6));
	munmap(again, 2 * SLICE);
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* How many faults it takes to write to every 4 KiB. */
static long touch_faults(char *map, uint64_t length)
{
	long before = minor_faults();
	uint64_t i;

	for (i = 0; i < length; i += 4096)
		map[i] = 1;
	return minor_faults() - before;
}

TEST_F_TIMEOUT(pool, maps_with_the_largest_entries, 120)
{
	int fd = vmem_alloc(self->dev, 8 * SLICE, SLICE,
			    VMEM_ALLOC_PAGE_REQUIRED);
	uint64_t blocks;
	char *map;

	ASSERT_GE(fd, 0);
	map = vmem_map(fd, 8 * SLICE);
	EXPECT_EQ(8, touch_faults(map, 8 * SLICE));
	munmap(map, 8 * SLICE);
	close(fd);

	blocks = pool_value("free_blocks");
	if (!blocks)
		SKIP(return, "the region holds no whole block");
	fd = vmem_alloc(self->dev, BLOCK, BLOCK, VMEM_ALLOC_PAGE_REQUIRED);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(blocks - 1, pool_value("free_blocks"));
	map = vmem_map(fd, BLOCK);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, (uintptr_t)map % BLOCK);
#ifdef __x86_64__
	EXPECT_EQ(1, touch_faults(map, BLOCK));
#else
	EXPECT_EQ(BLOCK / SLICE, touch_faults(map, BLOCK));
#endif
	munmap(map, BLOCK);
	close(fd);
}

/* Slices that lie apart are mapped one by one, in order. */
TEST_F_TIMEOUT(pool, joins_scattered_slices, 120)
{
	struct vmem_extent extents[16];
	struct vmem_extents arg = {
		.size = sizeof(arg),
		.nr = 16,
		.extents = (uintptr_t)extents,
	};
	int all[64], fd, i;
	uint64_t sum = 0, nr;
	char *map;

	/* All but 64 slices, then one by one, then every other one back. */
	fd = vmem_alloc(self->dev, self->size - 64 * SLICE, 0, 0);
	ASSERT_GE(fd, 0);
	for (i = 0; i < 64; i++) {
		all[i] = vmem_alloc(self->dev, SLICE, 0, 0);
		ASSERT_GE(all[i], 0);
	}
	for (i = 0; i < 16; i += 2)
		close(all[i]);
	EXPECT_EQ(8 * SLICE, pool_value("free_bytes"));
	EXPECT_EQ(SLICE, pool_value("largest_free_bytes"));
	EXPECT_EQ(0, pool_value("free_blocks"));
	all[0] = vmem_alloc(self->dev, 8 * SLICE, 0, 0);
	ASSERT_GE(all[0], 0);
	ASSERT_EQ(0, ioctl(all[0], VMEM_IOC_EXTENTS, &arg));
	nr = arg.nr;
	EXPECT_EQ(8, nr);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(sum, extents[i].offset);
		EXPECT_LE(self->region.start, extents[i].phys);
		sum += extents[i].length;
	}
	EXPECT_EQ(8 * SLICE, sum);
	map = vmem_map(all[0], 8 * SLICE);
	EXPECT_TRUE(is_zero(map, 8 * SLICE));
	pattern_fill(map, 8 * SLICE, 9);
	EXPECT_TRUE(pattern_check(map, 8 * SLICE, 9));
	munmap(map, 8 * SLICE);
	close(all[0]);
	for (i = 1; i < 64; i++)
		if (i > 16 || i % 2)
			close(all[i]);
	close(all[16]);
	close(fd);
}

/* ---- one owner after the other ---- */

/* Every byte of the pool is written by one and looked at by the next. */
TEST_F_TIMEOUT(pool, next_owner_sees_zeros, 120)
{
	int round;

	for (round = 0; round < 3; round++) {
		/* Another cut each time. */
		uint64_t first = self->size / (round + 2) / SLICE * SLICE;
		uint64_t part[2] = { first, self->size - first };
		void *map[2];
		int i;

		for (i = 0; i < 2; i++) {
			int fd = round % 2 ? vmem_open() :
				 vmem_alloc(self->dev, part[i], 0, 0);

			ASSERT_GE(fd, 0);
			map[i] = vmem_map(fd, part[i]);
			ASSERT_NE(MAP_FAILED, map[i]);
			close(fd);
			EXPECT_TRUE(is_zero(map[i], part[i]));
			memset(map[i], 0xa5, part[i]);
		}
		EXPECT_EQ(0, pool_value("free_bytes"));
		for (i = 0; i < 2; i++)
			munmap(map[i], part[i]);
	}
}

static void own_until_killed(int dev, uint64_t length, int ready)
{
	void *map = vmem_map(vmem_alloc(dev, length, 0, 0), length);

	memset(map, 0xa5, length);
	if (write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

TEST_F_TIMEOUT(pool, freed_after_a_kill, 180)
{
	uint64_t length = self->size / 2;
	int fds[2], status;
	pid_t child;
	void *map;
	char c;

	ASSERT_EQ(0, pipe(fds));
	child = fork();
	if (!child)
		own_until_killed(self->dev, length, fds[1]);
	ASSERT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(self->size - length, pool_value("free_bytes"));
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(self->size, pool_value("free_bytes"));
	map = vmem_map(self->dev, self->size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(is_zero(map, self->size));
	munmap(map, self->size);
	/* The fixture's own open holds the implicit allocation. */
	close(self->dev);
	self->dev = vmem_open();
}

/* Killed while the kernel zeroes for it, one is gone soon and owns nothing. */
TEST_F_TIMEOUT(pool, freed_after_a_kill_while_zeroing, 180)
{
	int status, i;

	for (i = 0; i < 5; i++) {
		pid_t child = fork();

		if (!child) {
			vmem_alloc(self->dev, self->size, 0, 0);
			pause();
		}
		usleep(i * 20000);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(self->size, pool_value("free_bytes"));
	}
}

TEST_F(pool, freed_at_the_last_of_all_uses)
{
	int fd = vmem_alloc(self->dev, 2 * SLICE, 0, 0), copy = dup(fd);
	char *map = vmem_map(fd, 2 * SLICE);
	uint64_t used = self->size - 2 * SLICE;

	close(fd);
	EXPECT_EQ(used, pool_value("free_bytes"));
	munmap(map, SLICE);
	EXPECT_EQ(used, pool_value("free_bytes"));
	close(copy);
	EXPECT_EQ(used, pool_value("free_bytes"));
	map[SLICE] = 1;
	munmap(map + SLICE, SLICE);
	EXPECT_EQ(self->size, pool_value("free_bytes"));
}

static void send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {}, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	sendmsg(socket, &msg, 0);
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* As a VMM does with its vhost-user process. */
TEST_F(pool, passes_to_another_process)
{
	int fd = vmem_alloc(self->dev, 2 * SLICE, 0, 0), sockets[2], status;
	char *map = vmem_map(fd, 2 * SLICE);
	pid_t child;

	pattern_fill(map, 2 * SLICE, 11);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	if (!child) {
		char *mine;

		munmap(map, 2 * SLICE);
		close(fd);
		/* Mapping it takes no right to open the device. */
		if (setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED))
			_exit(1);
		mine = vmem_map(receive_fd(sockets[1]), 2 * SLICE);
		if (mine == MAP_FAILED || !pattern_check(mine, 2 * SLICE, 11))
			_exit(2);
		pattern_fill(mine, 2 * SLICE, 12);
		_exit(0);
	}
	send_fd(sockets[0], fd);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(pattern_check(map, 2 * SLICE, 12));
	munmap(map, 2 * SLICE);
	close(fd);
}

/* With huge pages turned off it is slow, but never a SIGBUS. */
TEST_F(pool, works_without_huge_pages)
{
	int fd = vmem_alloc(self->dev, 2 * SLICE, 0, 0);
	char *map = vmem_map(fd, 2 * SLICE);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, madvise(map, 2 * SLICE, MADV_NOHUGEPAGE));
	EXPECT_EQ(2 * SLICE / 4096, touch_faults(map, 2 * SLICE));
	pattern_fill(map, 2 * SLICE, 13);
	EXPECT_TRUE(pattern_check(map, 2 * SLICE, 13));
	munmap(map, 2 * SLICE);
	map = vmem_map(fd, 2 * SLICE);
	EXPECT_TRUE(pattern_check(map, 2 * SLICE, 13));
	munmap(map, 2 * SLICE);
	close(fd);
}

/* Memory without struct page cannot be pinned: a clear error, no crash. */
TEST_F(pool, refuses_direct_io)
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

TEST_HARNESS_MAIN

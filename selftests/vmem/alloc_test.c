// SPDX-License-Identifier: GPL-2.0-only
/* Reserving: what is refused, who may, how much, and passing it on. */
#include <linux/vmem.h>
#include <stddef.h>
#include <sys/socket.h>

#include "pass_fd.h"
#include "pool_fixture.h"

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
	/* Not on the stack, which may be less than a MiB below the end of all addresses. */
	static struct {
		struct vmem_alloc known;
		uint64_t newer;
	} arg;
	struct {
		struct vmem_info known;
		uint64_t newer;
	} info = { .known.size = sizeof(info) };

	arg.known = good;
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

/* What an older program knows is told it, and no more. */
TEST_F(pool, structures_may_be_older)
{
	struct {
		struct vmem_info known;
		uint64_t beyond[4];
	} info = { .known.size = VMEM_INFO_SIZE_VER0 };
	char *end = (char *)&info + VMEM_INFO_SIZE_VER0;

	memset(end, 0x5a, sizeof(info) - VMEM_INFO_SIZE_VER0);
	ASSERT_EQ(0, ioctl(self->dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(self->size, info.known.total);
	EXPECT_NE(0, info.known.metadata);
	EXPECT_EQ(0x5a, *end);
	info.known.size = sizeof(info.known);
	ASSERT_EQ(0, ioctl(self->dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(0, info.known.poisoned);
	EXPECT_EQ(0x5a, *(char *)info.beyond);
	info.known.reserved = 1;
	EXPECT_EQ(-1, ioctl(self->dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	info.known.reserved = 0;
	info.known.size = VMEM_INFO_SIZE_VER0 - 1;
	EXPECT_EQ(-1, ioctl(self->dev, VMEM_IOC_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

/* All that one open allocates counts, in whatever way, until it is free. */
TEST_F_TIMEOUT(pool, an_open_has_a_limit, 120)
{
	const char *limit = VMEM_SYSFS "open_limit_bytes";
	int other = vmem_open(), fd, more;
	char *map;

	EXPECT_EQ(EINVAL, sysfs_write(limit, "many"));
	ASSERT_EQ(0, sysfs_write(limit, "16777216"));
	fd = vmem_alloc(self->dev, 6 * SLICE, 0, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EDQUOT, vmem_alloc(self->dev, 3 * SLICE, 0, 0));
	EXPECT_EQ(MAP_FAILED, vmem_map(self->dev, 3 * SLICE));
	EXPECT_EQ(EDQUOT, errno);
	map = vmem_map(self->dev, 2 * SLICE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EDQUOT, vmem_alloc(self->dev, SLICE, 0, 0));
	/* That is not another's business. */
	more = vmem_alloc(other, 8 * SLICE, 0, 0);
	EXPECT_GE(more, 0);
	/* An open that is closed still pays for what outlives it. */
	close(self->dev);
	close(fd);
	munmap(map, 2 * SLICE);
	EXPECT_EQ(self->size - 8 * SLICE, pool_free());
	close(more);
	more = vmem_alloc(other, 8 * SLICE, 0, 0);
	EXPECT_GE(more, 0);
	close(more);
	close(other);
	self->dev = vmem_open();
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

TEST_HARNESS_MAIN

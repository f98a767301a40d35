// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers of the kernel can do: scatterlists, coherent memory, dma-bufs of others.
 * All of it with an edu device, while everything that can go out goes.
 */

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "kselftest_harness.h"
#include "churn.h"
#include "dma_edu.h"

#define SIZE	(4 * SECTION)
#define LEN	(8 * PAGE)
#define BOUNCED	"/sys/kernel/debug/dma_residency/bounced"

FIXTURE(edu) {
	int fd;
	char *p;
	char *busy;
	struct churn churn;
};

FIXTURE_SETUP(edu)
{
	self->fd = edu_dma_begin();
	if (self->fd == -ENODEV)
		SKIP(return, "no edu device");
	ASSERT_GE(self->fd, 0);
	self->p = taiji_map(SIZE);
	self->busy = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
	ASSERT_NE(NULL, self->busy);
	taiji_fill(self->p, SIZE, 7);
	ASSERT_EQ(0, churn_start(&self->churn, self->busy, SIZE));
}

FIXTURE_TEARDOWN(edu)
{
	EXPECT_EQ(0, churn_stop(&self->churn));
	munmap(self->p, SIZE);
	munmap(self->busy, SIZE);
	EXPECT_EQ(0, edu_dma_end(self->fd));
}

/* Across a border of two sections, of which one is away, or both, or none. */
TEST_F_TIMEOUT(edu, a_list_of_pages, 200)
{
	long long bounced = sysfs_number(BOUNCED);
	char *src = self->p + SECTION - LEN / 2, *dst = self->p + 3 * SECTION - LEN / 2;
	int i;

	for (i = 0; i < 4; i++) {
		memset(dst, 0xa5, LEN);
		taiji_range(i & 1 ? TAIJI_IOC_OUT : TAIJI_IOC_IN, self->p, SECTION);
		taiji_range(i & 2 ? TAIJI_IOC_OUT : TAIJI_IOC_IN, self->p + SECTION, 2 * SECTION);
		ASSERT_EQ(0, edu_dma_copy(self->fd, dst, src, LEN, false));
		EXPECT_EQ(0, memcmp(dst, src, LEN));
	}
	EXPECT_GT(sysfs_number(BOUNCED), bounced);
	/* And nowhere else. */
	EXPECT_EQ(0, taiji_verify(self->p, dst - self->p, 7));
}

TEST_F_TIMEOUT(edu, coherent_memory, 200)
{
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	ASSERT_EQ(0, edu_dma_copy(self->fd, self->p + SECTION, self->p + 2 * PAGE, 2 * PAGE, true));
	EXPECT_EQ(0, memcmp(self->p + SECTION, self->p + 2 * PAGE, 2 * PAGE));
	EXPECT_EQ(0, taiji_verify(self->p, SECTION, 7));
}

/* Pages of a file in memory. */
static int file_buf(size_t size)
{
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	struct udmabuf_create create = {
		.memfd = memfd_create("dma", MFD_ALLOW_SEALING | MFD_CLOEXEC),
		.flags = UDMABUF_FLAGS_CLOEXEC, .size = size,
	};
	int fd = -1;

	if (dev >= 0 && !ftruncate(create.memfd, size) &&
	    !fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = ioctl(dev, UDMABUF_CREATE, &create);
	close(create.memfd);
	close(dev);
	return fd;
}

static int heap_buf(size_t size)
{
	int dev = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	struct dma_heap_allocation_data data = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int err = ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &data);

	close(dev);
	return err ? -1 : (int)data.fd;
}

/* The memory of others goes through the device to ours, and back to another's. */
static void both_ways(struct __test_metadata *_metadata, int edu, char *p, int from, int to)
{
	struct edu_dma_copy copy = { .src_fd = from, .dst_fd = -1, .len = LEN };
	char *src = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, from, 0);
	char *dst = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);

	ASSERT_NE(MAP_FAILED, src);
	ASSERT_NE(MAP_FAILED, dst);
	taiji_fill(src, LEN, 11);
	/* It stays, or comes in whenever it is used: both are right. */
	taiji_range(TAIJI_IOC_OUT, src, LEN);
	taiji_range(TAIJI_IOC_OUT, dst, LEN);
	copy.dst = (uintptr_t)p;
	ASSERT_EQ(0, ioctl(edu, EDU_DMA_COPY, &copy));
	EXPECT_EQ(0, taiji_verify(p, LEN, 11));
	copy = (struct edu_dma_copy) {
		.src_fd = -1, .src = (uintptr_t)p, .dst_fd = to, .len = LEN,
	};
	ASSERT_EQ(0, ioctl(edu, EDU_DMA_COPY, &copy));
	EXPECT_EQ(0, taiji_verify(dst, LEN, 11));
	munmap(src, LEN);
	munmap(dst, LEN);
}

TEST_F_TIMEOUT(edu, dma_bufs, 200)
{
	int file = file_buf(LEN), other = heap_buf(LEN);

	ASSERT_GE(file, 0);
	ASSERT_GE(other, 0);
	both_ways(_metadata, self->fd, self->p, file, other);
	both_ways(_metadata, self->fd, self->p, other, file);
	close(file);
	close(other);
}

TEST_F(edu, refuses)
{
	struct edu_dma_copy copy = { .src_fd = 0, .dst_fd = -1, .len = PAGE };

	copy.dst = (uintptr_t)self->p;
	EXPECT_EQ(-1, ioctl(self->fd, EDU_DMA_COPY, &copy));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EFAULT, edu_dma_copy(self->fd, NULL, self->p, PAGE, false));
	EXPECT_EQ(-EINVAL, edu_dma_copy(self->fd, self->p, self->p + 8, PAGE, false));
}

TEST_HARNESS_MAIN

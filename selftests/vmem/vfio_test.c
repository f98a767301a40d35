// SPDX-License-Identifier: GPL-2.0-only
/* A real device behind VFIO that reads and writes pool memory. */
#include <linux/vmem.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "kselftest_harness.h"
#include "vmem_test.h"
#include "edu.h"

#define MIB	(1024 * 1024ULL)
#define IOVA	(32 * MIB)
#define LENGTH	(64 * MIB)	/* stays below arm64's MSI window at 128 MiB */

FIXTURE(vfio) {
	struct region region;
	struct edu edu;
	char address[EDU_ADDRESS_LEN];
	int dev;
};

FIXTURE_SETUP(vfio)
{
	if (!edu_find(self->address))
		SKIP(return, "no edu device");
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
	ASSERT_TRUE(edu_open(&self->edu, self->address));
}

FIXTURE_TEARDOWN(vfio)
{
	edu_close(&self->edu);
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	close(self->dev);
	EXPECT_EQ(0, vmem_unload());
}

/* Pages spread over the mapping: first, last, both sides of a slice. */
static const uint64_t places[] = {
	0, SLICE - 4096, SLICE, 21 * MIB + 4096, LENGTH / 2, LENGTH - 4096,
};

static void move_data(struct __test_metadata *_metadata, struct edu *edu,
		      int dev, uint64_t page_size)
{
	int fd = vmem_alloc(dev, LENGTH, page_size, 0);
	char *map = vmem_map(fd, LENGTH);
	unsigned int i;

	ASSERT_NE(MAP_FAILED, map);
	/* Not touched by anybody yet. */
	ASSERT_TRUE(edu_map(edu, map, IOVA, LENGTH));
	for (i = 0; i < ARRAY_SIZE(places) - 1; i++)
		pattern_fill(map + places[i], 4096, i + 1);

	/* Each goes through the device to the place after it. */
	for (i = 0; i + 2 < ARRAY_SIZE(places); i += 2) {
		memset(map + places[i + 1], 0xff, 4096);
		ASSERT_TRUE(edu_read(edu, IOVA + places[i]));
		ASSERT_TRUE(edu_write(edu, IOVA + places[i + 1]));
		EXPECT_TRUE(pattern_check(map + places[i], 4096, i + 1));
		EXPECT_TRUE(pattern_check(map + places[i + 1], 4096, i + 1));
	}
	ASSERT_TRUE(edu_write(edu, IOVA + LENGTH - 4096));
	EXPECT_TRUE(pattern_check(map + LENGTH - 4096, 4096, 3));
	/* And nowhere else. */
	EXPECT_TRUE(is_zero(map + SLICE + 4096, 19 * MIB));
	EXPECT_TRUE(is_zero(map + LENGTH / 2 + 4096, LENGTH / 2 - 8192));

	EXPECT_TRUE(edu_unmap(edu, IOVA, LENGTH));
	munmap(map, LENGTH);
	close(fd);
}

TEST_F_TIMEOUT(vfio, moves_data_in_2M_pages, 120)
{
	move_data(_metadata, &self->edu, self->dev, SLICE);
}

TEST_F_TIMEOUT(vfio, moves_data_in_the_largest_pages, 120)
{
	move_data(_metadata, &self->edu, self->dev, 0);
}

/* After an unmap the device reaches the memory no more. */
TEST_F_TIMEOUT(vfio, unmapped_means_unreachable, 120)
{
	int fd = vmem_alloc(self->dev, LENGTH, 0, 0);
	char *map = vmem_map(fd, LENGTH);

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, 4096, 1);
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, LENGTH));
	ASSERT_TRUE(edu_read(&self->edu, IOVA));
	ASSERT_TRUE(edu_unmap(&self->edu, IOVA, LENGTH));
	edu_write(&self->edu, IOVA + SLICE);
	EXPECT_TRUE(is_zero(map + SLICE, LENGTH - SLICE));
	munmap(map, LENGTH);
	close(fd);
}

/* Whoever gives the device back first gets everything back. */
TEST_F_TIMEOUT(vfio, closing_the_container_frees, 120)
{
	void *map = vmem_map(self->dev, LENGTH);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, LENGTH));
	edu_close(&self->edu);
	munmap(map, LENGTH);
	close(self->dev);
	EXPECT_EQ(self->region.size, pool_value("free_bytes"));
	self->dev = vmem_open();
	ASSERT_TRUE(edu_open(&self->edu, self->address));
}

/* ---- pieces ---- */

#define PIECE	(2 * SLICE)
#define PIECES	16

/* Each piece goes through the device, and none of those in between is hit. */
TEST_F_TIMEOUT(vfio, moves_data_in_scattered_pieces, 120)
{
	uint64_t length = self->region.size - PIECES * PIECE;
	int rest = vmem_alloc(self->dev, length, 0, 0), fds[PIECES], fd, i;
	char *map, *other;

	ASSERT_GE(rest, 0);
	for (i = 0; i < PIECES; i++)
		fds[i] = vmem_alloc(self->dev, PIECE, 0, 0);
	for (i = 0; i < PIECES; i += 2)
		close(fds[i]);
	length = PIECES / 2 * PIECE;
	fd = vmem_alloc(self->dev, length, 0, 0);
	ASSERT_NE(vmem_phys(fd, 0) + PIECE, vmem_phys(fd, PIECE));
	map = vmem_map(fd, length);
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, length));
	for (i = 0; i < length / SLICE; i++) {
		pattern_fill(map + i * SLICE, 4096, i + 1);
		ASSERT_TRUE(edu_read(&self->edu, IOVA + i * SLICE));
		ASSERT_TRUE(edu_write(&self->edu, IOVA + (i + 1) * SLICE - 4096));
	}
	for (i = 0; i < length / SLICE; i++)
		EXPECT_TRUE(pattern_check(map + (i + 1) * SLICE - 4096, 4096,
					  i + 1));
	EXPECT_TRUE(edu_unmap(&self->edu, IOVA, length));
	munmap(map, length);
	close(fd);
	for (i = 1; i < PIECES; i += 2) {
		other = vmem_map(fds[i], PIECE);
		EXPECT_TRUE(is_zero(other, PIECE));
		munmap(other, PIECE);
		close(fds[i]);
	}
	close(rest);
}

/* ---- what is refused leaves nothing behind ---- */

TEST_F_TIMEOUT(vfio, needs_what_it_may_write, 60)
{
	int fd = vmem_alloc(self->dev, LENGTH, 0, 0);
	char *map = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_FALSE(edu_map(&self->edu, map, IOVA, LENGTH));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, mprotect(map, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_TRUE(edu_map(&self->edu, map, IOVA, LENGTH));
	EXPECT_TRUE(edu_unmap(&self->edu, IOVA, LENGTH));
	munmap(map, LENGTH);
	close(fd);
}

TEST_F_TIMEOUT(vfio, bad_memory_is_not_mapped, 120)
{
	int fd = vmem_alloc(self->dev, LENGTH, 0, 0);
	char *map = vmem_map(fd, LENGTH), text[32];
	uint64_t bad = LENGTH / 2 + 5 * 4096;

	ASSERT_NE(MAP_FAILED, map);
	snprintf(text, sizeof(text), "%#" PRIx64, vmem_phys(fd, bad));
	ASSERT_EQ(0, sysfs_write("/sys/kernel/debug/vmem/poison", text));
	EXPECT_FALSE(edu_map(&self->edu, map, IOVA, LENGTH));
	/* Nothing of it is: the place can be had again. */
	EXPECT_TRUE(edu_map(&self->edu, map, IOVA, bad));
	EXPECT_TRUE(edu_map(&self->edu, map + bad + 4096, IOVA + bad + 4096,
			    LENGTH - bad - 4096));
	pattern_fill(map + bad - 4096, 4096, 1);
	ASSERT_TRUE(edu_read(&self->edu, IOVA + bad - 4096));
	ASSERT_TRUE(edu_write(&self->edu, IOVA + bad + 4096));
	EXPECT_TRUE(pattern_check(map + bad + 4096, 4096, 1));
	EXPECT_TRUE(edu_unmap(&self->edu, IOVA, bad));
	EXPECT_TRUE(edu_unmap(&self->edu, IOVA + bad + 4096,
			      LENGTH - bad - 4096));
	munmap(map, LENGTH);
	close(fd);

	/* What is bad is so for ever: the next test starts from a new base. */
	close(self->dev);
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
}

/* ---- two devices, each with a container ---- */

TEST_F_TIMEOUT(vfio, two_containers_share_memory, 120)
{
	const uint64_t second = IOVA / 2;
	char *map = vmem_map(self->dev, SLICE), address[EDU_ADDRESS_LEN];
	struct edu other;

	if (!edu_find_other(address, self->address))
		SKIP(return, "one edu device");
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(edu_open(&other, address));
	pattern_fill(map, 4096, 1);
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, SLICE));
	ASSERT_TRUE(edu_map(&other, map, second, SLICE));

	/* From the first to the second, through memory. */
	ASSERT_TRUE(edu_read(&self->edu, IOVA));
	ASSERT_TRUE(edu_write(&self->edu, IOVA + 4096));
	ASSERT_TRUE(edu_read(&other, second + 4096));
	ASSERT_TRUE(edu_write(&other, second + 8192));
	EXPECT_TRUE(pattern_check(map + 8192, 4096, 1));

	/* What one loses, the other keeps. */
	ASSERT_TRUE(edu_unmap(&self->edu, IOVA, SLICE));
	edu_write(&self->edu, IOVA + 12288);
	EXPECT_TRUE(is_zero(map + 12288, SLICE - 12288));
	ASSERT_TRUE(edu_write(&other, second + 12288));
	EXPECT_TRUE(pattern_check(map + 12288, 4096, 1));
	edu_close(&other);
	munmap(map, SLICE);
	close(self->dev);
	self->dev = vmem_open();
}

/* ---- sudden ends ---- */

/* Runs until it is killed; tells when the device has written. */
static void use_memory(const char *address, int tell)
{
	int dev = vmem_open();
	char *map = vmem_map(dev, LENGTH);
	struct edu edu;

	if (map == MAP_FAILED || !edu_open(&edu, address) ||
	    !edu_map(&edu, map, IOVA, LENGTH))
		_exit(1);
	pattern_fill(map, 4096, 1);
	if (!edu_read(&edu, IOVA) || !edu_write(&edu, IOVA + SLICE) ||
	    !pattern_check(map + SLICE, 4096, 1) || write(tell, "", 1) != 1)
		_exit(1);
	pause();
}

TEST_F_TIMEOUT(vfio, owner_is_killed, 120)
{
	char *map, byte;
	int tell[2];
	pid_t pid;

	edu_close(&self->edu);
	ASSERT_EQ(0, pipe(tell));
	pid = fork();
	if (!pid)
		use_memory(self->address, tell[1]);
	close(tell[1]);
	ASSERT_EQ(1, read(tell[0], &byte, 1));
	EXPECT_EQ(self->region.size - LENGTH, pool_free());
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(tell[0]);

	EXPECT_EQ(self->region.size, pool_free());
	map = vmem_map(self->dev, self->region.size);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(is_zero(map, self->region.size));
	munmap(map, self->region.size);
	close(self->dev);
	self->dev = vmem_open();
	ASSERT_TRUE(edu_open(&self->edu, self->address));
}

static void *unplug_thread(void *address)
{
	char path[256];

	snprintf(path, sizeof(path), PCI_DEVICES "%s/remove",
		 (char *)address);
	return (void *)(intptr_t)sysfs_write(path, "1");
}

/* Fires when the device is wanted back. */
static int request_event(struct edu *edu)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} irq = {
		.set = {
			.argsz = sizeof(irq),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_REQ_IRQ_INDEX,
			.count = 1,
		},
		.fd = eventfd(0, EFD_CLOEXEC),
	};

	return ioctl(edu->device, VFIO_DEVICE_SET_IRQS, &irq) ? -1 : irq.fd;
}

/* The device goes when its user lets go, and the memory is whole. */
TEST_F_TIMEOUT(vfio, device_is_unplugged, 120)
{
	char *map = vmem_map(self->dev, SLICE), path[256];
	struct pollfd wanted = { .events = POLLIN };
	pthread_t thread;
	void *ret;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, SLICE));
	wanted.fd = request_event(&self->edu);
	ASSERT_GE(wanted.fd, 0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, unplug_thread,
				    self->address));
	ASSERT_EQ(1, poll(&wanted, 1, 60000));
	pattern_fill(map, 4096, 1);
	EXPECT_TRUE(edu_read(&self->edu, IOVA));
	EXPECT_TRUE(edu_write(&self->edu, IOVA + 4096));
	EXPECT_TRUE(pattern_check(map + 4096, 4096, 1));
	edu_close(&self->edu);
	close(wanted.fd);
	pthread_join(thread, &ret);
	EXPECT_EQ(NULL, ret);
	snprintf(path, sizeof(path), PCI_DEVICES "%s", self->address);
	EXPECT_NE(0, access(path, F_OK));
	EXPECT_TRUE(pattern_check(map, 4096, 1));

	ASSERT_EQ(0, sysfs_write("/sys/bus/pci/rescan", "1"));
	ASSERT_TRUE(edu_open(&self->edu, self->address));
	ASSERT_TRUE(edu_map(&self->edu, map, IOVA, SLICE));
	EXPECT_TRUE(edu_read(&self->edu, IOVA));
	EXPECT_TRUE(edu_write(&self->edu, IOVA + SLICE - 4096));
	EXPECT_TRUE(pattern_check(map + SLICE - 4096, 4096, 1));
	EXPECT_TRUE(edu_unmap(&self->edu, IOVA, SLICE));
	munmap(map, SLICE);
	close(self->dev);
	self->dev = vmem_open();
}

TEST_HARNESS_MAIN

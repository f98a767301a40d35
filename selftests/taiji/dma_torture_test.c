// SPDX-License-Identifier: GPL-2.0-only
/*
 * BYTES (64M without) through each disk and each way between two network cards, and an
 * edu device as much as it can meanwhile: from memory that all goes out as fast as it
 * can and comes back elsewhere, while the system is switched off and on. All of it is
 * compared. For machines of scripts/vm --dma residency --nvme --net --edu.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "kselftest_harness.h"
#include "bytes.h"
#include "dma_edu.h"
#include "squeeze.h"

#define SIZE	(4 * SECTION)		/* of each one's buffer */
#define STEP	(256 * 1024)
#define PLACES	32			/* of that size, in turn, on a disk */
#define LIMIT	36000
#define FIO_SIZE (32 << 20)
#define FIO	"--size=32m --offset=512m --rw=write --bs=256k --verify=crc32c --direct=1 " \
		"--ioengine=io_uring --iodepth=8 --fixedbufs --sqthread_poll"

/**
 * struct device - what one worker does to one device
 * @name:	for people
 * @path:	what to open
 * @work:	returns when @goal is reached, or when all the others are done
 * @goal:	bytes to move, in and out
 * @moved:	so many were
 * @wrong:	words that were not what they should be, or errors
 */
struct device {
	const char *name;
	const char *path;
	void *(*work)(void *device);
	uint64_t goal;
	atomic_ullong moved;
	atomic_ullong wrong;
	pthread_t thread;
};

static atomic_bool stop;	/* whoever has no goal */

/* Words that follow from their place: quick, since this is most of what a CPU does here. */
static void fill(uint64_t *word, uint64_t salt)
{
	size_t i;

	for (i = 0; i < SIZE / 8; i++)
		word[i] = salt + i * 0x9e3779b97f4a7c15;
}

static uint64_t count_wrong(const uint64_t *word, uint64_t salt)
{
	uint64_t wrong = 0;
	size_t i;

	for (i = 0; i < SIZE / 8; i++)
		wrong += word[i] != salt + i * 0x9e3779b97f4a7c15;
	return wrong;
}

static bool transfer(bool out, int fd, char *p, off_t at)
{
	ssize_t n = STEP;
	size_t i;

	for (i = 0; i < SIZE && n == STEP; i += STEP)
		n = out ? pwrite(fd, p + i, STEP, at + i) : pread(fd, p + i, STEP, at + i);
	return n == STEP;
}

/* To the disk and back. Each time it is something else that has just gone out. */
static void round_trip(struct device *d, char *p, int fd, uint64_t n)
{
	off_t at = n % PLACES * (off_t)SIZE;
	uint64_t salt = n * 0x100000001b3;

	fill((uint64_t *)p, salt);
	if (n % 4 == 1)
		taiji_range(TAIJI_IOC_OUT, p, SIZE);
	if (!transfer(true, fd, p, at))
		d->wrong++;
	memset(p, 0xa5, SIZE);
	if (n % 4 == 2)
		taiji_range(TAIJI_IOC_OUT, p, SIZE);
	if (!transfer(false, fd, p, at))
		d->wrong++;
	d->wrong += count_wrong((uint64_t *)p, salt);
	tally_bytes(SIZE, d->wrong);
	d->moved += 2 * SIZE;
}

static void *disk(void *arg)
{
	struct device *d = arg;
	int fd = open(d->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	char *p = taiji_map(SIZE);
	uint64_t n;

	if (fd < 0 || !p)
		d->wrong++;
	for (n = 1; !d->wrong && d->moved < d->goal; n++)
		round_trip(d, p, fd, n);
	munmap(p, SIZE);
	close(fd);
	return NULL;
}

/*
 * Fixed buffers stay in; who submits is a thread of the kernel, which takes a CPU for
 * itself: one at a time.
 */
static void *registered(void *arg)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	struct device *d = arg;
	char command[512];

	snprintf(command, sizeof(command), "fio --name=torture --filename=%s " FIO
		 " > /run/torture.fio 2>&1", d->path);
	while (!d->wrong && d->moved < d->goal) {
		pthread_mutex_lock(&one);
		if (system(command)) {
			d->wrong++;
			system("sed 's/^/# /' /run/torture.fio");
		}
		d->moved += 2 * FIO_SIZE;
		pthread_mutex_unlock(&one);
	}
	return NULL;
}

static void *network(void *arg)
{
	struct device *d = arg;
	char command[128];

	snprintf(command, sizeof(command),
		 "/opt/t/tests/taiji/net_load 1 60000 %llu > /run/torture.net 2>&1",
		 (unsigned long long)d->goal / 2);
	if (system(command))
		d->wrong++;
	else
		d->moved = d->goal;
	system("sed 's/^/# /' /run/torture.net");
	return NULL;
}

/* It takes a tenth of a second for a page, so it goes on until the others are done. */
static void *edu(void *arg)
{
	struct device *d = arg;
	int fd = edu_dma_open();
	char *p = taiji_map(SIZE), *dst;
	uint64_t n;

	if (fd < 0)
		d->wrong++;
	fill((uint64_t *)p, 5);
	for (n = 0; !d->wrong && !stop; n++) {
		/* Two pages that are in two sections, or are neighbours. */
		dst = p + (n % 4) * SECTION - (n % 4 ? PAGE : 0);
		memset(dst, n, 2 * PAGE);
		if (edu_dma_copy(fd, dst, p + 64 * PAGE, 2 * PAGE, n % 8 == 0) ||
		    memcmp(dst, p + 64 * PAGE, 2 * PAGE))
			d->wrong++;
		d->moved += 4 * PAGE;
	}
	if (fd >= 0 && edu_dma_close(fd))
		d->wrong++;
	munmap(p, SIZE);
	return NULL;
}

static struct device devices[] = {
	{ .name = "virtio-blk", .path = "/dev/scratch", .work = disk },
	{ .name = "virtio-blk, fixed buffers", .path = "/dev/scratch", .work = registered },
	{ .name = "nvme", .path = "/dev/nvme0n1", .work = disk },
	{ .name = "nvme, fixed buffers", .path = "/dev/nvme0n1", .work = registered },
	{ .name = "virtio-net", .path = "/sys/class/net/eth1", .work = network },
	{ .name = "edu", .path = "/sys/bus/pci/devices", .work = edu },
};

#define NR	(sizeof(devices) / sizeof(*devices))

static bool is_done(const struct device *d)
{
	return !d->goal || d->wrong || d->moved >= d->goal;
}

static bool are_done(void)
{
	size_t i;

	for (i = 0; i < NR; i++)
		if (!is_done(&devices[i]))
			return false;
	return true;
}

FIXTURE(torture) {
	char *moving;
	struct squeeze squeeze;
};

FIXTURE_SETUP(torture)
{
	uint64_t goal = bytes_wanted(64);
	size_t i;

	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_GT(sysfs_number(TAIJI "swappable"), 0);
	self->moving = taiji_map(SIZE);
	fill((uint64_t *)self->moving, 1);
	ASSERT_EQ(0, squeeze_start(&self->squeeze));
	for (i = 0; i < NR; i++) {
		ASSERT_EQ(0, access(devices[i].path, F_OK)) {
			TH_LOG("there is no %s", devices[i].path);
		}
		/* Half of a disk's is for each way to use it. */
		devices[i].goal = devices[i].work == edu ? 0 :
				  devices[i].work == network ? goal : goal / 2;
		ASSERT_EQ(0, pthread_create(&devices[i].thread, NULL, devices[i].work,
					    &devices[i]));
	}
}

FIXTURE_TEARDOWN(torture)
{
	size_t i;

	stop = true;
	squeeze_stop(&self->squeeze);
	for (i = 0; i < NR; i++)
		pthread_join(devices[i].thread, NULL);
	for (i = 0; i < NR; i++) {
		printf("# %s: %llu MiB moved, %llu wrong\n", devices[i].name,
		       devices[i].moved >> 20, devices[i].wrong);
		EXPECT_EQ(0, devices[i].wrong);
		EXPECT_GE(devices[i].moved, devices[i].goal);
		EXPECT_GT(devices[i].moved, 0);
	}
	EXPECT_EQ(0, count_wrong((uint64_t *)self->moving, 1));
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, sysfs_number("/sys/kernel/debug/dma_residency/mapped"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F_TIMEOUT(torture, of_all_devices, LIMIT)
{
	unsigned long long out = 0, begin = time(NULL);
	int times = 0, i;

	while (!are_done()) {
		for (i = 0; i < 3 && !are_done(); i++)
			sleep(1);
		taiji_range(TAIJI_IOC_IN, self->moving, SIZE);
		out += sysfs_number(STATS "swap_out");
		ASSERT_EQ(0, taiji_switch("off"));
		ASSERT_EQ(0, taiji_switch("on"));
		times++;
		tally_print();
	}
	out += sysfs_number(STATS "swap_out");
	printf("# %llu s, %d times off and on, %llu MiB went out, %lld mappings bounced\n",
	       time(NULL) - begin, times, out >> 8,
	       sysfs_number("/sys/kernel/debug/dma_residency/bounced"));
	EXPECT_GT(times, 0);
	EXPECT_GT(out, 0);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/* Memory goes out below the OS and comes back as it was. */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "taiji_test.h"

#define SIZE	(16 * SECTION)
#define SALT	0x5a170000UL

FIXTURE(switched) {
	char *p;
};

FIXTURE_SETUP(switched)
{
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_GT(sysfs_number(TAIJI "swappable"), 0);
	self->p = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
}

FIXTURE_TEARDOWN(switched)
{
	munmap(self->p, SIZE);
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F(switched, every_kind_comes_back)
{
	long long in;

	taiji_fill(self->p, SIZE, SALT);
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));

	EXPECT_GE(sysfs_number(STATS "sections_out"), SIZE / SECTION);
	EXPECT_GE(sysfs_number(STATS "pages_zero"), SIZE / PAGE / 4);
	EXPECT_GE(sysfs_number(STATS "pages_same"), SIZE / PAGE / 4);
	EXPECT_GE(sysfs_number(STATS "pages_lz4"), SIZE / PAGE / 4);
	EXPECT_GE(sysfs_number(STATS "pages_raw"), SIZE / PAGE / 4);

	in = sysfs_number(STATS "swap_in");
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, SALT));
	EXPECT_GE(sysfs_number(STATS "swap_in") - in, SIZE / PAGE);
}

TEST_F(switched, written_again_and_again)
{
	uint64_t salt;

	for (salt = 1; salt < 8; salt++) {
		taiji_fill(self->p, SIZE, salt);
		ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
		if (salt % 2)
			ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_IN, self->p, SIZE));
		EXPECT_EQ(0, taiji_verify(self->p, SIZE, salt));
	}
	EXPECT_GT(sysfs_number(STATS "collapsed"), 0);
}

/* By faults alone: the last leaves a section that is whole, and time makes a block of it. */
TEST_F_TIMEOUT(switched, blocks_come_back, 120)
{
	long long before;
	int i;

	taiji_fill(self->p, SIZE, 6);
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	before = sysfs_number(STATS "collapsed");
	ASSERT_EQ(0, taiji_verify(self->p, SIZE, 6));
	for (i = 0; i < 1000; i++) {
		if (sysfs_number(STATS "collapsed") - before >= SIZE / SECTION)
			break;
		usleep(10000);
	}
	EXPECT_GE(sysfs_number(STATS "collapsed") - before, SIZE / SECTION);
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 6));
}

/* Columns of the file of CPUs. */
enum { PAUSE = 1, TRANSLATION = 4, ACCESS, EXEC, OTHER, FETCH = 12, FLUSHES, COLUMNS };

static int numbers(const char *line, unsigned long long *v, int most)
{
	char *end;
	int n;

	for (n = 0; n < most; n++, line = end) {
		v[n] = strtoull(line, &end, 10);
		if (end == line)
			break;
	}
	return n;
}

/* What each CPU counts adds up to what there is in stats/. */
TEST_F(switched, each_cpu_counts)
{
	unsigned long long v[COLUMNS + 1], aborts = 0, flushes = 0;
	char line[256];
	FILE *f;

	taiji_fill(self->p, SIZE, 8);
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	ASSERT_EQ(0, taiji_verify(self->p, SIZE, 8));

	f = fopen("/sys/kernel/debug/taiji/cpus", "r");
	ASSERT_NE(NULL, f);
	ASSERT_NE(NULL, fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		ASSERT_EQ(COLUMNS, numbers(line, v, COLUMNS + 1));
		EXPECT_GT(v[PAUSE], 0);
		/* Of any other kind there is none: each would be an abort of nobody's. */
		EXPECT_EQ(0, v[OTHER]);
		aborts += v[TRANSLATION] + v[ACCESS] + v[EXEC] + v[FETCH];
		flushes += v[FLUSHES];
	}
	fclose(f);
	EXPECT_GT(flushes, 0);
	EXPECT_GE(aborts, SIZE / PAGE);
	EXPECT_LE(aborts, sysfs_number(STATS "aborts"));
}

TEST_F(switched, off_brings_all_home)
{
	taiji_fill(self->p, SIZE, 5);
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	ASSERT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 5));
	ASSERT_EQ(0, taiji_switch("on"));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 5));
}

TEST_F(switched, bad_calls_are_refused)
{
	struct taiji_ioc_range range = { .size = sizeof(range), .len = PAGE };
	int fd = open("/dev/taiji", O_RDWR);

	ASSERT_GE(fd, 0);
	range.flags = 1;
	EXPECT_EQ(-1, ioctl(fd, TAIJI_IOC_OUT, &range));
	EXPECT_EQ(EINVAL, errno);
	range.flags = 0;
	range.addr = -PAGE / 2;
	EXPECT_EQ(-1, ioctl(fd, TAIJI_IOC_OUT, &range));
	EXPECT_EQ(EINVAL, errno);
	range.size = 8;
	EXPECT_EQ(-1, ioctl(fd, TAIJI_IOC_OUT, &range));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(fd, TAIJI_IOC_OUT, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(fd, _IO('t', 0), &range));
	EXPECT_EQ(ENOTTY, errno);
	/* Nothing is mapped there: nothing to do. */
	EXPECT_EQ(0, taiji_range(TAIJI_IOC_OUT, (void *)PAGE, PAGE));
	close(fd);

	ASSERT_EQ(0, taiji_switch("off"));
	taiji_fill(self->p, SECTION, 1);
	EXPECT_EQ(-ENODEV, taiji_range(TAIJI_IOC_OUT, self->p, SECTION));
	EXPECT_EQ(ENODEV, sysfs_write(TAIJI "expand", "128M"));
}

/* A function in each micro-page, that returns the page's number. */
static void write_code(uint32_t *at, unsigned int pages, uint32_t salt)
{
	unsigned int i;

	for (i = 0; i < pages; i++, at += PAGE / 4) {
		at[0] = 0x52800000 | ((i + salt) & 0xffff) << 5; /* mov w0, #n */
		at[1] = 0xd65f03c0;	/* ret */
		__builtin___clear_cache((char *)at, (char *)(at + 2));
	}
}

TEST_F_TIMEOUT(switched, code_goes_out_too, 120)
{
	long long exec = sysfs_number(STATS "exec");
	unsigned int i, round, pages = 4 * SECTION / PAGE;
	int (*code)(void);

	ASSERT_EQ(0, mprotect(self->p, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC));
	for (round = 0; round < 4; round++) {
		write_code((uint32_t *)self->p, pages, round);
		ASSERT_EQ(4, taiji_range(TAIJI_IOC_OUT, self->p, 4 * SECTION));
		for (i = 0; i < pages; i++) {
			code = (void *)(self->p + i * PAGE);
			ASSERT_EQ(i + round, code());
		}
	}
	EXPECT_GE(sysfs_number(STATS "exec") - exec, 4 * pages / 2);
}

static atomic_bool stop;
static atomic_size_t wrong;

static void *toucher(void *p)
{
	uint64_t rnd = (uintptr_t)&rnd, salt = 9;
	size_t page;

	while (!stop) {
		rnd = rnd * 6364136223846793005 + 1442695040888963407;
		page = rnd >> 33;
		page %= SIZE / PAGE;
		wrong += *((volatile uint64_t *)p + page * 512 + page % 512) !=
			 taiji_word(page, page % 512, salt);
	}
	return NULL;
}

TEST_F(switched, touched_while_it_leaves)
{
	pthread_t threads[4];
	int i;

	taiji_fill(self->p, SIZE, 9);
	stop = false;
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, toucher, self->p));
	for (i = 0; i < 12; i++)
		EXPECT_GE(taiji_range(TAIJI_IOC_OUT, self->p, SIZE), 0);
	stop = true;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 9));
}

TEST_F(switched, killed_while_out)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < 5; i++) {
		pid = fork();
		if (!pid) {
			taiji_fill(self->p, SIZE, i);
			taiji_range(TAIJI_IOC_OUT, self->p, SIZE);
			raise(SIGKILL);
		}
		waitpid(pid, &status, 0);
		EXPECT_TRUE(WIFSIGNALED(status));
	}
	taiji_fill(self->p, SIZE, 77);
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 77));
}

/* Rings and bounce buffers stay where the device believes them to be. */
TEST_F_TIMEOUT(switched, devices_go_on_while_all_is_out, 120)
{
	int fd = open("/dev/scratch", O_RDWR | O_DIRECT | O_CLOEXEC);
	uint64_t salt;
	size_t at;

	ASSERT_GE(fd, 0);
	for (salt = 1; salt < 6; salt++) {
		taiji_fill(self->p, SIZE, salt);
		for (at = 0; at < SIZE; at += SECTION)
			ASSERT_EQ(SECTION, pwrite(fd, self->p + at, SECTION, at));
		memset(self->p, 0xff, SIZE);
		EXPECT_EQ(EAGAIN, sysfs_write(TAIJI "reclaim", "100%"));
		EXPECT_GT(sysfs_number(STATS "sections_out"), 0);
		for (at = 0; at < SIZE; at += SECTION)
			ASSERT_EQ(SECTION, pread(fd, self->p + at, SECTION, at));
		EXPECT_EQ(0, taiji_verify(self->p, SIZE, salt));
	}
	close(fd);
}

static void fill_huge(struct __test_metadata *_metadata, char *p, size_t n)
{
	long long collapsed, in;
	size_t i;

	taiji_fill(p, n * SECTION, 31);
	ASSERT_EQ(n, taiji_range(TAIJI_IOC_OUT, p, n * SECTION));
	collapsed = sysfs_number(STATS "collapsed");
	in = sysfs_number(STATS "swap_in");
	for (i = 0; i < n; i++)
		*(volatile char *)(p + i * SECTION);
	for (i = 0; i < 2000 && sysfs_number(STATS "collapsed") < collapsed + n; i++)
		usleep(10000);
	EXPECT_GE(sysfs_number(STATS "collapsed"), collapsed + n);
	EXPECT_GE(sysfs_number(STATS "swap_in"), in + n * 512);
	EXPECT_EQ(0, taiji_verify(p, n * SECTION, 31));
}

/* One touch, and the rest of a huge page follows in the background, until it is one again. */
TEST_F_TIMEOUT(switched, huge_pages_fill_up, 120)
{
	const size_t n = 4;
	char *p;

	fill_huge(_metadata, self->p, n);
	ASSERT_EQ(0, sysfs_write("/proc/sys/vm/nr_hugepages", "4"));
	p = mmap(NULL, n * SECTION, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	fill_huge(_metadata, p, n);
	munmap(p, n * SECTION);
	EXPECT_EQ(0, sysfs_write("/proc/sys/vm/nr_hugepages", "0"));
}

TEST_F(switched, knobs_have_limits)
{
	EXPECT_EQ(25, sysfs_number(TAIJI "policy/cpu_percent"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "policy/cpu_percent", "0"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "policy/cpu_percent", "101"));
	EXPECT_EQ(EINVAL, sysfs_write(TAIJI "policy/cpu_percent", "a lot"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "policy/scan_ms", "9"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "policy/promotion_limit", "0"));
	EXPECT_EQ(EACCES, sysfs_write(TAIJI "policy/level", "1"));
	EXPECT_EQ(25, sysfs_number(TAIJI "policy/cpu_percent"));
}

/* Pressure by a knob: what is touched all the time stays, what is not goes. */
TEST_F_TIMEOUT(switched, cold_goes_and_hot_stays, 240)
{
	const size_t hot = 4 * SECTION;
	long long in, out = sysfs_number(STATS "swap_out");
	char frames[32];
	size_t at;
	int i;

	taiji_fill(self->p, SIZE, 21);
	ASSERT_EQ(0, sysfs_write(TAIJI "policy/scan_ms", "100"));
	snprintf(frames, sizeof(frames), "%lld", sysfs_number(STATS "free_frames") + 64);
	ASSERT_EQ(0, sysfs_write(TAIJI "policy/high", frames));
	ASSERT_EQ(0, sysfs_write(TAIJI "policy/low", frames));
	for (i = 0; i < 12000 && sysfs_number(STATS "swap_out") < out + 16384; i++) {
		for (at = 0; at < hot; at += PAGE)
			*(volatile char *)(self->p + at);
		usleep(10000);
	}
	EXPECT_GE(sysfs_number(STATS "swap_out"), out + 16384);
	in = sysfs_number(STATS "swap_in");
	EXPECT_EQ(0, taiji_verify(self->p, hot, 21));
	EXPECT_LE(sysfs_number(STATS "swap_in") - in, hot / PAGE / 2);
	EXPECT_EQ(0, sysfs_write(TAIJI "policy/low", "0"));
	EXPECT_EQ(0, sysfs_write(TAIJI "policy/high", "0"));
	EXPECT_EQ(0, sysfs_write(TAIJI "policy/scan_ms", "1000"));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 21));
}

/* Frames of the store that its objects would not need. */
static long long store_holes(void)
{
	return sysfs_number(STATS "store_frames") -
	       sysfs_number(STATS "bytes_stored") / (long long)SECTION;
}

/* One page in seven stays out: what it leaves of the store moves together. */
TEST_F_TIMEOUT(switched, holes_in_the_store_are_closed, 120)
{
	const size_t size = 96 * SECTION;
	char *p = taiji_map(size);
	size_t at;
	int i;

	ASSERT_NE(NULL, p);
	/* What is half in is not to be filled up meanwhile. */
	ASSERT_EQ(0, sysfs_write(TAIJI "policy/scan_ms", "1000000"));
	taiji_fill(p, size, 41);
	EXPECT_LE(size / SECTION * 9 / 10, taiji_range(TAIJI_IOC_OUT, p, size));
	for (at = 0; at < size; at += PAGE) {
		if (at / PAGE % 7)
			*(volatile char *)(p + at);
	}
	/* It does not begin before much is lost, and then little is. */
	for (i = 0; i < 2000; i++) {
		if (sysfs_number(STATS "compacted") && store_holes() < 16)
			break;
		usleep(10000);
	}
	EXPECT_GT(sysfs_number(STATS "compacted"), 0);
	EXPECT_LT(store_holes(), 16);
	EXPECT_EQ(0, taiji_verify(p, size, 41));
	EXPECT_EQ(0, sysfs_write(TAIJI "policy/scan_ms", "1000"));
	munmap(p, size);
}

/* What nobody uses is dropped while the system runs: neither a frame nor store behind it. */
TEST_F_TIMEOUT(switched, free_memory_is_dropped, 120)
{
	long long free = sysfs_number(STATS "free_frames"), touched;
	size_t at, much;
	char *q;
	int i;

	taiji_fill(self->p, SIZE, 12);
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE / 2) * 2);
	ASSERT_EQ(0, madvise(self->p, SIZE, MADV_DONTNEED));
	for (i = 0; i < 3000; i++) {
		if (sysfs_number(STATS "sections_absent") >= 2 * SIZE / SECTION)
			break;
		usleep(10000);
	}
	EXPECT_GE(sysfs_number(STATS "sections_absent"), 2 * SIZE / SECTION);
	EXPECT_GT(sysfs_number(STATS "free_frames"), free);

	touched = sysfs_number(STATS "touched");
	taiji_fill(self->p, SIZE, 13);
	/* So much that some of it must be memory that was dropped. */
	much = (taiji_meminfo("MemFree") - 64 * SECTION) & -SECTION;
	q = taiji_map(much);
	ASSERT_NE(NULL, q);
	for (at = 0; at < much; at += PAGE)
		*(size_t *)(q + at) = at + 1;
	EXPECT_GT(sysfs_number(STATS "touched"), touched);
	for (at = 0; at < much; at += PAGE)
		ASSERT_EQ(at + 1, *(volatile size_t *)(q + at));
	munmap(q, much);
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 13));
}

TEST_HARNESS_MAIN

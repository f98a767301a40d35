// SPDX-License-Identifier: GPL-2.0-only
/* More memory than there is. */

#include <sys/wait.h>

#include "kselftest_harness.h"
#include "taiji_test.h"

#define MIB	(1ULL << 20)

static unsigned long long mem_total(void)
{
	return taiji_meminfo("MemTotal");
}

FIXTURE(switched) {
};

FIXTURE_SETUP(switched)
{
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
}

FIXTURE_TEARDOWN(switched)
{
	EXPECT_EQ(0, sysfs_write(TAIJI "expand", "0"));
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F(switched, grows_and_shrinks)
{
	unsigned long long before = mem_total();

	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "256M"));
	EXPECT_EQ(256 * MIB, sysfs_number(TAIJI "expand"));
	EXPECT_EQ(before + 256 * MIB, mem_total());
	EXPECT_EQ(EBUSY, taiji_switch("off"));
	EXPECT_TRUE(taiji_is_on());

	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "128M"));
	EXPECT_EQ(before + 128 * MIB, mem_total());
	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "0"));
	EXPECT_EQ(before, mem_total());
}

TEST_F(switched, nonsense_is_refused)
{
	EXPECT_EQ(EINVAL, sysfs_write(TAIJI "expand", "much"));
	EXPECT_EQ(EINVAL, sysfs_write(TAIJI "expand", "1Gfoo"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "expand", "200%"));
	EXPECT_EQ(ERANGE, sysfs_write(TAIJI "expand", "64G"));
	EXPECT_EQ(0, sysfs_number(TAIJI "expand"));
}

/* Fill more than the machine has; a quarter does not compress. */
TEST_F_TIMEOUT(switched, filled_and_verified, 240)
{
	size_t size, at, chunk = 16 * SECTION;
	char *p;

	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "30%"));
	size = mem_total() - sysfs_number(TAIJI "expand");
	size = size * 112 / 100 & -chunk;
	p = taiji_map(size);
	ASSERT_NE(NULL, p);

	for (at = 0; at < size; at += chunk)
		taiji_fill(p + at, chunk, at);
	EXPECT_GT(sysfs_number(STATS "swap_out"), 0);
	for (at = 0; at < size; at += chunk)
		ASSERT_EQ(0, taiji_verify(p + at, chunk, at)) {
			TH_LOG("at %zu", at);
		}
	munmap(p, size);
}

/* Incompressible, from a page's number: nothing of it packs. */
static void fill_noise(char *p, size_t size, uint64_t salt)
{
	uint64_t *word = (uint64_t *)p, x = salt * 2 + 1;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word[i] = x;
	}
}

static bool noise_is_intact(const char *p, size_t size, uint64_t salt)
{
	const uint64_t *word = (const uint64_t *)p;
	uint64_t x = salt * 2 + 1;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (word[i] != x)
			return false;
	}
	return true;
}

/* Takes all there is, and is to blame. */
static void __attribute__((noreturn)) fill_without_end(int fd)
{
	unsigned long n = 0;
	char *p;

	sysfs_write("/proc/self/oom_score_adj", "1000");
	for (;;) {
		p = taiji_map(SECTION);
		if (!p)
			_exit(1);
		fill_noise(p, SECTION, n++);
		if (write(fd, &n, sizeof(n)) != sizeof(n))
			_exit(1);
	}
}

/* How many sections the child filled before it was killed. */
static unsigned long filled_when_killed(int *status, long long *balloon)
{
	unsigned long n = 0, last = 0;
	long long size;
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return 0;
	pid = fork();
	if (!pid) {
		close(fds[0]);
		fill_without_end(fds[1]);
	}
	close(fds[1]);
	while (read(fds[0], &n, sizeof(n)) == sizeof(n)) {
		last = n;
		size = sysfs_number(TAIJI "balloon");
		*balloon = size > *balloon ? size : *balloon;
	}
	close(fds[0]);
	size = sysfs_number(TAIJI "balloon");
	*balloon = size > *balloon ? size : *balloon;
	waitpid(pid, status, 0);
	return last;
}

/*
 * Promised more than there is, and none of it packs: Linux's OOM killer ends who fills it, nobody
 * waits for ever, and nothing else is harmed.
 */
TEST_F_TIMEOUT(switched, noise_ends_in_oom, 400)
{
	unsigned long long before = mem_total();
	const size_t size = 24 * SECTION;
	long long balloon = 0;
	unsigned long n;
	int status, i;
	char parent[64];
	char *p;

	/* What is tested here is not whom Linux chooses: neither this nor who waits for it. */
	snprintf(parent, sizeof(parent), "/proc/%d/oom_score_adj", getppid());
	ASSERT_EQ(0, sysfs_write("/proc/self/oom_score_adj", "-1000"));
	ASSERT_EQ(0, sysfs_write(parent, "-1000"));
	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "50%"));
	p = taiji_map(size);
	ASSERT_NE(NULL, p);
	fill_noise(p, size, 99);
	for (i = 0; i < 2; i++) {
		status = 0;
		n = filled_when_killed(&status, &balloon);
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		TH_LOG("killed with %lu MiB, balloon %lld MiB", n * 2, balloon >> 20);
		EXPECT_GT(n * SECTION, before / 3);
		EXPECT_TRUE(noise_is_intact(p, size, 99));
	}
	EXPECT_GT(balloon, 0);
	/* It goes down again when there is room. */
	for (i = 0; i < 6000 && sysfs_number(TAIJI "balloon"); i++)
		usleep(10000);
	EXPECT_EQ(0, sysfs_number(TAIJI "balloon"));
	EXPECT_TRUE(noise_is_intact(p, size, 99));
	munmap(p, size);
}

/* What does not fit into less stays where it is. */
TEST_F_TIMEOUT(switched, full_does_not_shrink, 240)
{
	unsigned long long ram = mem_total();
	size_t size, at, chunk = 16 * SECTION;
	char *p;

	ASSERT_EQ(0, sysfs_write(TAIJI "expand", "256M"));
	size = (ram + 32 * MIB) & -chunk;
	p = taiji_map(size);
	ASSERT_NE(NULL, p);
	for (at = 0; at < size; at += PAGE)
		*(size_t *)(p + at) = at + 1;
	EXPECT_EQ(ENOMEM, sysfs_write(TAIJI "expand", "0"));
	EXPECT_GT(sysfs_number(TAIJI "expand"), 0);
	EXPECT_EQ(EBUSY, taiji_switch("off"));
	for (at = 0; at < size; at += PAGE)
		ASSERT_EQ(at + 1, *(volatile size_t *)(p + at));
	munmap(p, size);
}

TEST_HARNESS_MAIN

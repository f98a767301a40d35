// SPDX-License-Identifier: GPL-2.0-only
/* CPUs that fail, go, come back and sleep while the system is switched; and what it hides. */

#include <sched.h>
#include <setjmp.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "churn.h"

#define SIZE	(8 * SECTION)
#define CPU1	"/sys/devices/system/cpu/cpu1/online"
#define ALARM	"/sys/class/rtc/rtc0/wakealarm"
#define DEBUG	"/sys/kernel/debug/taiji/"

FIXTURE(loaded) {
	char *p;
};

FIXTURE_SETUP(loaded)
{
	ASSERT_EQ(0, taiji_load());
	self->p = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
}

FIXTURE_TEARDOWN(loaded)
{
	sysfs_write(CPU1, "1");
	munmap(self->p, SIZE);
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

static int run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Micro-pages that a CPU has brought in. */
static long long brought_in(int cpu)
{
	unsigned long long v[10];
	long long in = -1;
	char line[256];
	FILE *f = fopen(DEBUG "cpus", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1],
			   &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8]) == 9 && v[0] == cpu)
			in = v[8];
	if (f)
		fclose(f);
	return in;
}

TEST_F(loaded, one_cpu_fails_and_all_go_back)
{
	char cpu[16];
	int i, n = sysconf(_SC_NPROCESSORS_ONLN);

	taiji_fill(self->p, SIZE, 1);
	for (i = 0; i < n; i++) {
		snprintf(cpu, sizeof(cpu), "%d", i);
		ASSERT_EQ(0, sysfs_write(DEBUG "fail_cpu", cpu));
		EXPECT_EQ(ENODEV, taiji_switch("on"));
		EXPECT_FALSE(taiji_is_on());
		EXPECT_EQ(0, taiji_verify(self->p, SIZE, 1));
	}
	ASSERT_EQ(0, sysfs_write(DEBUG "fail_cpu", "4294967295"));
	EXPECT_EQ(0, taiji_switch("on"));
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 1));
}

TEST_F(loaded, one_that_is_offline_is_missed)
{
	if (access(CPU1, W_OK))
		SKIP(return, "one CPU only");

	ASSERT_EQ(0, sysfs_write(CPU1, "0"));
	EXPECT_EQ(EBUSY, taiji_switch("on"));
	ASSERT_EQ(0, sysfs_write(CPU1, "1"));
	EXPECT_EQ(0, taiji_switch("on"));
}

/* What it brings in shows that it is under stage 2 again. */
TEST_F(loaded, one_comes_back_under_stage_2)
{
	long long before;
	int i;

	if (access(CPU1, W_OK))
		SKIP(return, "one CPU only");

	ASSERT_EQ(0, taiji_switch("on"));
	for (i = 0; i < 5; i++) {
		taiji_fill(self->p, SIZE, i);
		ASSERT_EQ(0, sysfs_write(CPU1, "0"));
		ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
		ASSERT_EQ(0, sysfs_write(CPU1, "1"));
		ASSERT_EQ(0, run_on(1));
		before = brought_in(1);
		EXPECT_EQ(0, taiji_verify(self->p, SIZE, i));
		EXPECT_GE(brought_in(1) - before, SIZE / PAGE / 2);
	}
}

/* The others go home without it; it comes back to the machine itself. */
TEST_F(loaded, one_is_offline_when_the_others_go_home)
{
	if (access(CPU1, W_OK))
		SKIP(return, "one CPU only");

	ASSERT_EQ(0, taiji_switch("on"));
	taiji_fill(self->p, SIZE, 7);
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	ASSERT_EQ(0, sysfs_write(CPU1, "0"));
	ASSERT_EQ(0, taiji_switch("off"));
	ASSERT_EQ(0, sysfs_write(CPU1, "1"));
	ASSERT_EQ(0, run_on(1));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 7));
	EXPECT_EQ(0, taiji_switch("on"));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 7));
}

TEST_F_TIMEOUT(loaded, they_go_and_come_under_load, 120)
{
	struct churn churn;
	int i;

	if (access(CPU1, W_OK))
		SKIP(return, "one CPU only");

	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_EQ(0, churn_start(&churn, self->p, SIZE));
	for (i = 0; i < 60; i++) {
		EXPECT_EQ(0, sysfs_write(CPU1, "0"));
		EXPECT_EQ(0, sysfs_write(CPU1, "1"));
	}
	EXPECT_EQ(0, churn_stop(&churn));
}

TEST_F(loaded, all_sleep_and_wake)
{
	int i;

	if (access("/sys/power/state", W_OK) || access(ALARM, W_OK))
		SKIP(return, "no sleep, or nobody to wake from it");

	ASSERT_EQ(0, taiji_switch("on"));
	for (i = 0; i < 3; i++) {
		taiji_fill(self->p, SIZE, i);
		ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
		/* One that rings before the machine sleeps wakes nobody. */
		ASSERT_EQ(0, sysfs_write(ALARM, "+5"));
		EXPECT_EQ(0, sysfs_write("/sys/power/state", "freeze"));
		EXPECT_TRUE(taiji_is_on());
		EXPECT_EQ(0, taiji_verify(self->p, SIZE, i));
	}
}

static sigjmp_buf caught;

static void catch(int sig)
{
	siglongjmp(caught, sig);
}

/* The signal that a touch ends in, 0 for none. */
static int touch(volatile char *p, bool write)
{
	int sig = sigsetjmp(caught, 1);

	if (sig)
		return sig;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

/* Where the kernel has some of its own memory: what is hidden is not everything. */
static unsigned long long kernel_data(void)
{
	unsigned long long start = 0;
	char line[128];
	FILE *f = fopen("/proc/iomem", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "Kernel data"))
			start = strtoull(line, NULL, 16);
	if (f)
		fclose(f);
	return start;
}

/* Invariant 6. */
TEST_F(loaded, what_is_hidden_cannot_be_touched)
{
	unsigned long long start, end, n = 0, unowned;
	char line[128], what[32], *p;
	int i, fd;
	FILE *f;

	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_EQ(0, module_load_test("taiji_peek", ""));
	fd = open("/dev/taiji_peek", O_RDWR);
	ASSERT_GE(fd, 0);
	signal(SIGBUS, catch);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, kernel_data());
	EXPECT_EQ(0, touch(p, false));
	munmap(p, PAGE);
	unowned = sysfs_number(STATS "unowned");

	f = fopen(DEBUG "hidden", "r");
	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f)) {
		i = sscanf(line, "%llx-%llx %31s", &start, &end, what);
		ASSERT_EQ(3, i);
		p = mmap(NULL, end + 1 - start, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);
		ASSERT_NE(MAP_FAILED, p);
		EXPECT_EQ(SIGBUS, touch(p, false)) {
			TH_LOG("%s", line);
		}
		EXPECT_EQ(SIGBUS, touch(p + (end - start), true));
		munmap(p, end + 1 - start);
		n++;
	}
	fclose(f);
	close(fd);
	/* An image, and the pieces of the state. */
	EXPECT_LE(2, n);
	EXPECT_EQ(2 * n, sysfs_number(STATS "unowned") - unowned);
	EXPECT_EQ(0, module_unload("taiji_peek"));
}

TEST_HARNESS_MAIN

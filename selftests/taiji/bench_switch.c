// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a CPU is held up by the switch, and what being switched costs. To be
 * run with scripts/vm --icount, where a nanosecond is an instruction.
 */

#include <sched.h>
#include <sys/wait.h>
#include <time.h>

#include "taiji_test.h"

#define TIMES	20
#define ROUNDS	9
#define MEMORY	(8UL << 20)

static void check(const char *what, bool good)
{
	if (good)
		return;
	fprintf(stderr, "bench_switch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Processes that are made, write to what they share, and end. */
static void processes(void)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < 30; i++) {
		pid = fork();
		if (!pid)
			_exit(i);
		check("fork", pid > 0 && waitpid(pid, &status, 0) == pid);
		check("status", WIFEXITED(status) && WEXITSTATUS(status) == i);
	}
}

/* Page faults, and memory written and read. */
static void memory(void)
{
	char *p = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check("mmap", p != MAP_FAILED);
	madvise(p, MEMORY, MADV_NOHUGEPAGE);
	taiji_fill(p, MEMORY, 1);
	check("content", !taiji_verify(p, MEMORY, 1));
	munmap(p, MEMORY);
}

/* System calls, copies, and a file. */
static void calls(void)
{
	char buf[4096];
	int i, fd, ends[2];

	check("pipe", !pipe(ends));
	for (i = 0; i < 2000; i++) {
		check("write", write(ends[1], buf, sizeof(buf)) == sizeof(buf));
		check("read", read(ends[0], buf, sizeof(buf)) == sizeof(buf));
	}
	close(ends[0]);
	close(ends[1]);
	for (i = 0; i < 300; i++) {
		fd = open("/proc/self/exe", O_RDONLY);
		check("file", fd >= 0 && read(fd, buf, sizeof(buf)) == sizeof(buf));
		close(fd);
	}
}

static int by_value(const void *a, const void *b)
{
	const long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of some rounds, after one that warms up. */
static long long work(void)
{
	long long t[ROUNDS], begin;
	int i;

	for (i = -1; i < ROUNDS; i++) {
		begin = now();
		processes();
		memory();
		calls();
		if (i >= 0)
			t[i] = now() - begin;
	}
	qsort(t, ROUNDS, sizeof(*t), by_value);
	return t[ROUNDS / 2];
}

static void pause_figure(void)
{
	long long pause, longest = 0;
	int i;

	for (i = 0; i < TIMES; i++) {
		check("switch on", !taiji_switch("on"));
		pause = sysfs_number(TAIJI "pause_ns");
		check("pause", pause > 0 && !taiji_switch("off"));
		if (pause > longest)
			longest = pause;
	}
	printf("T5.pause.max %lld instr - 5000 %s\n", longest, longest <= 5000 ? "ok" : "short");
}

static void overhead_figure(void)
{
	long long before, switched, after, more;

	before = work();
	check("switch on", !taiji_switch("on"));
	switched = work();
	check("nothing swapped", !sysfs_number(STATS "swap_out"));
	check("switch off", !taiji_switch("off"));
	after = work();

	/* Between the two that are not switched lies what the measurement itself moves. */
	printf("# %lld before, %lld switched, %lld after\n", before, switched, after);
	more = before < after ? before : after;
	printf("T6.switched %.4f ratio 1.0000 1.0100 %s\n", (double)switched / more,
	       switched * 100 <= more * 101 ? "ok" : "short");
}

int main(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	check("affinity", !sched_setaffinity(0, sizeof(one), &one));
	check("modules", !taiji_load());
	pause_figure();
	overhead_figure();
	return taiji_unload();
}

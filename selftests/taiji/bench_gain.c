// SPDX-License-Identifier: GPL-2.0-only
/*
 * T8: how much memory there is to gain, with every byte of it written, kept and verified. T7: what
 * those pay for it who do not need it.
 *
 *	bench_gain T7 | T8
 *
 * More than what? Than all that a process could have on the machine itself: what Linux says is
 * available before the switch.
 */

#include <sys/wait.h>

#include "bench.h"
#include "bench_data.h"
#include "mixed_data.h"
#include "taiji_test.h"

#define TEXT		(4UL << 20)
#define HOT		(48UL << 20)	/* the working set */
#define ROUNDS		7
#define STEP		16	/* of so many pages one is verified by T7; T8 verifies all */
#define UPDATES		100000UL	/* of words of it, in a round */

static struct mixed mixed;
static uint64_t *hot;
static size_t available;	/* bytes, on the machine itself */

/* ---- the work that is measured ---- */

static void work_start(void)
{
	size_t i;

	hot = taiji_map(HOT);
	for (i = 0; i < HOT / 8; i++)
		hot[i] = i;
}

/* Words go up by what there are of them, so what is wrong remains so. */
static void update(uint64_t *state)
{
	size_t n, i;

	for (n = 0; n < UPDATES; n++) {
		*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
		i = (*state >> 33) % (HOT / 8);
		bench_check("a word of the working set", hot[i] % (HOT / 8) == i);
		hot[i] += HOT / 8;
	}
}

static void read_lines(void)
{
	size_t i;

	for (i = 0; i < HOT / 8; i += 64)
		bench_check("a line of the working set", hot[i] % (HOT / 8) == i);
}

static void work_verify(void)
{
	size_t i;

	for (i = 0; i < HOT / 8; i++)
		bench_check("the working set", hot[i] % (HOT / 8) == i);
}

/* System calls, a file, and pages that come and go. */
static void calls(void)
{
	char buf[4096];
	int i, fd, status;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		pid = fork();
		if (!pid)
			_exit(i);
		bench_check("fork", pid > 0 && waitpid(pid, &status, 0) == pid);
		bench_check("status", WIFEXITED(status) && WEXITSTATUS(status) == i);
	}
	for (i = 0; i < 300; i++) {
		fd = open("/proc/self/exe", O_RDONLY);
		bench_check("file", fd >= 0 && read(fd, buf, sizeof(buf)) == sizeof(buf));
		close(fd);
	}
}

/* The median of some rounds, after one that warms up. */
static double work(void)
{
	double t[ROUNDS], begin, ranks[NR_RANKS];
	uint64_t state = 1;
	int i;

	for (i = -1; i < ROUNDS; i++) {
		begin = bench_now();
		update(&state);
		read_lines();
		calls();
		if (i >= 0)
			t[i] = bench_now() - begin;
	}
	bench_rank(t, ROUNDS, ranks);
	return ranks[P50];
}

/* ---- the memory that is gained ---- */

static char *cold;
static size_t cold_size;

/* As much as makes, with @less bytes that are in use already, @percent more than there was. */
static void fill(int percent, size_t less, unsigned int zeros)
{
	size_t page;

	cold_size = (available / 100 * (100 + percent) - less + SECTION - 1) & -SECTION;
	cold = taiji_map(cold_size);
	bench_check("memory", cold);
	mixed.zeros = zeros;
	for (page = 0; page < cold_size / PAGE; page++)
		mixed_make(&mixed, (uint64_t *)(cold + page * PAGE), page);
	bench_note("%d%% more: of %llu MiB %llu are in use, %lld out, in %lld of store", percent,
		   taiji_meminfo("MemTotal") >> 20,
		   (taiji_meminfo("MemTotal") - taiji_meminfo("MemFree")) >> 20,
		   sysfs_number(STATS "sections_out") * 2,
		   sysfs_number(STATS "bytes_stored") >> 20);
}

/* Returns how many of each @step-th page are as they were. */
static size_t verify(size_t step)
{
	size_t page, right = 0;

	for (page = 0; page < cold_size / PAGE; page += step)
		right += mixed_is_right(&mixed, cold + page * PAGE, page);
	return right;
}

static void grow(const char *to)
{
	bench_check("expansion", !sysfs_write(TAIJI "expand", to));
}

static void switch_on(void)
{
	bench_check("modules", !taiji_load());
	bench_check("switch", !taiji_switch("on"));
}

static void switch_off(void)
{
	grow("0");
	bench_check("switch off", !taiji_switch("off"));
	bench_check("unload", !taiji_unload());
}

static void gain(const char *id, int percent, const char *room, unsigned int zeros)
{
	char wrong[64];
	size_t right;
	double gained;

	grow(room);
	fill(percent, TEXT, zeros);
	right = verify(1);
	gained = 100.0 * (right * PAGE + TEXT) / available - 100;
	printf("T8.%s.gained %.1f %% - %d %s\n", id, gained, percent,
	       gained >= percent ? "ok" : "short");
	snprintf(wrong, sizeof(wrong), "T8.%s.pages_wrong", id);
	bench_figure(wrong, cold_size / PAGE - right, "pages", -1, 0);
	munmap(cold, cold_size);
}

/* Memory that is added is memory that Linux itself needs some of: room for a little more. */
static void measure_gain(void)
{
	switch_on();
	gain("quarter_zero", 50, "65%", 3);
	gain("half_zero", 100, "100%", 6);
	switch_off();
}

/*
 * Somebody else fills the memory when asked, and verifies part of it when asked again: what the
 * work forks has none of it.
 */
static struct {
	pid_t pid;
	int ask;
	int told;
} holder;

static void __attribute__((noreturn)) hold(int asked, int tell)
{
	size_t pages;
	char c;

	bench_check("to be asked", read(asked, &c, 1) == 1);
	fill(50, HOT + TEXT, 3);
	bench_check("telling", write(tell, &c, 1) == 1 && read(asked, &c, 1) == 1);
	pages = (cold_size / PAGE + STEP - 1) / STEP;
	bench_figure("T7.pages_wrong", pages - verify(STEP), "pages", -1, 0);
	exit(0);
}

static void holder_start(void)
{
	int ask[2], tell[2];

	bench_check("pipes", !pipe(ask) && !pipe(tell));
	holder.pid = fork();
	if (!holder.pid)
		hold(ask[0], tell[1]);
	close(tell[1]);
	holder.ask = ask[1];
	holder.told = tell[0];
}

static void holder_fill(void)
{
	char c = 0;

	bench_check("the holder", write(holder.ask, &c, 1) == 1 && read(holder.told, &c, 1) == 1);
}

static void holder_stop(void)
{
	int status;

	bench_check("the holder", write(holder.ask, "", 1) == 1);
	bench_check("its end", waitpid(holder.pid, &status, 0) == holder.pid && !status);
}

static void measure_cost(void)
{
	double native, switched;
	long long in, out;

	holder_start();
	work_start();
	native = work();
	switch_on();
	grow("75%");
	holder_fill();
	/* What filling it set off comes to rest. */
	work();
	sleep(20);
	in = sysfs_number(STATS "swap_in");
	out = sysfs_number(STATS "swap_out");
	switched = work();
	bench_figure("T7.half_more_in_use", switched / native, "ratio", 1, 1.05);
	bench_figure("T7.swapped_in", sysfs_number(STATS "swap_in") - in, "pages", -1, -1);
	bench_figure("T7.swapped_out", sysfs_number(STATS "swap_out") - out, "pages", -1, -1);
	holder_stop();
	work_verify();
	munmap(hot, HOT);
	switch_off();
}

int main(int argc, char **argv)
{
	bool cost = argc == 2 && !strcmp(argv[1], "T7");

	if (!cost && (argc != 2 || strcmp(argv[1], "T8"))) {
		fprintf(stderr, "usage: bench_gain T7 | T8\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	available = taiji_meminfo("MemAvailable");
	mixed.text = malloc(TEXT);
	mixed.nr_text = TEXT / PAGE;
	data_make(SET_TEXT, (char *)mixed.text, TEXT);
	if (cost)
		measure_cost();
	else
		measure_gain();
	return 0;
}

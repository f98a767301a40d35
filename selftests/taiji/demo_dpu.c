// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DPU's half of the demonstration: a running system, with a process whose
 * memory holds real files, is switched, gains a quarter more memory, fills
 * it, and finds every byte as it was.
 */

#include <dirent.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "taiji_test.h"

#define MIB		(1ULL << 20)
#define FILES		(256 * MIB)	/* what the process holds of real files */
#define SAMPLES		20000

static struct timespec begin;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - begin.tv_sec + (now.tv_nsec - begin.tv_nsec) / 1e9;
}

static void say(const char *fmt, ...)
{
	va_list args;

	printf("%6.1f  ", seconds());
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void fail(const char *what)
{
	say("FAILED: %s", what);
	exit(1);
}

/* ---- what the process holds ---- */

static char *files;
static size_t filled;
static uint64_t sums[FILES / PAGE];

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	ssize_t n = 1;
	int fd;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	while (filled < FILES && n > 0) {
		n = read(fd, files + filled, FILES - filled);
		filled += n > 0 ? n : 0;
	}
	close(fd);
	return filled == FILES;
}

static uint64_t page_sum(const void *at)
{
	const volatile uint64_t *word = at;
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 512; i++)
		sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15 + (sum >> 29);
	return sum;
}

static void hold_files(void)
{
	size_t page;

	files = taiji_map(FILES);
	while (filled < FILES) {
		size_t before = filled;

		nftw("/usr", add_file, 16, FTW_PHYS);
		if (filled == before)
			fail("no files in /usr");
	}
	for (page = 0; page < FILES / PAGE; page++)
		sums[page] = page_sum(files + page * PAGE);
}

static size_t files_wrong(void)
{
	size_t page, wrong = 0;

	for (page = 0; page < FILES / PAGE; page++)
		wrong += sums[page] != page_sum(files + page * PAGE);
	return wrong;
}

/*
 * A quarter of the pages zero, half like text, a quarter random; what a page
 * holds follows from its number.
 */
static void make_page(uint64_t *to, size_t page)
{
	uint64_t x = page * 0x9e3779b97f4a7c15 + 1;
	size_t at;
	int i;

	switch (page % 4) {
	case 0:
		memset(to, 0, PAGE);
		break;
	case 1:
		for (i = 0; i < 512; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			to[i] = x;
		}
		break;
	default:
		at = page * 2654435761u % (FILES / PAGE) * PAGE;
		memcpy(to, files + at, PAGE);
		to[0] = page;
	}
}

/* ---- the table ---- */

static atomic_bool done;

static void *table(void *unused)
{
	long long in = 0, out = 0, in0, out0;
	int rows = 0;

	(void)unused;
	while (!done) {
		in0 = in;
		out0 = out;
		in = sysfs_number(STATS "swap_in");
		out = sysfs_number(STATS "swap_out");
		if (!(rows++ % 12))
			say("   memory    free     out   store  frames   in/s  out/s");
		say("   %6llu  %6llu  %6lld  %6lld  %6lld  %5lld  %5lld",
		    taiji_meminfo("MemTotal") / MIB, taiji_meminfo("MemFree") / MIB,
		    sysfs_number(STATS "sections_out") * 2,
		    sysfs_number(STATS "bytes_stored") / (long long)MIB,
		    sysfs_number(STATS "free_frames"), (in - in0) / 2, (out - out0) / 2);
		for (int i = 0; i < 20 && !done; i++)
			usleep(100000);
	}
	return NULL;
}

/* ---- how long a swap-in takes ---- */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(uint32_t *)a, y = *(uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void touch_and_time(void)
{
	static uint32_t ns[SAMPLES];
	struct timespec a, b;
	size_t i, page, step = 7919;	/* a prime: every page once, in no order */

	for (i = 0, page = 0; i < SAMPLES; i++) {
		page = (page + step) % (FILES / PAGE);
		clock_gettime(CLOCK_MONOTONIC, &a);
		*(volatile char *)(files + page * PAGE);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns[i] = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
	}
	qsort(ns, SAMPLES, sizeof(*ns), by_value);
	say("%d swap-ins by touch, us here: p50 %.1f  p90 %.1f  p99 %.1f  max %.1f", SAMPLES,
	    ns[SAMPLES / 2] / 1e3, ns[SAMPLES * 9 / 10] / 1e3, ns[SAMPLES * 99 / 100] / 1e3,
	    ns[SAMPLES - 1] / 1e3);
	say("(emulated: compare with the memory of this machine, not with a clock)");
}

static void switch_on(void)
{
	if (taiji_load())
		fail("the modules do not load");
	if (taiji_switch("on"))
		fail("the switch");
	say("switched: %ld CPUs run under stage 2, %lld MiB swappable",
	    sysconf(_SC_NPROCESSORS_ONLN), sysfs_number(TAIJI "swappable") / (long long)MIB);
}

static void swap_files_out(void)
{
	double start = seconds();

	if (taiji_range(TAIJI_IOC_OUT, files, FILES) < (long)(FILES / SECTION))
		fail("not all of it went out");
	say("swapped out all of it in %.1f s; out are now %lld MiB, in %lld MiB of store",
	    seconds() - start, sysfs_number(STATS "sections_out") * 2,
	    sysfs_number(STATS "bytes_stored") / (long long)MIB);
}

static char *fill(size_t size)
{
	char *p = taiji_map(size);
	size_t page;

	for (page = 0; page < size / PAGE; page++)
		make_page((uint64_t *)(p + page * PAGE), page);
	return p;
}

static size_t fill_wrong(const char *p, size_t size)
{
	static uint64_t want[512];
	size_t page, wrong = 0;

	for (page = 0; page < size / PAGE; page++) {
		make_page(want, page);
		wrong += !!memcmp(want, p + page * PAGE, PAGE);
	}
	return wrong;
}

static void gain(void)
{
	unsigned long long before = taiji_meminfo("MemTotal"), after;
	size_t size, wrong;
	pthread_t thread;
	char *p;

	if (sysfs_write(TAIJI "expand", "25%"))
		fail("the expansion");
	after = taiji_meminfo("MemTotal");
	say("MemTotal %llu -> %llu MiB, without a page behind what is new", before / MIB,
	    after / MIB);

	size = (taiji_meminfo("MemAvailable") - 96 * MIB) & -SECTION;
	say("filling %llu MiB: a quarter zero, half like text, a quarter random", size / MIB);
	pthread_create(&thread, NULL, table, NULL);
	p = fill(size);
	say("full; now every byte");
	wrong = fill_wrong(p, size);
	done = true;
	pthread_join(thread, NULL);
	say("%llu MiB verified, %zu pages wrong", size / MIB, wrong);
	if (wrong)
		fail("memory changed");
	munmap(p, size);
}

int main(void)
{
	size_t wrong;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	say("a DPU with %llu MiB, booted a moment ago", taiji_meminfo("MemTotal") / MIB);
	hold_files();
	say("a process holds %llu MiB of real files", FILES / MIB);

	switch_on();
	swap_files_out();
	touch_and_time();
	swap_files_out();
	gain();

	wrong = files_wrong();
	say("%llu MiB of files verified, %zu pages wrong", FILES / MIB, wrong);
	if (wrong)
		fail("memory changed");

	if (sysfs_write(TAIJI "expand", "0") || taiji_switch("off"))
		fail("the way back");
	wrong = files_wrong();
	say("back on the machine itself; verified again, %zu pages wrong", wrong);
	if (wrong || taiji_unload())
		fail("memory changed, or the modules do not unload");
	return 0;
}

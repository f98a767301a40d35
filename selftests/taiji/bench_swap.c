// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a swap-in takes, beside zram, in one boot and on the same data. To be
 * run with scripts/vm --icount, where a nanosecond is an instruction; that does
 * not model misses of caches and TLBs.
 */

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <time.h>

#include "taiji_test.h"

#define PAGES	4096
#define SIZE	(PAGES * PAGE)

enum { P50, P90, P99, MAX, NR_RANKS };

static char *mem;
static char *data;
static size_t filled;
static double clock_cost;

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	ssize_t n = 1;
	int fd;

	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY);
	while (fd >= 0 && filled < SIZE && n > 0) {
		n = read(fd, data + filled, SIZE - filled);
		filled += n > 0 ? n : 0;
	}
	close(fd);
	return filled == SIZE;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(double *)a, y = *(double *)b;

	return x < y ? -1 : x > y;
}

static void rank(double *t, size_t n, double *ranks)
{
	qsort(t, n, sizeof(*t), by_value);
	ranks[P50] = t[n / 2];
	ranks[P90] = t[n * 9 / 10];
	ranks[P99] = t[n * 99 / 100];
	ranks[MAX] = t[n - 1];
}

/* Touch the pages in no order; the cost of the clock is taken off. */
static void touch(double *ranks)
{
	static double t[PAGES];
	size_t i, page = 0;

	for (i = 0; i < PAGES; i++) {
		double begin;

		page = (page + 1021) % PAGES;
		begin = now();
		*(volatile char *)(mem + page * PAGE);
		t[i] = now() - begin - clock_cost;
	}
	rank(t, PAGES, ranks);
}

static void calibrate(void)
{
	static double t[PAGES];
	double ranks[NR_RANKS];
	size_t i;

	for (i = 0; i < PAGES; i++) {
		double begin = now();

		t[i] = now() - begin;
	}
	rank(t, PAGES, ranks);
	clock_cost = ranks[P50];
}

static void check(const char *what, bool good)
{
	if (good)
		return;
	fprintf(stderr, "bench_swap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void fill(bool zero)
{
	if (zero)
		memset(mem, 0, SIZE);
	else
		memcpy(mem, data, SIZE);
}

static void run_peer(bool zero, double *ranks)
{
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(mem, SIZE, MADV_NOHUGEPAGE);
	fill(zero);
	check("pageout", !madvise(mem, SIZE, MADV_PAGEOUT));
	touch(ranks);
	check("zram's content", zero || !memcmp(mem, data, SIZE));
	munmap(mem, SIZE);
}

static void start_peer(void)
{
	/* 0xffff: mkswap's work, in the one page that matters. */
	static union {
		char page[PAGE];
		struct {
			char boot[1024];
			uint32_t version;
			uint32_t last;
		} info;
	} header = { .info = { .version = 1, .last = 64 * 256 - 1 } };
	int fd;

	check("algorithm", !sysfs_write("/sys/block/zram0/comp_algorithm", "lz4"));
	check("disksize", !sysfs_write("/sys/block/zram0/disksize", "64M"));
	check("page-cluster", !sysfs_write("/proc/sys/vm/page-cluster", "0"));
	memcpy(header.page + PAGE - 10, "SWAPSPACE2", 10);
	fd = open("/dev/zram0", O_RDWR);
	check("zram0", fd >= 0 && write(fd, header.page, PAGE) == PAGE && !close(fd));
	check("swapon", !swapon("/dev/zram0", 0));
}

static void run_taiji(bool zero, double *ranks)
{
	fill(zero);
	check("swap-out", taiji_range(TAIJI_IOC_OUT, mem, SIZE) == SIZE / SECTION);
	touch(ranks);
	check("taiji's content", zero || !memcmp(mem, data, SIZE));
}

static void figure(const char *id, double value, double peer, double target)
{
	printf("%s %.0f instr %.0f %.0f %s\n", id, value, peer, target,
	       value <= target ? "ok" : "short");
}

int main(void)
{
	double zram_lz4[NR_RANKS], zram_zero[NR_RANKS], lz4[NR_RANKS], zero[NR_RANKS];

	data = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	nftw("/usr", add_file, 16, FTW_PHYS);
	check("files", filled == SIZE);
	calibrate();

	start_peer();
	run_peer(false, zram_lz4);
	run_peer(true, zram_zero);
	check("swapoff", !swapoff("/dev/zram0"));

	check("modules", !taiji_load());
	check("switch", !taiji_switch("on"));
	mem = taiji_map(SIZE);
	run_taiji(false, lz4);
	run_taiji(true, zero);

	/* The target is LZ4 alone and 1000; what zram takes is the nearest thing to it here. */
	figure("T1.lz4.p50", lz4[P50], zram_lz4[P50], zram_lz4[P50]);
	figure("T1.lz4.p90", lz4[P90], zram_lz4[P90], zram_lz4[P90]);
	figure("T1.lz4.p99", lz4[P99], zram_lz4[P99], 1.3 * lz4[P50]);
	figure("T1.lz4.max", lz4[MAX], zram_lz4[MAX], zram_lz4[MAX]);
	figure("T2.zero.p50", zero[P50], zram_zero[P50], 1200);
	figure("T2.zero.p99", zero[P99], zram_zero[P99], 2000);

	munmap(mem, SIZE);
	check("switch off", !taiji_switch("off"));
	check("unload", !taiji_unload());
	return 0;
}

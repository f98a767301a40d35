// SPDX-License-Identifier: GPL-2.0-only
/*
 * The swap engine as it is, without sanitizers, on real CPUs: how long a swap-in takes beside LZ4
 * alone on the same pages in the same process, and whether two CPUs do twice as much.
 *
 *	engine_bench TEXT BINARY	a directory of text, a program
 *
 * Times are of the thread's own CPU clock, so that others who want the CPU as well are not
 * measured.
 */
#define _GNU_SOURCE
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec.h"
#include "engine_host.h"

#define SECTIONS	16
#define PAGES		(SECTIONS * TAIJI_SECTION_PAGES)
#define SIZE		(PAGES * TAIJI_PAGE_SIZE)
#define ROUNDS		5

enum { P50, P90, P99, MAX, NR_RANKS };

static char *data;
static size_t filled;

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	FILE *f;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	f = fopen(path, "r");
	if (f) {
		filled += fread(data + filled, 1, SIZE - filled, f);
		fclose(f);
	}
	return filled == SIZE;
}

/* From files, over and over if there is too little. */
static void from_files(const char *path)
{
	size_t before;

	filled = 0;
	do {
		before = filled;
		nftw(path, add_file, 16, FTW_PHYS);
	} while (filled < SIZE && filled > before);
	if (filled < SIZE) {
		fprintf(stderr, "engine_bench: nothing to read in %s\n", path);
		exit(1);
	}
}

/* Rows of keys, counters, short words and padding, as a table in memory has them. */
static void from_rows(const char *unused)
{
	u64 x = 1;

	(void)unused;
	for (size_t at = 0; at < SIZE; at += 64) {
		u64 *row = (u64 *)(data + at);

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		row[0] = at / 64;
		row[1] = x >> 40;
		row[2] = x >> 20 & 0xfff;
		row[3] = 1700000000 + at / 640;
		snprintf((char *)&row[4], 32, "user%05u@example.org", (u32)(x >> 33) % 50000);
	}
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void rank(u64 *t, u64 *ranks)
{
	qsort(t, PAGES, sizeof(*t), by_value);
	ranks[P50] = t[PAGES / 2];
	ranks[P90] = t[PAGES * 9 / 10];
	ranks[P99] = t[PAGES * 99 / 100];
	ranks[MAX] = t[PAGES - 1];
}

static u64 user_page(size_t page)
{
	return section_addr(host.first_user) + page * TAIJI_PAGE_SIZE;
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "engine_bench: %s\n", what);
	exit(1);
}

/* What the host has in its RAM now; all of it is swapped out. */
static void fill_and_swap_out(void)
{
	for (size_t at = 0; at < SIZE; at += 8)
		fake_write(section_addr(host.first_user) + at, *(u64 *)(data + at));
	for (unsigned int i = 0; i < SECTIONS; i++)
		must(call_whole(TAIJI_CALL_OUT, host.first_user + i) == TAIJI_SECTION_PAGES,
		     "swap-out");
}

static void check(void)
{
	for (size_t at = 0; at < SIZE; at += 8)
		must(fake_read(section_addr(host.first_user) + at) == *(u64 *)(data + at),
		     "memory changed");
}

static size_t next_page(size_t page)
{
	return (page + 1021) % PAGES;
}

static void time_engine(u64 *ranks)
{
	static u64 t[PAGES];
	size_t page = 0;

	for (size_t i = 0; i < PAGES; i++) {
		u64 begin;

		page = next_page(page);
		begin = now();
		must(engine_abort(ipa(user_page(page)), FAULT_TRANSLATION), "swap-in");
		t[i] = now() - begin;
	}
	rank(t, ranks);
}

static void time_lz4(u64 *ranks)
{
	static u64 t[PAGES], workmem[CODEC_WORKMEM / 8];
	static u32 length[PAGES];
	char *packed = malloc(SIZE), *to = malloc(SIZE);
	size_t page = 0;

	/* Page faults are not what is compared. */
	memset(to, 1, SIZE);
	for (size_t i = 0; i < PAGES; i++)
		length[i] = codec_pack(packed + i * TAIJI_PAGE_SIZE, TAIJI_PAGE_SIZE - 1,
				       data + i * TAIJI_PAGE_SIZE, workmem);
	for (size_t i = 0; i < PAGES; i++) {
		u64 begin;

		page = next_page(page);
		begin = now();
		if (length[page])
			must(codec_unpack(to + page * TAIJI_PAGE_SIZE,
					  packed + page * TAIJI_PAGE_SIZE, length[page]), "LZ4");
		else
			memcpy(to + page * TAIJI_PAGE_SIZE, data + page * TAIJI_PAGE_SIZE,
			       TAIJI_PAGE_SIZE);
		t[i] = now() - begin;
	}
	rank(t, ranks);
	free(packed);
	free(to);
}

static u64 least(u64 a, u64 b)
{
	return a && a < b ? a : b;
}

/* The least disturbed of some rounds, of both, in turn. */
static void compare(const char *name)
{
	u64 engine[NR_RANKS] = { }, lz4[NR_RANKS] = { }, ranks[NR_RANKS];
	static const char * const names[] = { "p50", "p90", "p99", "max" };

	for (int round = 0; round < ROUNDS; round++) {
		fill_and_swap_out();
		time_engine(ranks);
		for (int i = 0; i < NR_RANKS; i++)
			engine[i] = least(engine[i], ranks[i]);
		check();
		time_lz4(ranks);
		for (int i = 0; i < NR_RANKS; i++)
			lz4[i] = least(lz4[i], ranks[i]);
	}
	for (int i = 0; i < NR_RANKS; i++) {
		u64 target = i == P90 ? least(lz4[i] * 13 / 10, 10000) : 0;

		printf("T3.%s.%s %llu ns %llu ", name, names[i], (unsigned long long)engine[i],
		       (unsigned long long)lz4[i]);
		if (target)
			printf("%llu %s\n", (unsigned long long)target,
			       engine[i] <= target ? "ok" : "short");
		else
			printf("- ok\n");
	}
}

struct runner {
	pthread_t thread;
	unsigned int cpu;
	u64 time;
};

/* Every page of every second section is this CPU's. */
static void *run(void *arg)
{
	struct runner *r = arg;
	u64 begin;

	fake_cpu(r->cpu, r->cpu + 7);
	begin = now();
	for (unsigned int i = r->cpu; i < SECTIONS; i += 2) {
		for (unsigned int k = 0; k < TAIJI_SECTION_PAGES; k++)
			engine_abort(ipa(page_addr(host.first_user + i, k)), FAULT_TRANSLATION);
	}
	r->time = now() - begin;
	return NULL;
}

static double rate(struct runner *r)
{
	return (double)(PAGES / 2) / r->time;
}

/* How much two CPUs do together, in what one does alone. */
static double scaling(void)
{
	struct runner r[2] = { { .cpu = 0 }, { .cpu = 1 } };
	double alone, together;

	fill_and_swap_out();
	for (int i = 0; i < 2; i++) {
		pthread_create(&r[i].thread, NULL, run, &r[i]);
		pthread_join(r[i].thread, NULL);
	}
	alone = (rate(&r[0]) + rate(&r[1])) / 2;
	check();

	fill_and_swap_out();
	for (int i = 0; i < 2; i++)
		pthread_create(&r[i].thread, NULL, run, &r[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(r[i].thread, NULL);
	together = rate(&r[0]) + rate(&r[1]);
	check();
	return together / alone;
}

int main(int argc, char **argv)
{
	double best = 0, s;

	if (argc != 3) {
		fprintf(stderr, "usage: engine_bench TEXT BINARY\n");
		return 2;
	}
	data = malloc(SIZE);
	host_start(2, SECTIONS + 40, 24, 0);
	fake_stumbles(false);

	from_files(argv[1]);
	compare("text");
	from_files(argv[2]);
	compare("elf");
	from_rows(NULL);
	compare("rows");

	from_files(argv[1]);
	for (int round = 0; round < ROUNDS; round++) {
		s = scaling();
		best = s > best ? s : best;
	}
	/* Nothing else has a peer: two of the same. */
	printf("T4.scaling %.2f x 2 1.9 %s\n", best, best >= 1.9 ? "ok" : "short");
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the demonstration prints: lines with the time, and a table that goes on by itself. */
#ifndef SELFTESTS_TAIJI_DEMO_TABLE_H
#define SELFTESTS_TAIJI_DEMO_TABLE_H

#include <pthread.h>
#include <stdarg.h>
#include <time.h>

#include "demo_load.h"

#define MIB		(1LL << 20)
#define BUCKETS		64
#define ROW_SECONDS	6

static struct timespec demo_begin;

static inline double demo_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - demo_begin.tv_sec + (now.tv_nsec - demo_begin.tv_nsec) / 1e9;
}

static inline void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list args;

	printf("%6.1f  ", demo_seconds());
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* How many swap-ins took how long, in powers of two of the counter's ticks. */
struct times {
	unsigned long long n[BUCKETS];
};

static inline void times_read(struct times *t)
{
	unsigned long long ticks, n;
	FILE *f = fopen("/sys/kernel/debug/taiji/swap_in_ticks", "r");

	memset(t, 0, sizeof(*t));
	while (f && fscanf(f, "%llu %llu", &ticks, &n) == 2)
		t->n[ticks ? 64 - __builtin_clzll(ticks) : 0] = n;
	if (f)
		fclose(f);
}

static inline double tick_us(void)
{
	uint64_t frequency;

	asm("mrs %0, cntfrq_el0" : "=r"(frequency));
	return 1e6 / frequency;
}

/* Of the swap-ins between two readings: below how many us so many percent of them were. */
static inline double times_percentile(const struct times *from, const struct times *to, int percent)
{
	unsigned long long all = 0, sum = 0;
	int i;

	for (i = 0; i < BUCKETS; i++)
		all += to->n[i] - from->n[i];
	for (i = 0; all && i < BUCKETS; i++) {
		sum += to->n[i] - from->n[i];
		if (sum * 100 >= all * percent)
			return tick_us() * (1ULL << i);
	}
	return 0;
}

/**
 * struct table - one at a time
 * @stop:	come to an end
 * @percent:	how far what the table is about has come
 * @most_out:	MiB, the most that a row has seen
 * @most_used:	MiB that Linux had in use, the same
 */
struct table {
	atomic_bool stop;
	atomic_int percent;
	long long most_out;
	long long most_used;
	pthread_t thread;
};

static struct table table;

/* What rates are made of. */
struct row {
	double at;
	long long in;
	long long out;
	unsigned long kv;
	struct times times;
};

static inline void row_read(struct row *row)
{
	row->at = demo_seconds();
	row->in = sysfs_number(STATS "swap_in");
	row->out = sysfs_number(STATS "swap_out");
	row->kv = load->done[LOAD_KV];
	times_read(&row->times);
}

static inline void row_print(const struct row *last, const struct row *row)
{
	long long total = taiji_meminfo("MemTotal") / MIB;
	long long used = total - taiji_meminfo("MemFree") / MIB;
	long long out = sysfs_number(STATS "sections_out") * 2;
	double seconds = row->at - last->at;

	table.most_out = out > table.most_out ? out : table.most_out;
	table.most_used = used > table.most_used ? used : table.most_used;
	say("%3d%% %5lld %5lld %5lld %5lld %5lld %6.0f %6.0f %4.0f %4.0f %5.0f %7.0f %4lu %4lu",
	    table.percent, total, used, out, sysfs_number(STATS "bytes_stored") / MIB,
	    sysfs_number(STATS "free_frames") * 2, (row->in - last->in) / seconds,
	    (row->out - last->out) / seconds, times_percentile(&last->times, &row->times, 50),
	    times_percentile(&last->times, &row->times, 90),
	    times_percentile(&last->times, &row->times, 99), (row->kv - last->kv) / seconds,
	    load->done[LOAD_DISK], load->done[LOAD_HUGE]);
}

static inline void *table_run(void *unused)
{
	struct row last, row;
	int i;

	say("     -------- MiB --------------- --- pages/s - -swap-in, us- ------ load ----");
	say("done there  used   out store  free     in    out  p50  p90   p99    kv/s disk huge");
	row_read(&last);
	while (!table.stop) {
		for (i = 0; i < ROW_SECONDS * 10 && !table.stop; i++)
			usleep(100000);
		row_read(&row);
		row_print(&last, &row);
		last = row;
	}
	return NULL;
}

static inline void table_start(void)
{
	table.stop = false;
	pthread_create(&table.thread, NULL, table_run, NULL);
}

static inline void table_stop(void)
{
	table.stop = true;
	pthread_join(table.thread, NULL);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DPU's half of the demonstration: a running system that has work to do (a disk, a key-value
 * store, huge pages, a process whose memory holds real files) is switched under that load, gains
 * half as much memory again, fills it, finds every byte as it was, and goes back.
 */

#include "demo_data.h"
#include "demo_table.h"
#include "mixed_data.h"

#define SPARE	(208 * MIB)	/* for the load, and for Linux */

/* What is said at the end, and known before. */
static struct {
	long long before;	/* MiB of memory */
	long long after;
	size_t filled;		/* MiB */
	long long pause;	/* ns */
	long long in;		/* pages */
	long long out;
	long long metadata;	/* bytes */
	struct times times;
} summary;

static void fail(const char *what)
{
	say("FAILED: %s", what);
	exit(1);
}

static long long mem_total(void)
{
	return taiji_meminfo("MemTotal") / MIB;
}

static void go_to_work(void)
{
	char pages[16];

	if (!files_hold())
		fail("no files in /usr");
	snprintf(pages, sizeof(pages), "%d", HUGE_PAGES);
	if (sysfs_write("/proc/sys/vm/nr_hugepages", pages))
		fail("huge pages");
	load_start();
	say("at work: fio on a disk, a key-value store of %lu MiB, %lu MiB of huge pages,",
	    KV_SIZE >> 20, HUGE_PAGES * SECTION >> 20);
	say("and a process that holds %lu MiB of real files", FILES >> 20);
	sleep(2);
}

static void switch_on(void)
{
	if (taiji_load())
		fail("the modules do not load");
	if (taiji_switch("on"))
		fail("the switch");
	summary.pause = sysfs_number(TAIJI "pause_ns");
	say("switched under load: %ld CPUs run under stage 2, %lld MiB are swappable",
	    sysconf(_SC_NPROCESSORS_ONLN), sysfs_number(TAIJI "swappable") / MIB);
}

static void verify_files(const char *when)
{
	size_t wrong = files_wrong();

	say("%s: %lu MiB of files verified, %zu pages wrong", when, FILES >> 20, wrong);
	if (wrong)
		fail("memory changed");
}

static void swap_files(void)
{
	if (taiji_range(TAIJI_IOC_OUT, files, FILES) < (long)(FILES / SECTION))
		fail("not all of it went out");
	say("swapped the files out: %lld MiB are out, in %lld MiB of store",
	    sysfs_number(STATS "sections_out") * 2, sysfs_number(STATS "bytes_stored") / MIB);
	verify_files("touched, and in again");
}

static void grow(void)
{
	summary.before = mem_total();
	if (sysfs_write(TAIJI "expand", "50%"))
		fail("the expansion");
	summary.after = mem_total();
	say("MemTotal %lld -> %lld MiB, with no frame behind what is new", summary.before,
	    summary.after);
}

static void use_all(void)
{
	size_t size = (taiji_meminfo("MemAvailable") - SPARE) & -SECTION, page, wrong = 0;
	const struct mixed mixed = { .text = files, .nr_text = FILE_PAGES, .zeros = 3 };
	size_t pages = size / PAGE;
	const char *failure;
	char *p = taiji_map(size);

	if (!p)
		fail("no memory to fill");
	say("filling %lld MiB (a quarter zero, half real files, a quarter random),", size / MIB);
	say("then reading all of it:");
	table_start();
	for (page = 0; page < pages; page++) {
		mixed_make(&mixed, (uint64_t *)(p + page * PAGE), page);
		table.percent = page * 50 / pages;
	}
	for (page = 0; page < pages; page++) {
		wrong += !mixed_is_right(&mixed, p + page * PAGE, page);
		table.percent = 50 + (page + 1) * 50 / pages;
	}
	table_stop();
	summary.filled = size / MIB;
	say("%zu MiB verified, %zu pages wrong", summary.filled, wrong);
	if (wrong)
		fail("memory changed");
	failure = load_ended();
	if (failure)
		fail(failure);
	munmap(p, size);
}

static void read_counters(void)
{
	summary.in = sysfs_number(STATS "swap_in");
	summary.out = sysfs_number(STATS "swap_out");
	summary.metadata = sysfs_number(STATS "metadata");
	times_read(&summary.times);
}

static void go_back(void)
{
	const char *failure;

	failure = load_stop();
	if (failure)
		fail(failure);
	say("the disk, the key-value store and the huge pages have found no mistake");
	if (sysfs_write("/proc/sys/vm/nr_hugepages", "0"))
		fail("the huge pages do not go");
	if (sysfs_write(TAIJI "expand", "0"))
		fail("the memory that was added does not go");
	if (mem_total() != summary.before)
		fail("there is not as much memory as before");
	say("gave back what was added: MemTotal is %lld MiB again", mem_total());
	if (taiji_switch("off"))
		fail("the way back");
	say("switched back: this is the machine itself again");
	verify_files("once more");
	if (taiji_unload())
		fail("the modules do not unload");
}

/* A line of the report: what it is about, and what there is to say. */
#define TOLD	"  %-12s "

static void report(void)
{
	static const struct times none;
	const struct times *all = &summary.times;

	printf("\n" TOLD "%lld -> %lld MiB (+%lld%%), of which %lld were in use\n", "memory",
	       summary.before, summary.after,
	       (summary.after - summary.before) * 100 / summary.before, table.most_used);
	printf(TOLD "%lld MiB at most; pages swapped out %lld, in %lld\n", "out", table.most_out,
	       summary.out, summary.in);
	printf(TOLD "p50 < %.1f us, p90 < %.1f, p99 < %.1f; in instructions,\n",
	       "swap-in", times_percentile(&none, all, 50), times_percentile(&none, all, 90),
	       times_percentile(&none, all, 99));
	printf(TOLD "and beside zram: make bench B=swap\n", "");
	printf(TOLD "held a CPU up for %.1f us at most\n", "the switch", summary.pause / 1e3);
	printf(TOLD "%lld KiB\n", "bookkeeping", summary.metadata / 1024);
	printf(TOLD "%zu MiB that were filled, %lu MiB of files, the store,\n", "verified",
	       summary.filled, FILES >> 20);
	printf(TOLD "the huge pages and the disk: nothing wrong\n", "");
}

int main(void)
{
	clock_gettime(CLOCK_MONOTONIC, &demo_begin);
	say("a DPU with %lld MiB, booted a moment ago", mem_total());
	go_to_work();
	switch_on();
	swap_files();
	grow();
	use_all();
	verify_files("still there");
	read_counters();
	go_back();
	report();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once, for as long as one likes:
 *
 *	torture_test [SECONDS [small]]
 *
 * Processes fork, execute, map, write to disks and load modules, and verify each byte of their own,
 * while the system is switched, grows by half, is swapped out as fast as it goes, gets another
 * engine, is filled beyond its RAM, shrinks and is switched back. At the end, each of that has to
 * have happened, and each kind of memory to have been out.
 */

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest.h"
#include "torture.h"

#define SUMS	"/run/torture.sums"
#define STRESS	"stress-ng --verify --timeout 3 --temp-path /tmp --oom-avoid --vm 1 --vm-bytes 24m"
#define FIO	"--ioengine=io_uring --iodepth=8 --rw=randwrite --bs=16k --verify=crc32c"
#define STEPS	6	/* of swapping out and replacing, while the memory is added */

struct torture *torture;

/* ---- who works ---- */

struct work {
	const char *name;
	const char *command;	/* or else */
	enum torture_kind kind;
	int excuse;		/* an exit status that is no mistake, and no round */
	pid_t pid;
};

static struct work works[] = {
	{ "anonymous memory", NULL, KIND_ANON },
	{ "huge pages by THP", NULL, KIND_THP },
	{ "huge pages by hugetlb", NULL, KIND_HUGETLB },
	{ "tmpfs", NULL, KIND_TMPFS },
	{ "page cache", NULL, KIND_CACHE },
	{ "fio", "fio --name=torture --filename=/dev/scratch --size=16m --direct=1 " FIO },
	/* For a moment there was too little memory to begin. */
	{ "stress-ng", STRESS " --mmap 1 --mmap-bytes 16m --fork 1 --malloc 1", .excuse = 3 },
	{ "exec", "sha256sum -c " SUMS },
	{ "modules", "insmod /opt/t/tests/taiji/taiji_peek.ko && rmmod taiji_peek" },
};

#define NR_WORKS	((int)(sizeof(works) / sizeof(*works)))
_Static_assert(NR_WORKS <= MAX_WORKS, "room for their rounds");

static int execute(const char *command, int work)
{
	char line[256];
	int status;

	snprintf(line, sizeof(line), "{ %s; } > /run/torture.%d 2>&1", command, work);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int work(int n)
{
	struct work *w = &works[n];
	uint64_t salt = (n + 1ULL) << 32;
	int err = 0;

	while (!err && !torture->stop) {
		err = w->command ? execute(w->command, n) : torture_memory(w->kind, ++salt);
		if (err && err == w->excuse)
			err = 0;
		else
			torture->rounds[n]++;
	}
	return err;
}

static void show_log(int n)
{
	char line[256];
	FILE *f;

	snprintf(line, sizeof(line), "/run/torture.%d", n);
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f))
		printf("# %s: %s", works[n].name, line);
	if (f)
		fclose(f);
}

/* ---- what happens to them ---- */

enum deed {
	SWITCHED_ON, DROPPED, GREW, RECLAIMED, REPLACED, FILLED, SHRANK, SWITCHED_OFF, NR_DEEDS,
};

static const char * const deeds[NR_DEEDS] = {
	"switched on", "free memory was dropped", "grew by half", "swapped out", "engine replaced",
	"filled beyond the RAM", "shrank", "switched off",
};

static unsigned long done[NR_DEEDS], refused[NR_DEEDS];
static unsigned long dropped;
static unsigned long ram;
static bool small;
static const char *wrong;	/* what went as it must not */

/* Two errors are refusals that leave everything as it was: no room, and somebody is at it. */
static bool attempt(enum deed deed, int err)
{
	if (!err)
		done[deed]++;
	else if (err == ENOMEM || err == EBUSY || err == EAGAIN)
		refused[deed]++;
	else
		wrong = deeds[deed];
	return !err;
}

static bool all_work(void)
{
	int i, status;

	for (i = 0; i < NR_WORKS; i++)
		if (waitpid(works[i].pid, &status, WNOHANG)) {
			works[i].pid = 0;
			wrong = works[i].name;
		}
	return !wrong;
}

/* Before memory is added, what has no content is what was free. */
static void wait_for_drop(void)
{
	long long sections = 0;
	int i;

	for (i = 0; i < 80 && sections <= 0; i++) {
		usleep(100000);
		sections = sysfs_number(STATS "sections_absent");
	}
	dropped += sections > 0 ? sections : 0;
	attempt(DROPPED, sections > 0 ? 0 : EAGAIN);
}

static void reclaim(unsigned int step)
{
	const char * const sizes[] = { "64M", "100%", "25%" };
	long long before = sysfs_number(STATS "swap_out");
	int err = sysfs_write(TAIJI "reclaim", sizes[step % 3]);

	/* Less than what was asked for is something too. */
	if (err == EAGAIN && sysfs_number(STATS "swap_out") > before)
		err = 0;
	attempt(RECLAIMED, err);
}

static void replace_engine(void)
{
	static bool next;
	int err = next ? module_load("taiji_engine", "") :
			 module_load_test("taiji_engine_next", "");

	err = err ?: module_unload(next ? "taiji_engine_next" : "taiji_engine");
	if (err)
		wrong = deeds[REPLACED];
	else
		done[REPLACED]++;
	next = !next;
}

static void fill(uint64_t salt)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(torture_beyond_ram(salt));
	waitpid(pid, &status, 0);
	if (status)
		wrong = deeds[FILLED];
	else if (torture->most > ram)
		done[FILLED]++;
}

static void shrink_and_leave(void)
{
	attempt(SHRANK, sysfs_write(TAIJI "expand", "25%"));
	if (attempt(SHRANK, sysfs_write(TAIJI "expand", "0")))
		attempt(SWITCHED_OFF, taiji_switch("off"));
}

static void cycle(uint64_t salt)
{
	int step;

	if (!taiji_is_on() && attempt(SWITCHED_ON, taiji_switch("on")))
		wait_for_drop();
	attempt(GREW, sysfs_write(TAIJI "expand", "50%"));
	for (step = 0; step < STEPS && all_work(); step++) {
		reclaim(step);
		replace_engine();
		usleep(300000);
	}
	if (all_work() && !small)
		fill(salt);
	if (all_work())
		shrink_and_leave();
}

/* ---- from the beginning to the end ---- */

static void start(void)
{
	char pages[16];
	int i;

	ram = taiji_meminfo("MemTotal");
	torture = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(pages, sizeof(pages), "%lu", TORTURE_HUGE);
	if (sysfs_write("/proc/sys/vm/nr_hugepages", pages) || taiji_load() ||
	    system("sha256sum /usr/bin/fio /bin/busybox > " SUMS))
		ksft_exit_fail_msg("cannot begin: %s\n", strerror(errno));
	for (i = 0; i < NR_WORKS; i++) {
		works[i].pid = fork();
		if (!works[i].pid)
			_exit(work(i));
	}
}

static void stop(void)
{
	int i, status;

	torture->stop = true;
	for (i = 0; i < NR_WORKS; i++) {
		status = -1;
		if (works[i].pid)
			waitpid(works[i].pid, &status, 0);
		if (status)
			show_log(i);
		ksft_test_result(!status && torture->rounds[i], "%s: %lu rounds\n",
				 works[i].name, torture->rounds[i]);
	}
}

/* With nobody at work any more, there is nothing in the way. */
static bool leave(void)
{
	sysfs_write("/proc/sys/vm/nr_hugepages", "0");
	unlink("/dev/shm/torture.0");
	unlink("/dev/shm/torture.1");
	if (sysfs_write(TAIJI "expand", "0") && taiji_is_on())
		return false;
	if (taiji_switch("off"))
		return false;
	return !taiji_unload_any();
}

static void report(void)
{
	const char * const kinds[NR_KINDS] = { "anonymous", "THP", "hugetlb", "tmpfs", "cache" };
	int i;

	for (i = 0; i < NR_DEEDS; i++) {
		if (small && i == FILLED) {
			ksft_test_result_skip("%s: takes too long in a small one\n", deeds[i]);
			continue;
		}
		ksft_test_result(done[i], "%s: %lu times, refused %lu times\n", deeds[i], done[i],
				 refused[i]);
	}
	for (i = 0; i < NR_KINDS; i++)
		ksft_test_result(torture->out[i], "%s: %lu sections were out\n", kinds[i],
				 torture->out[i]);
	printf("# filled to %lu MiB in use, of %lu MiB of RAM\n", torture->most >> 20, ram >> 20);
	ksft_test_result(dropped, "free: %lu sections were dropped\n", dropped);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 60);
	uint64_t salt = 0;

	small = argc > 2;
	ksft_print_header();
	ksft_set_plan(NR_WORKS + NR_DEEDS + NR_KINDS + 3);
	start();
	do {
		cycle(salt++ << 32);
		printf("# %lu cycles, %ld s to go\n", salt, (long)(end - time(NULL)));
		tally_print();
	} while (!wrong && time(NULL) < end);
	stop();
	report();
	ksft_test_result(!wrong, "nothing went wrong%s%s\n", wrong ? " but: " : "", wrong ?: "");
	ksft_test_result(leave(), "went home and was unloaded\n");
	return ksft_cnt.ksft_fail ? KSFT_FAIL : KSFT_PASS;
}

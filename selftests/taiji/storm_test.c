// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switched on and off a thousand times while the machine works: processes, memory,
 * a disk and a network, each of which checks what it gets itself. TIMES in the
 * environment is another number.
 */

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "taiji_test.h"

#define STOP	"/run/storm.stop"
#define LOOP	"while [ ! -e %s ]; do %s > /run/storm.%s 2>&1 || exit 1; done"
#define STRESS	"stress-ng --verify --timeout 4 --temp-path /tmp --oom-avoid"
#define FIO	"--ioengine=io_uring --iodepth=8 --rw=randwrite --bs=16k --verify=crc32c"

/*
 * fio reads back what it wrote only: mixed with other reads its checks fail on any
 * machine.
 */
static const struct work {
	const char *name;
	const char *command;
} works[] = {
	{ "stress-ng", STRESS " --vm 1 --vm-bytes 24m --mmap 1 --fork 1 --malloc 1" },
	{ "fio", "fio --name=storm --filename=/dev/scratch --size=24m --direct=1 " FIO },
	{ "network", "/opt/t/tests/taiji/net_load 4" },
};

#define NR_WORKS	(sizeof(works) / sizeof(*works))

/* Again and again, until told to stop or something is wrong. */
static pid_t start(const struct work *work)
{
	char loop[512];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(loop, sizeof(loop), LOOP, STOP, work->command, work->name);
	execl("/bin/sh", "sh", "-c", loop, NULL);
	_exit(127);
}

static void show_log(const char *name)
{
	char line[256];
	FILE *f;

	snprintf(line, sizeof(line), "/run/storm.%s", name);
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f))
		printf("# %s: %s", name, line);
	if (f)
		fclose(f);
}

FIXTURE(loaded) {
	pid_t pids[NR_WORKS];
};

FIXTURE_VARIANT(loaded) {
	int percent;
	bool reclaim;
};

FIXTURE_VARIANT_ADD(loaded, nothing_out) { .percent = 90 };
FIXTURE_VARIANT_ADD(loaded, memory_out) { .percent = 10, .reclaim = true };

FIXTURE_SETUP(loaded)
{
	size_t i;

	unlink(STOP);
	ASSERT_EQ(0, taiji_load());
	for (i = 0; i < NR_WORKS; i++)
		self->pids[i] = start(&works[i]);
}

FIXTURE_TEARDOWN(loaded)
{
	int i, status;

	close(open(STOP, O_CREAT | O_WRONLY, 0600));
	for (i = 0; i < NR_WORKS; i++) {
		status = -1;
		EXPECT_EQ(self->pids[i], waitpid(self->pids[i], &status, 0));
		EXPECT_EQ(0, status) {
			show_log(works[i].name);
		}
	}
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

TEST_F_TIMEOUT(loaded, survives, 900)
{
	const char *times = getenv("TIMES");
	int i, err, n = (times ? atoi(times) : 1000) * variant->percent / 100;
	time_t begin = time(NULL);

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, taiji_switch("on")) {
			TH_LOG("time %d", i);
		}
		if (variant->reclaim) {
			err = sysfs_write(TAIJI "reclaim", "64M");
			EXPECT_TRUE(!err || err == EAGAIN);
		}
		ASSERT_EQ(0, taiji_switch("off")) {
			TH_LOG("time %d", i);
		}
		if (i % 32 == 0)
			tally_print();
	}
	printf("# %d times in %ld s\n", i, (long)(time(NULL) - begin));
	for (i = 0; i < NR_WORKS; i++)
		EXPECT_EQ(0, waitpid(self->pids[i], &err, WNOHANG));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile users: random calls, structures, sizes, offsets and addresses from
 * many threads at once, in processes that are killed at any moment, while the
 * administrator lends, sets limits and upgrades the engine. Nobody sees
 * another's bytes, and in the end all memory is free.
 *
 * usage: fuzz_test [SECONDS [SEED]]
 */
#include <linux/vmem.h>
#include <signal.h>
#include <time.h>

#include "fuzz_calls.h"

#define PROCESSES	3

static void administer(uint64_t *state)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)any_number(state));
	switch (rnd(state, 6)) {
	case 0:
		sysfs_write(VMEM_SYSFS "zero_percent", rnd(state, 2) ? "100" : text);
		break;
	case 1:
		sysfs_write(VMEM_SYSFS "open_limit_bytes", text);
		break;
	case 2:
		sysfs_write(VMEM_SYSFS "node0/lent_bytes",
			    rnd(state, 2) ? "134217728" : text);
		break;
	case 3:
		sysfs_write(VMEM_SYSFS "node0/lent_bytes", "0");
		break;
	case 4:
		test_module_load("vmem_engine_next", "");
		module_unload("vmem_engine");
		break;
	case 5:
		engine_load();
		module_unload("vmem_engine_next");
		break;
	}
}

static bool failed;

static void on_failure(int sig)
{
	failed = true;
}

static void fuzz(time_t end, uint64_t *state)
{
	pid_t children[PROCESSES] = {};
	int i = 0;

	while (time(NULL) < end && !failed) {
		if (children[i]) {
			kill(children[i], SIGKILL);
			waitpid(children[i], NULL, 0);
		}
		children[i] = fork();
		if (!children[i]) {
			signal(SIGUSR1, SIG_IGN);
			users(*state ^ i);
		}
		usleep(rnd(state, 500000));
		administer(state);
		tally->operations++;
		tally_print();
		i = (i + 1) % PROCESSES;
	}
	for (i = 0; i < PROCESSES; i++) {
		if (!children[i])
			continue;
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
}

/* Orphans of those that were killed are on their way out. */
static bool wait_free(uint64_t size)
{
	int i;

	for (i = 0; i < 500 && pool_free() != size; i++)
		usleep(10000);
	return pool_free() == size;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10;
	uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 0) : time(NULL);
	struct region region;
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..1\n# %d seconds, seed %llu\n", seconds,
	       (unsigned long long)state);
	if (!region_find(&region) || vmem_load(&region))
		return 1;
	setpgid(0, 0);
	signal(SIGUSR1, on_failure);
	sysfs_write("/sys/devices/system/memory/auto_online_blocks",
		    "online_movable");
	state = state * 2 + 1;
	fuzz(time(NULL) + seconds, &state);
	sysfs_write(VMEM_SYSFS "node0/lent_bytes", "0");
	good = !failed && wait_free(region.size);
	if (!good)
		printf("# free: %lld\n", (long long)pool_free());
	engine_load();
	module_unload("vmem_engine_next");
	good = !vmem_unload() && good;
	printf("%sok 1 nobody saw another's bytes, and all is free\n",
	       good ? "" : "not ");
	return !good;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a CPU is held up by the switch. To be run with scripts/vm --icount,
 * where a nanosecond is an instruction.
 */

#include "taiji_test.h"

#define TIMES	20

int main(void)
{
	long long pause, longest = 0;
	int i;

	if (taiji_load())
		return 1;
	for (i = 0; i < TIMES; i++) {
		if (taiji_switch("on"))
			return 1;
		pause = sysfs_number(TAIJI "pause_ns");
		if (pause <= 0 || taiji_switch("off"))
			return 1;
		if (pause > longest)
			longest = pause;
	}
	printf("T5.pause.max %lld instr - 5000 %s\n", longest, longest <= 5000 ? "ok" : "short");
	return taiji_unload();
}

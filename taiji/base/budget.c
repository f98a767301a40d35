// SPDX-License-Identifier: GPL-2.0-only
/*
 * What background work may cost. A thread that has worked rests long enough to
 * stay below its share of a CPU, half of it while the system waits for I/O a
 * lot. Who works because frames are short pays nothing.
 */

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/tick.h>

#include "taiji.h"

#define REST_MAX_US	20000
#define IO_BUSY		20	/* percent of all CPUs' time in wait for I/O */

static u64 last_wait, last_time;	/* us; the manager's own */
static bool io_busy;

static u64 io_wait_us(void)
{
	u64 sum = 0, wait;
	int cpu;

	for_each_online_cpu(cpu) {
		wait = get_cpu_iowait_time_us(cpu, NULL);
		sum += wait == U64_MAX ? 0 : wait;
	}
	return sum;
}

/* Called about once a second, by one thread. */
void taiji_budget_watch(void)
{
	u64 time = ktime_to_us(ktime_get()), wait = io_wait_us();
	u64 span = (time - last_time) * num_online_cpus();

	/* The counters of idle time may go back a little. */
	if (last_time && wait >= last_wait)
		WRITE_ONCE(io_busy, (wait - last_wait) * 100 > span * IO_BUSY);
	last_time = time;
	last_wait = wait;
}

bool taiji_budget_io_busy(void)
{
	return READ_ONCE(io_busy);
}

/**
 * taiji_budget_rest - pay for work
 * @since:	when it began, ktime_get_ns()
 *
 * Context: sleeps; no lock held.
 */
void taiji_budget_rest(u64 since)
{
	u64 worked = (ktime_get_ns() - since) / NSEC_PER_USEC;
	u32 percent = READ_ONCE(taiji_policy.cpu_percent);
	u64 rest;

	if (taiji_budget_io_busy())
		percent = max(percent / 2, 1U);
	rest = min(worked * (100 - percent) / percent, REST_MAX_US);
	if (rest)
		usleep_range_state(rest, rest + rest / 4, TASK_IDLE);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the switch costs each CPU: its time, and its instructions at EL1 and EL2
 * where the CPU counts them.
 */

#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>

#include "taiji.h"

/**
 * struct pause - of one CPU
 * @ns:		how long the switch held it up
 * @instructions: and for how many instructions; 0 where nobody counts
 * @counter:	NULL where nobody counts
 */
struct pause {
	u64 ns;
	u64 instructions;
	struct perf_event *counter;
};

static struct pause __percpu *pauses;

/* On the counter's CPU, with interrupts disabled. */
static u64 read_counter(struct perf_event *counter)
{
	if (!counter || counter->state != PERF_EVENT_STATE_ACTIVE)
		return 0;

	counter->pmu->read(counter);
	return local64_read(&counter->count);
}

static void create_counter(unsigned int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.pinned = 1,
	};
	struct perf_event *counter;

	counter = perf_event_create_kernel_counter(&attr, cpu, NULL, NULL, NULL);
	per_cpu_ptr(pauses, cpu)->counter = IS_ERR(counter) ? NULL : counter;
}

/* Before the switch: a counter takes a moment to make. */
int taiji_pause_alloc(void)
{
	unsigned int cpu;

	pauses = alloc_percpu(struct pause);
	if (!pauses)
		return -ENOMEM;

	for_each_online_cpu(cpu)
		create_counter(cpu);
	return 0;
}

void taiji_pause_free(void)
{
	unsigned int cpu;

	if (!pauses)
		return;

	for_each_possible_cpu(cpu) {
		if (per_cpu_ptr(pauses, cpu)->counter)
			perf_event_release_kernel(per_cpu_ptr(pauses, cpu)->counter);
	}
	free_percpu(pauses);
	pauses = NULL;
}

/* Around what holds this CPU up, with interrupts disabled. */
void taiji_pause_begin(void)
{
	struct pause *p = this_cpu_ptr(pauses);

	p->instructions = read_counter(p->counter);
	p->ns = ktime_get_mono_fast_ns();
}

void taiji_pause_end(void)
{
	struct pause *p = this_cpu_ptr(pauses);

	p->ns = ktime_get_mono_fast_ns() - p->ns;
	p->instructions = read_counter(p->counter) - p->instructions;
}

/**
 * taiji_pause_ns - how long the switch held a CPU up, in ns
 * @cpu:	its number
 *
 * Context: taiji_gate held, system switched. The same for the next two.
 */
u64 taiji_pause_ns(unsigned int cpu)
{
	return cpu_possible(cpu) ? per_cpu_ptr(pauses, cpu)->ns : 0;
}

/* And for how many instructions, of which the reading of the clock is a part. */
u64 taiji_pause_instructions(unsigned int cpu)
{
	return cpu_possible(cpu) ? per_cpu_ptr(pauses, cpu)->instructions : 0;
}

/* The longest that a CPU was held up, in ns. */
u64 taiji_pause_longest(void)
{
	unsigned int cpu;
	u64 longest = 0;

	for_each_possible_cpu(cpu)
		longest = max(longest, taiji_pause_ns(cpu));
	return longest;
}

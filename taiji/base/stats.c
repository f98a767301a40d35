// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the engine counts, read where it writes it, without a call.
 */

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "taiji.h"

/**
 * taiji_stats_sum - one counter over all CPUs
 * @offset:	of a u64 in struct taiji_cpu_stats
 *
 * Context: taiji_gate held, system switched.
 */
u64 taiji_stats_sum(size_t offset)
{
	u64 sum = 0;
	u32 cpu;

	for (cpu = 0; cpu < taiji.start->nr_cpus; cpu++)
		sum += READ_ONCE(*(u64 *)((void *)&taiji.cpus[cpu] + offset));
	return sum;
}

static void show_cpu(struct seq_file *m, u32 cpu)
{
	const struct taiji_cpu_stats *s = &taiji.cpus[cpu];

	seq_printf(m, "%u %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n", cpu,
		   taiji_pause_ns(cpu), taiji_pause_instructions(cpu), READ_ONCE(s->calls),
		   READ_ONCE(s->kinds[0]), READ_ONCE(s->kinds[1]), READ_ONCE(s->kinds[2]),
		   READ_ONCE(s->kinds[4]), READ_ONCE(s->swap_in), READ_ONCE(s->swap_out),
		   READ_ONCE(s->retries), READ_ONCE(s->stalls), READ_ONCE(s->kinds[3]),
		   READ_ONCE(s->flushes));
}

static int cpus_show(struct seq_file *m, void *unused)
{
	u32 cpu;

	guard(rwsem_read)(&taiji_gate);

	seq_puts(m, "cpu pause_ns pause_instructions calls translation access exec other in out retries stalls fetch flushes\n");
	for (cpu = 0; taiji.on && cpu < taiji.start->nr_cpus; cpu++)
		show_cpu(m, cpu);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cpus);

/* A line for each time a swap-in took, in powers of two: from how many ticks, how often. */
static int swap_in_ticks_show(struct seq_file *m, void *unused)
{
	unsigned int i;
	u64 n;

	guard(rwsem_read)(&taiji_gate);

	for (i = 0; taiji.on && i < TAIJI_HIST_BUCKETS; i++) {
		n = taiji_stats_sum(offsetof(struct taiji_cpu_stats, in_time[i]));
		if (n)
			seq_printf(m, "%llu %llu\n", i ? BIT_ULL(i - 1) : 0, n);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(swap_in_ticks);

/* A line for each level of age: its number, and how many sections have it. */
static int ages_show(struct seq_file *m, void *unused)
{
	unsigned long levels[TAIJI_LRU_LEVELS];
	unsigned int i;

	guard(rwsem_read)(&taiji_gate);

	if (!taiji.on)
		return 0;

	taiji_lru_count(levels);
	for (i = 0; i < TAIJI_LRU_LEVELS; i++)
		seq_printf(m, "%u %lu\n", i, levels[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ages);

/* The longest that interrupts were held off at EL2, in ticks: by calls, by aborts. */
static int longest_ticks_show(struct seq_file *m, void *unused)
{
	u64 call = 0, abort = 0;
	u32 cpu;

	guard(rwsem_read)(&taiji_gate);

	for (cpu = 0; taiji.on && cpu < taiji.start->nr_cpus; cpu++) {
		call = max(call, READ_ONCE(taiji.cpus[cpu].longest_call));
		abort = max(abort, READ_ONCE(taiji.cpus[cpu].longest_abort));
	}
	seq_printf(m, "%llu %llu\n", call, abort);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(longest_ticks);

static struct dentry *dir;

/* For people who look for a reason: without debugfs nothing is missed. */
void taiji_stats_init(void)
{
	dir = debugfs_create_dir("taiji", NULL);
	debugfs_create_file("cpus", 0400, dir, NULL, &cpus_fops);
	debugfs_create_file("ages", 0400, dir, NULL, &ages_fops);
	debugfs_create_file("longest_ticks", 0400, dir, NULL, &longest_ticks_fops);
	debugfs_create_file("swap_in_ticks", 0400, dir, NULL, &swap_in_ticks_fops);
	taiji_debug_init(dir);
}

void taiji_stats_exit(void)
{
	debugfs_remove(dir);
}

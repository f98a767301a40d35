// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that zero what was freed, before anybody asks for it.
 *
 * Each node has a thread for every 16 of its CPUs, at the lowest priority. The
 * engine says which slice is next; without an engine they wait. A budget
 * limits each thread to a share of one CPU.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmem_engine.h>
#include <linux/wait.h>

#include "engine_slot.h"
#include "pool.h"
#include "region.h"
#include "trace.h"
#include "zero.h"

#define ZEROER_CPUS		16	/* of a node, for each thread */
#define ZEROER_MAX_PER_NODE	8
#define ZEROER_PERCENT		50

static struct task_struct **zeroer_tasks;
static unsigned int zeroer_nr;

static DECLARE_WAIT_QUEUE_HEAD(zeroer_wait);
static atomic_t zeroer_kicks;		/* changes whenever there may be work */
static unsigned int zeroer_percent = ZEROER_PERCENT;

/* Choose a dirty slice, and mark it. */
static bool zeroer_begin(int nid, u64 *phys)
{
	bool found;

	mutex_lock(&vmem_pool_lock);
	found = vmem_engine_next_dirty(nid, phys);
	if (found) {
		vmem_pool_set(*phys, 1, VMEM_SLICE_ZEROING);
		vmem_engine_changed(*phys, 1);
	}
	mutex_unlock(&vmem_pool_lock);
	return found;
}

/* It may have an owner by now, who waits, or have gone bad. */
static void zeroer_end(u64 phys)
{
	mutex_lock(&vmem_pool_lock);
	vmem_pool_clear(phys, 1, VMEM_SLICE_ZEROING | VMEM_SLICE_DIRTY);
	vmem_engine_changed(phys, 1);
	mutex_unlock(&vmem_pool_lock);
	vmem_zero_done();
}

/* Sleep so that zeroing for @busy ns keeps the budget. */
static void zeroer_pause(u64 busy)
{
	unsigned int percent = READ_ONCE(zeroer_percent);
	ktime_t pause;

	if (!percent || percent >= 100) {
		cond_resched();
		return;
	}
	pause = ns_to_ktime(busy * (100 - percent) / percent);
	set_current_state(TASK_INTERRUPTIBLE);
	if (!kthread_should_stop())
		schedule_hrtimeout(&pause, HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
}

static bool zeroer_one(int nid)
{
	u64 start = ktime_get_ns(), busy, phys;

	if (!READ_ONCE(zeroer_percent) || !zeroer_begin(nid, &phys))
		return false;
	vmem_zero_slice(phys);
	busy = ktime_get_ns() - start;
	trace_vmem_zero(nid, phys, busy);
	zeroer_end(phys);
	zeroer_pause(busy);
	return true;
}

static int zeroer_thread(void *data)
{
	int nid = (long)data;

	set_user_nice(current, MAX_NICE);
	while (!kthread_should_stop()) {
		int kicks = atomic_read(&zeroer_kicks);

		if (!zeroer_one(nid))
			wait_event_idle(zeroer_wait, kthread_should_stop() ||
					kicks != atomic_read(&zeroer_kicks));
	}
	return 0;
}

/**
 * vmem_zeroer_kick - there may be something to zero
 */
void vmem_zeroer_kick(void)
{
	atomic_inc(&zeroer_kicks);
	wake_up_all(&zeroer_wait);
}

/**
 * vmem_zeroer_percent - the budget of each thread, in percent of a CPU
 */
unsigned int vmem_zeroer_percent(void)
{
	return READ_ONCE(zeroer_percent);
}

/**
 * vmem_zeroer_set_percent - set the budget of each thread
 * @percent: of a CPU; 0 for no zeroing in the background
 *
 * Returns 0, or -EINVAL above 100.
 */
int vmem_zeroer_set_percent(unsigned int percent)
{
	if (percent > 100)
		return -EINVAL;
	WRITE_ONCE(zeroer_percent, percent);
	vmem_zeroer_kick();
	return 0;
}

static unsigned int zeroer_per_node(int nid)
{
	unsigned int cpus = cpumask_weight(cpumask_of_node(nid));

	return clamp(cpus / ZEROER_CPUS, 1U, ZEROER_MAX_PER_NODE);
}

static int zeroer_start(int nid, unsigned int number)
{
	struct task_struct *task;

	task = kthread_create_on_node(zeroer_thread, (void *)(long)nid, nid,
				      "vmem_zero/%d.%u", nid, number);
	if (IS_ERR(task))
		return PTR_ERR(task);
	if (!cpumask_empty(cpumask_of_node(nid)))
		set_cpus_allowed_ptr(task, cpumask_of_node(nid));
	zeroer_tasks[zeroer_nr++] = task;
	wake_up_process(task);
	return 0;
}

/**
 * vmem_zeroer_init - start the threads of all nodes that have a region
 *
 * May sleep. Returns 0 or a negative errno with no thread left.
 */
int vmem_zeroer_init(void)
{
	unsigned int i, j;
	int ret = 0;

	zeroer_tasks = kcalloc(vmem_nr_regions * ZEROER_MAX_PER_NODE,
			       sizeof(*zeroer_tasks), GFP_KERNEL);
	if (!zeroer_tasks)
		return -ENOMEM;
	for (i = 0; !ret && i < vmem_nr_regions; i++) {
		int nid = vmem_regions[i].nid;

		if (!vmem_region_first_of_node(i))
			continue;
		for (j = 0; !ret && j < zeroer_per_node(nid); j++)
			ret = zeroer_start(nid, j);
	}
	if (ret)
		vmem_zeroer_exit();
	return ret;
}

/**
 * vmem_zeroer_exit - stop the threads
 */
void vmem_zeroer_exit(void)
{
	while (zeroer_nr)
		kthread_stop(zeroer_tasks[--zeroer_nr]);
	kfree(zeroer_tasks);
	zeroer_tasks = NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who goes out: a clock over all swappable sections. One that was touched since
 * the hand came by stays. It starts when half of the frames that the host has
 * given are in use, and rests when as many are free again: they are what
 * swap-ins, new memory and the store live on.
 */

#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define REST_US	1000
#define BATCH	64UL	/* sections that one call looks at */

static struct task_struct *reclaimer;
static unsigned long hand;
static unsigned long collapse_hand;
static unsigned long collapse_left;	/* sections to look at since the last swap-in */
static u64 collapse_in;			/* swap-ins there had been by then */

static bool below(unsigned long frames)
{
	return READ_ONCE(taiji.shared->free_frames) < frames;
}

/* Returns how many sections went out. */
static unsigned long sweep(void)
{
	unsigned long nr = min(BATCH, taiji_nr_sections() - hand);
	u64 young = kvm_payload_call(TAIJI_CALL_AGE, taiji_ipa(hand), nr, 0);
	unsigned long i, out = 0;

	for (i = 0; i < nr && below(taiji.donated); i++) {
		if (young & BIT_ULL(i) || !test_bit(hand + i, taiji.swappable))
			continue;
		if (!taiji_swap(TAIJI_CALL_OUT, taiji_ipa(hand + i)))
			out++;
	}

	hand = (hand + nr) % taiji_nr_sections();
	return out;
}

/* Returns when enough is free, or after two rounds that found nothing to take. */
static void refill(void)
{
	unsigned long idle = 0;

	while (below(taiji.donated) && idle < 2 * taiji_nr_sections()) {
		guard(rwsem_read)(&taiji_gate);

		if (kthread_should_stop())
			return;
		idle = sweep() ? 0 : idle + BATCH;
	}
}

/*
 * Sections that faults have brought in whole become blocks again: here, where
 * nobody waits for it, a batch at a time, until one round after the last swap-in.
 */
static void collapse(void)
{
	s64 done, nr;
	u64 in;

	guard(rwsem_read)(&taiji_gate);

	in = taiji_stats_sum(offsetof(struct taiji_cpu_stats, swap_in));
	if (in != collapse_in) {
		collapse_in = in;
		collapse_left = taiji_nr_sections();
	}

	nr = min3(BATCH, collapse_left, taiji_nr_sections() - collapse_hand);
	collapse_left -= nr;
	while (nr && !kthread_should_stop()) {
		done = kvm_payload_call(TAIJI_CALL_COLLAPSE, taiji_ipa(collapse_hand), nr, 0);
		if (WARN_ON_ONCE(done < 0 || done > nr))
			return;
		collapse_hand = (collapse_hand + done) % taiji_nr_sections();
		nr -= done;
		cond_resched();
	}
}

static int reclaim(void *unused)
{
	while (!kthread_should_stop()) {
		if (taiji.nr_swappable && below(taiji.donated / 2))
			refill();
		collapse();
		/* A CPU may be waiting for a frame: nobody else would tell. */
		usleep_range_state(REST_US, 2 * REST_US, TASK_IDLE);
	}
	return 0;
}

int taiji_reclaim_start(void)
{
	struct task_struct *task = kthread_run(reclaim, NULL, "taiji_reclaim");

	if (IS_ERR(task))
		return PTR_ERR(task);

	hand = 0;
	collapse_hand = 0;
	collapse_left = 0;
	collapse_in = 0;
	reclaimer = task;
	return 0;
}

/**
 * taiji_reclaim - swap out, touched lately or not
 * @bytes:	how much
 *
 * Context: may sleep.
 * Return: 0, -EAGAIN when less went out, -EINTR, -ENODEV when the system is not
 * switched.
 */
int taiji_reclaim(u64 bytes)
{
	unsigned long nr = DIV_ROUND_UP_ULL(bytes, TAIJI_SECTION_SIZE);
	unsigned long i;

	guard(rwsem_read)(&taiji_gate);

	if (!taiji.on)
		return -ENODEV;

	for_each_set_bit(i, taiji.swappable, taiji_nr_sections()) {
		if (!nr)
			break;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!taiji_swap(TAIJI_CALL_OUT, taiji_ipa(i)))
			nr--;
	}
	return nr ? -EAGAIN : 0;
}

/* Not with taiji_gate held for writing. */
void taiji_reclaim_stop(void)
{
	if (reclaimer)
		kthread_stop(reclaimer);
	reclaimer = NULL;
}

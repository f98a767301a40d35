// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who goes out: a clock over all swappable sections. One that was touched since
 * the hand came by stays. The hand moves while fewer frames are free than the
 * host has given: what it has given is what swap-ins and new memory live on.
 */

#include <linux/bitops.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define BATCH	64UL	/* sections whose access flags one call reads */
#define AHEAD	16	/* frames freed beyond what is needed, then it rests */

static struct task_struct *reclaimer;
static unsigned long hand;

static bool below(unsigned long more)
{
	return READ_ONCE(taiji.shared->free_frames) < taiji.donated + more;
}

/* Returns how many sections went out. */
static unsigned long sweep(void)
{
	unsigned long nr = min(BATCH, taiji_nr_sections() - hand);
	u64 young = kvm_payload_call(TAIJI_CALL_AGE, taiji_ipa(hand), nr, 0);
	unsigned long i, out = 0;

	for (i = 0; i < nr && below(AHEAD); i++) {
		if (young & BIT_ULL(i) || !test_bit(hand + i, taiji.swappable))
			continue;
		if (!taiji_swap(TAIJI_CALL_OUT, taiji_ipa(hand + i)))
			out++;
	}

	hand = (hand + nr) % taiji_nr_sections();
	return out;
}

static int reclaim(void *unused)
{
	unsigned long rounds = 0;

	while (!kthread_should_stop()) {
		if (taiji.nr_swappable && below(rounds ? AHEAD : 0)) {
			down_read(&taiji_gate);
			/*
			 * Two times round with nothing to find: all of it is in
			 * use.
			 */
			rounds = sweep() ? 1 : rounds + 1;
			up_read(&taiji_gate);
			if (rounds * BATCH < 2 * taiji_nr_sections())
				continue;
		}
		rounds = 0;
		schedule_timeout_idle(1);
	}
	return 0;
}

int taiji_reclaim_start(void)
{
	struct task_struct *task = kthread_run(reclaim, NULL, "taiji_reclaim");

	if (IS_ERR(task))
		return PTR_ERR(task);

	hand = 0;
	reclaimer = task;
	return 0;
}

/* Not with taiji_gate held for writing. */
void taiji_reclaim_stop(void)
{
	if (reclaimer)
		kthread_stop(reclaimer);
	reclaimer = NULL;
}

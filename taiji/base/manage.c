// SPDX-License-Identifier: GPL-2.0-only
/*
 * The thread that looks after everything that takes time: it sees when frames
 * are short and wakes who makes some, lets sections grow older, makes blocks of
 * those that are whole again, and tells when swapping out does not help any more.
 * A CPU that waits for a frame tells nobody, so it has to look. Whoever else works
 * in the background is started and stopped with it.
 */

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define LOOK_MIN_US	1000
#define LOOK_MAX_US	20000
#define COLLAPSE_BATCH	64UL
#define WINDOW		16	/* sections that were to go out between two verdicts */
#define WINDOW_MS	50
#define VERDICTS	3	/* alike, before Linux is asked for memory */

static struct task_struct *manager;

/* Where the search for sections to collapse is. */
static unsigned long collapse_hand;
static unsigned long collapse_left;	/* sections to look at since the last swap-in */
static u64 collapse_in;			/* swap-ins there had been by then */

/* What there was when the window began that the next verdict is about. */
static struct {
	unsigned long since;
	unsigned long tried;
	unsigned long dry;
	u64 stalls;
	u64 touch_stalls;
	u64 touched;
	u64 in;
	u64 pages;
	u64 bytes;
} window;

static unsigned int verdicts;	/* windows in a row in which somebody starved */

static u64 sum(size_t offset)
{
	return taiji_stats_sum(offset);
}

static void window_begin(void)
{
	window.since = jiffies;
	window.tried = taiji_reclaim_tried();
	window.dry = taiji_reclaim_dry();
	window.stalls = sum(offsetof(struct taiji_cpu_stats, stalls));
	window.touch_stalls = sum(offsetof(struct taiji_cpu_stats, touch_stalls));
	window.in = sum(offsetof(struct taiji_cpu_stats, swap_in));
	window.touched = sum(offsetof(struct taiji_cpu_stats, touched));
	window.pages = sum(offsetof(struct taiji_cpu_stats, swap_out));
	window.bytes = sum(offsetof(struct taiji_cpu_stats, bytes_out));
}

/*
 * Does swapping out make frames? Not when what went out is about as big as
 * before, or when there was nothing to take.
 */
static bool makes_frames(void)
{
	u64 pages = sum(offsetof(struct taiji_cpu_stats, swap_out)) - window.pages;
	u64 bytes = sum(offsetof(struct taiji_cpu_stats, bytes_out)) - window.bytes;
	u64 gained = (pages * TAIJI_PAGE_SIZE - bytes) >> TAIJI_SECTION_SHIFT;

	return gained * 8 > taiji_reclaim_tried() - window.tried;
}

/* Does somebody wait for a frame, and nobody get one, for what is new or what is out? */
static bool somebody_starves(void)
{
	if (sum(offsetof(struct taiji_cpu_stats, touch_stalls)) != window.touch_stalls)
		return sum(offsetof(struct taiji_cpu_stats, touched)) == window.touched;

	return sum(offsetof(struct taiji_cpu_stats, stalls)) != window.stalls &&
	       sum(offsetof(struct taiji_cpu_stats, swap_in)) == window.in;
}

/*
 * Somebody starves, and nothing that was tried makes frames, time and again: then
 * Linux has to do with less memory.
 */
static void watch_for_the_end(void)
{
	if (taiji_pressure() != TAIJI_PRESSURE_CRITICAL) {
		verdicts = 0;
		window_begin();
		return;
	}
	if (time_before(jiffies, window.since + msecs_to_jiffies(WINDOW_MS)) ||
	    (taiji_reclaim_tried() - window.tried < WINDOW &&
	     taiji_reclaim_dry() == window.dry))
		return;

	verdicts = somebody_starves() && !makes_frames() ? verdicts + 1 : 0;
	if (verdicts >= VERDICTS)
		taiji_balloon_want();
	window_begin();
}

/* Nothing is split that is not swappable, and between banks of memory nothing is. */
static void collapse_skip(void)
{
	unsigned long next = find_next_bit(taiji.swappable, taiji_nr_sections(), collapse_hand);
	unsigned long nr = min(next - collapse_hand, collapse_left);

	collapse_left -= nr;
	collapse_hand = (collapse_hand + nr) % taiji_nr_sections();
}

/* Those that faults have brought in since the last look. */
static void collapse_new(void)
{
	s64 done, left = COLLAPSE_BATCH;

	while (left > 0 && !kthread_should_stop()) {
		done = kvm_payload_call(TAIJI_CALL_COLLAPSE, 0, left, 1);
		if (done <= 0)
			return;
		left -= done;
		cond_resched();
	}
}

/*
 * Sections that faults have brought in whole become blocks again: here, where
 * nobody waits for it. What the engine has lost count of is found by a search, a
 * batch at a time, until one round after the last swap-in.
 */
static void collapse(void)
{
	s64 done, nr;
	u64 in = sum(offsetof(struct taiji_cpu_stats, swap_in));

	collapse_new();
	if (in != collapse_in) {
		collapse_in = in;
		collapse_left = taiji_nr_sections();
	}

	collapse_skip();
	nr = min3(COLLAPSE_BATCH, collapse_left,
		  find_next_zero_bit(taiji.swappable, taiji_nr_sections(), collapse_hand) -
		  collapse_hand);
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

/* The fewer frames are free, the sooner. */
static void rest(void)
{
	s64 spare = taiji_free_frames() - taiji_policy_low();
	u64 us = clamp(spare * 500, LOOK_MIN_US, LOOK_MAX_US);

	usleep_range_state(us, us + us / 2, TASK_IDLE);
}

static int manage(void *unused)
{
	unsigned long next_scan = jiffies, next_second = jiffies;

	/* It does little, and others wait for it. */
	set_user_nice(current, MIN_NICE);

	while (!kthread_should_stop()) {
		scoped_guard(rwsem_read, &taiji_gate) {
			if (taiji_pressure() != TAIJI_PRESSURE_NONE)
				taiji_reclaim_wake();
			watch_for_the_end();
			taiji_balloon_relax();
			collapse();
		}
		if (time_after_eq(jiffies, next_scan)) {
			if (taiji_lru_scan() && taiji_pressure() == TAIJI_PRESSURE_NONE)
				taiji_reclaim_fill();
			next_scan = jiffies + msecs_to_jiffies(READ_ONCE(taiji_policy.scan_ms));
		}
		if (time_after_eq(jiffies, next_second)) {
			scoped_guard(rwsem_read, &taiji_gate) {
				taiji_policy_steer();
				taiji_reclaim_compact();
			}
			taiji_budget_watch();
			next_second = jiffies + HZ;
		}
		rest();
	}
	return 0;
}

static int start_manager(void)
{
	struct task_struct *task;

	collapse_hand = 0;
	collapse_left = 0;
	collapse_in = 0;
	verdicts = 0;
	taiji_policy_start();
	window_begin();

	task = kthread_run(manage, NULL, "taiji_manage");
	if (IS_ERR(task))
		return PTR_ERR(task);
	manager = task;
	return 0;
}

/**
 * taiji_manage_start - begin to keep frames free
 *
 * Context: may sleep; system switched, taiji_gate held for writing or taiji_lock
 * held.
 * Return: 0 or -ENOMEM and the like; then nothing was started.
 */
int taiji_manage_start(void)
{
	int err;

	err = taiji_reclaim_start() ?: taiji_balloon_start() ?: start_manager();
	if (err) {
		taiji_manage_stop();
		return err;
	}
	taiji_free_pages_start();
	return 0;
}

/* Not with taiji_gate held for writing, unless what was started never ran. */
void taiji_manage_stop(void)
{
	taiji_free_pages_stop();
	if (manager)
		kthread_stop(manager);
	manager = NULL;
	taiji_reclaim_stop();
	taiji_balloon_stop();
}

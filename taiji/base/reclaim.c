// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who goes out: a thread on each CPU takes sections, a batch of neighbours at a
 * time, off one clock that all share. It starts when the manager finds frames
 * short (policy.c), and rests when there are enough. Then it fills up what is half
 * in: that frame is in use anyway, and the rest of what was swapped out together is
 * likely to be wanted; what of it is in costs no store. And it moves the store
 * together, when much of it has come in.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define BATCH	32UL	/* sections that share a flush on their way out */
#define COMPACT_MIN	8	/* frames: less is lost to size classes anyway */

static DEFINE_PER_CPU(struct task_struct *, worker);
static DECLARE_WAIT_QUEUE_HEAD(wait);
static atomic_long_t hand;	/* batches that were looked at */
static atomic_long_t tried;	/* sections that were to go out */
static atomic_long_t dry;	/* rounds that found nothing to take at all */

/* Work that goes over all sections once, in the background. */
struct round {
	enum taiji_call call;
	bool (*wants)(unsigned long index);
	atomic_long_t hand;	/* the section to look at next */
};

static bool is_swappable(unsigned long index)
{
	return test_bit(index, taiji.swappable);
}

static struct round fill = { .call = TAIJI_CALL_IN, .wants = taiji_lru_is_half_in };
static struct round compact = { .call = TAIJI_CALL_COMPACT, .wants = is_swappable };
static u64 compact_bytes;	/* in the store when its last round began, */
static u64 compact_moved;	/* and micro-pages that had been moved by then */

static unsigned long nr_batches(void)
{
	return DIV_ROUND_UP(taiji_nr_sections(), BATCH);
}

/* May this one be taken, at this level or above? */
static bool is_wanted(unsigned long index, unsigned int level)
{
	return is_swappable(index) && !taiji_lru_is_left_alone(index) &&
	       taiji_lru_level(index) >= (int)level;
}

/* Of a batch, as many as frames are wanted. */
static u64 choose(unsigned long first, unsigned long nr, unsigned int level)
{
	unsigned long have = taiji_free_frames(), want = taiji_policy_high();
	u64 mask = 0;
	unsigned long i;

	for (i = 0; i < nr && have < want; i++) {
		if (!is_wanted(first + i, level))
			continue;
		mask |= BIT_ULL(i);
		have++;
	}
	return mask;
}

/*
 * A whole batch is away before the first is packed: what is touched meanwhile comes back, which
 * costs less than a flush for each. One alone is so by OUT.
 */
static void away(unsigned long first, u64 mask)
{
	if (hweight64(mask) > 1)
		taiji_swap_away(taiji_ipa(first), mask);
}

/*
 * Returns how many sections went out.
 *
 * Context: taiji_gate held.
 */
static unsigned long take_batch(unsigned int level)
{
	unsigned long first = (unsigned long)atomic_long_fetch_inc(&hand) % nr_batches() * BATCH;
	unsigned long nr = min(BATCH, taiji_nr_sections() - first);
	unsigned long i, out = 0;
	u64 mask;
	int err;

	taiji_lru_look(first, nr, false);
	mask = choose(first, nr, level);
	away(first, mask);
	for (i = first; mask; i++, mask >>= 1) {
		if (!(mask & 1))
			continue;
		atomic_long_inc(&tried);
		err = taiji_swap_out_if_worth(taiji_ipa(i));
		if (!err)
			out++;
		else if (err == -E2BIG)
			taiji_lru_leave_alone(i);
	}
	return out;
}

static void set_priority(struct task_struct *task, bool critical)
{
	int nice = critical ? MIN_NICE : MAX_NICE;

	if (task_nice(task) != nice)
		set_user_nice(task, nice);
}

static bool is_going_round(struct round *round)
{
	return atomic_long_read(&round->hand) < taiji_nr_sections();
}

static void go_round(struct round *round)
{
	atomic_long_set(&round->hand, 0);
	wake_up_all(&wait);
}

/* A part of the round: within its budget, unless it is needed. */
static void go_on(struct round *round)
{
	unsigned long i, n = 0;
	u64 since;

	while (n < BATCH && is_going_round(round) && !kthread_should_stop()) {
		i = atomic_long_fetch_inc(&round->hand);
		if (i >= taiji_nr_sections() || !round->wants(i))
			continue;
		since = ktime_get_ns();
		scoped_guard(rwsem_read, &taiji_gate)
			taiji_swap(round->call, taiji_ipa(i));
		if (taiji_pressure() != TAIJI_PRESSURE_CRITICAL)
			taiji_budget_rest(since);
		n++;
	}
}

/*
 * Returns when enough is free, or after a round that found nothing to take: at
 * the lowest level there is when frames are critical, else the lowest but one.
 */
static void refill(void)
{
	unsigned int level = taiji_policy_level();
	unsigned long left = nr_batches(), out;
	bool critical;
	u64 since;

	while (taiji_free_frames() < taiji_policy_high() && !kthread_should_stop()) {
		critical = taiji_pressure() == TAIJI_PRESSURE_CRITICAL;
		set_priority(current, critical);

		since = ktime_get_ns();
		scoped_guard(rwsem_read, &taiji_gate)
			out = take_batch(level);
		go_on(&compact);
		if (!critical)
			taiji_budget_rest(since);
		cond_resched();

		if (out) {
			left = nr_batches();
		} else if (!--left) {
			if (level <= !critical)
				break;
			level--;
			left = nr_batches();
		}
	}
	if (!level)
		atomic_long_inc(&dry);
}

static bool is_work(void)
{
	return taiji_pressure() != TAIJI_PRESSURE_NONE || is_going_round(&fill) ||
	       is_going_round(&compact);
}

static int reclaim(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_idle(wait, kthread_should_stop() || is_work());
		if (taiji_pressure() == TAIJI_PRESSURE_NONE) {
			set_priority(current, false);
			go_on(&fill);
			go_on(&compact);
		} else {
			refill();
		}
		/* When nothing could be taken, nothing is different at once. */
		schedule_timeout_idle(1);
	}
	return 0;
}

/* Something is half in, and was touched lately. */
void taiji_reclaim_fill(void)
{
	go_round(&fill);
}

/*
 * Moves the store together if a quarter of it is holes, until a round finds nothing
 * to move and nothing else has changed.
 */
void taiji_reclaim_compact(void)
{
	u64 frames = READ_ONCE(taiji.shared->store_frames);
	u64 bytes = READ_ONCE(taiji.shared->bytes_stored);
	u64 moved = taiji_stats_sum(offsetof(struct taiji_cpu_stats, compacted));
	u64 lost = frames - min(frames, bytes >> TAIJI_SECTION_SHIFT);

	if (is_going_round(&compact) || (bytes == compact_bytes && moved == compact_moved))
		return;
	if (lost >= COMPACT_MIN && lost * 4 >= frames) {
		compact_bytes = bytes;
		compact_moved = moved;
		go_round(&compact);
	}
}

/* How many sections were to go out. */
unsigned long taiji_reclaim_tried(void)
{
	return atomic_long_read(&tried);
}

/* How often a worker found nothing at all to take. */
unsigned long taiji_reclaim_dry(void)
{
	return atomic_long_read(&dry);
}

/*
 * There is pressure. Who waits for a frame should not wait for the scheduler as well:
 * a worker that is at its lowest priority may not get to raise it by itself.
 */
void taiji_reclaim_wake(void)
{
	int cpu;

	if (taiji_pressure() == TAIJI_PRESSURE_CRITICAL) {
		for_each_possible_cpu(cpu)
			if (per_cpu(worker, cpu))
				set_priority(per_cpu(worker, cpu), true);
	}
	wake_up_all(&wait);
}

static int start_workers(void)
{
	struct task_struct *task;
	int cpu;

	for_each_online_cpu(cpu) {
		task = kthread_create_on_cpu(reclaim, NULL, cpu, "taiji_reclaim/%u");
		if (IS_ERR(task))
			return PTR_ERR(task);
		per_cpu(worker, cpu) = task;
		wake_up_process(task);
	}
	return 0;
}

/**
 * taiji_reclaim_start - have a thread on each CPU that makes frames
 *
 * Context: may sleep; system switched.
 * Return: 0 or -ENOMEM and the like; then taiji_reclaim_stop() has to be called.
 */
int taiji_reclaim_start(void)
{
	atomic_long_set(&hand, 0);
	atomic_long_set(&tried, 0);
	atomic_long_set(&dry, 0);
	atomic_long_set(&fill.hand, taiji_nr_sections());
	atomic_long_set(&compact.hand, taiji_nr_sections());
	compact_bytes = 0;
	compact_moved = 0;

	return start_workers();
}

/* Not with taiji_gate held for writing, unless what was started never ran. */
void taiji_reclaim_stop(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (per_cpu(worker, cpu))
			kthread_stop(per_cpu(worker, cpu));
		per_cpu(worker, cpu) = NULL;
	}
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
	unsigned long first, i;

	guard(rwsem_read)(&taiji_gate);

	if (!taiji.on)
		return -ENODEV;

	for (first = 0; first < taiji_nr_sections() && nr; first += BATCH) {
		unsigned long end = min(first + BATCH, taiji_nr_sections());
		u64 mask = 0;

		taiji_lru_look(first, end - first, false);
		for (i = first; i < end && hweight64(mask) < nr; i++) {
			if (test_bit(i, taiji.swappable) && taiji_lru_level(i) >= 0)
				mask |= BIT_ULL(i - first);
		}
		away(first, mask);
		for (i = first; mask; i++, mask >>= 1) {
			if (fatal_signal_pending(current))
				return -EINTR;
			if (mask & 1 && !taiji_swap(TAIJI_CALL_OUT, taiji_ipa(i)))
				nr--;
		}
	}
	return nr ? -EAGAIN : 0;
}

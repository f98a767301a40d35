// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls into the engine that move sections. All of them under taiji_gate, with
 * the system switched.
 */

#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define SAMPLE	32	/* micro-pages by which a section is judged */

static int call_up_to(enum taiji_call func, u64 ipa, s64 from, s64 to)
{
	while (from < to) {
		from = kvm_payload_call(func, ipa, from, to);
		if (from < 0)
			return from;
		cond_resched();
	}
	return 0;
}

static int call_to_the_end(enum taiji_call func, u64 ipa)
{
	return call_up_to(func, ipa, 0, TAIJI_SECTION_PAGES);
}

/**
 * taiji_call_again - a call that comes back for every interrupt
 * @func:	TAIJI_CALL_START, _STOP or _RECLAIM
 * @arg:	its argument
 *
 * Context: may sleep.
 * Return: what the engine says in the end.
 */
s64 taiji_call_again(enum taiji_call func, u64 arg)
{
	s64 result;

	do {
		result = kvm_payload_call(func, arg, 0, 0);
		cond_resched();
	} while (result == -EAGAIN);
	return result;
}

/**
 * taiji_call_range - a call for sections, of which it does some at a time
 * @func:	TAIJI_CALL_DONATE, _GROW, _SHRINK, _ALLOW, _DROP, _HIDE or _SHOW
 * @ipa:	of the first
 * @nr:		how many
 * @flag:	the call's third argument
 *
 * Context: may sleep.
 * Return: 0, or why a section cannot be dealt with; those before it have been.
 */
int taiji_call_range(enum taiji_call func, u64 ipa, unsigned long nr, bool flag)
{
	s64 done;

	for (; nr; nr -= done, ipa += done << TAIJI_SECTION_SHIFT) {
		done = kvm_payload_call(func, ipa, nr, flag);
		if (done < 0)
			return done;
		if (WARN_ON_ONCE(done > nr))
			return -EINVAL;
		cond_resched();
	}
	return 0;
}

/**
 * taiji_swap - swap a section out or in, bring it home, or move its store
 * @func:	TAIJI_CALL_OUT, _IN, _HOME or _COMPACT
 * @ipa:	of the section
 *
 * The engine comes back whenever an interrupt is pending, so this holds nothing
 * off for longer than one micro-page takes.
 *
 * Context: may sleep; taiji_gate held.
 * Return: 0 or the engine's error.
 */
int taiji_swap(enum taiji_call func, u64 ipa)
{
	int err;

	lockdep_assert_held(&taiji_gate);

	err = call_to_the_end(func, ipa);
	/* Half a section that is out costs store and frees no frame. */
	if (err == -ENOMEM && func == TAIJI_CALL_OUT)
		call_to_the_end(TAIJI_CALL_IN, ipa);
	return err;
}

/**
 * taiji_swap_out_if_worth - swap a section out if that makes room
 * @ipa:	of the section
 *
 * What does not pack stays in: outside it would take as much. One that is partly
 * out already goes whatever it packs to, as that frees a frame.
 *
 * Context: may sleep; taiji_gate held; the thread stays on its CPU.
 * Return: 0, -E2BIG when it stays in for that reason, or the engine's error.
 */
int taiji_swap_out_if_worth(u64 ipa)
{
	struct taiji_cpu_stats *stats = &taiji.cpus[raw_smp_processor_id()];
	u64 pages = READ_ONCE(stats->swap_out), bytes = READ_ONCE(stats->bytes_out);
	int err;

	err = call_up_to(TAIJI_CALL_OUT, ipa, 0, SAMPLE);
	if (!err) {
		pages = READ_ONCE(stats->swap_out) - pages;
		bytes = READ_ONCE(stats->bytes_out) - bytes;
		if (pages == SAMPLE && bytes * 16 > pages * TAIJI_PAGE_SIZE * 15)
			err = -E2BIG;
		else
			err = call_up_to(TAIJI_CALL_OUT, ipa, SAMPLE, TAIJI_SECTION_PAGES);
	}
	if (err == -ENOMEM || err == -E2BIG)
		call_to_the_end(TAIJI_CALL_IN, ipa);
	return err;
}

/**
 * taiji_swap_away - take sections out of reach before they are swapped out one by one
 * @ipa:	of the first of 64
 * @mask:	which of them
 *
 * All of them share one flush of the TLBs of all CPUs. It is for speed only: what is not
 * taken away here is by taiji_swap_out_if_worth().
 *
 * Context: may sleep; taiji_gate held.
 */
void taiji_swap_away(u64 ipa, u64 mask)
{
	s64 seen;

	while (mask) {
		seen = kvm_payload_call(TAIJI_CALL_AWAY, ipa, mask, 0);
		if (seen <= 0 || seen > 63)
			return;
		mask = mask >> seen << seen;
		cond_resched();
	}
}

/**
 * taiji_swap_allow - say whether sections may be swapped
 * @ipa:	of the first
 * @nr:		how many
 * @allow:	whether
 *
 * Context: may sleep; taiji_gate held.
 * Return: 0 or the engine's error.
 */
int taiji_swap_allow(u64 ipa, unsigned long nr, bool allow)
{
	unsigned long index = taiji_index(ipa);
	int err = taiji_call_range(TAIJI_CALL_ALLOW, ipa, nr, allow);

	if (err)
		return err;

	if (allow)
		bitmap_set(taiji.swappable, index, nr);
	else
		bitmap_clear(taiji.swappable, index, nr);
	taiji.nr_swappable = bitmap_weight(taiji.swappable, taiji_nr_sections());
	return 0;
}

/*
 * One that is busy, or finds no room, is left for the next round, and the others
 * are tried all the same: they may make room. Any other error ends this one.
 */
static int swap_all(enum taiji_call func)
{
	int err, later = 0;
	unsigned long i;

	for_each_set_bit(i, taiji.swappable, taiji_nr_sections()) {
		err = taiji_swap(func, taiji_ipa(i));
		/* What a device uses is at home. */
		if (err == -EADDRINUSE)
			continue;
		if (err == -EBUSY || err == -ENOMEM)
			later = later ?: err;
		else if (err)
			return err;
	}
	return later;
}

static bool is_any_out(void)
{
	const struct taiji_shared *s = taiji.shared;

	return READ_ONCE(s->pages_zero) || READ_ONCE(s->pages_same) || READ_ONCE(s->pages_lz4) ||
	       READ_ONCE(s->pages_raw) || READ_ONCE(s->sections_absent);
}

static u64 sections_out(void)
{
	return READ_ONCE(taiji.shared->sections_out);
}

/**
 * taiji_swap_all_in - bring everything in, to where the host takes it to be
 *
 * The store may live in some section's home until the last that it keeps is in,
 * and what it keeps may be scattered over frames that are needed, so one round
 * may not be enough.
 *
 * Context: may sleep; taiji_gate held, and nobody swaps out.
 * Return: 0, -EBUSY when it does not come to an end, -ENOMEM when it does not
 * fit.
 */
int taiji_swap_all_in(void)
{
	int err, round = 0;
	u64 out;

	if (is_any_out())
		taiji_free_pages_drop();
	do {
		out = sections_out();
		err = swap_all(TAIJI_CALL_IN) ?: swap_all(TAIJI_CALL_HOME);
		if (err != -EBUSY && err != -ENOMEM)
			break;
		swap_all(TAIJI_CALL_COMPACT);
		/* As long as it gets less, it is worth going on. */
		if (sections_out() >= out)
			round++;
	} while (round < 8);
	return err;
}

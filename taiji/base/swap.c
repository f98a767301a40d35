// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls into the engine that move sections. All of them under taiji_gate, with
 * the system switched.
 */

#include <linux/bitmap.h>
#include <linux/sched.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

/**
 * taiji_swap - swap a section out or in, or bring it home
 * @func:	TAIJI_CALL_OUT, _IN or _HOME
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
	s64 from = 0;

	lockdep_assert_held(&taiji_gate);

	while (from < TAIJI_SECTION_PAGES) {
		from = kvm_payload_call(func, ipa, from, 0);
		if (from < 0)
			return from;
		cond_resched();
	}
	return 0;
}

/**
 * taiji_swap_allow - say whether sections may be swapped
 * @ipa:	of the first
 * @nr:		how many
 * @allow:	whether
 *
 * Context: taiji_gate held.
 * Return: 0 or the engine's error.
 */
int taiji_swap_allow(u64 ipa, unsigned long nr, bool allow)
{
	unsigned long index = taiji_index(ipa);
	s64 err = kvm_payload_call(TAIJI_CALL_ALLOW, ipa, nr, allow);

	if (err)
		return err;

	if (allow)
		bitmap_set(taiji.swappable, index, nr);
	else
		bitmap_clear(taiji.swappable, index, nr);
	taiji.nr_swappable = bitmap_weight(taiji.swappable, taiji_nr_sections());
	return 0;
}

/* One that is busy is left for the next round; any other error ends this one. */
static int swap_all(enum taiji_call func)
{
	int err, busy = 0;
	unsigned long i;

	for_each_set_bit(i, taiji.swappable, taiji_nr_sections()) {
		err = taiji_swap(func, taiji_ipa(i));
		if (err == -EBUSY)
			busy = err;
		else if (err)
			return err;
	}
	return busy;
}

/**
 * taiji_swap_all_in - bring everything in, to where the host takes it to be
 *
 * The store may live in some section's home until the last that it keeps is in,
 * so one round may not be enough.
 *
 * Context: may sleep; taiji_gate held, and nobody swaps out.
 * Return: 0, -EBUSY when it does not come to an end, -ENOMEM when it does not
 * fit.
 */
int taiji_swap_all_in(void)
{
	int err, round;

	for (round = 0; round < 8; round++) {
		err = swap_all(TAIJI_CALL_IN) ?: swap_all(TAIJI_CALL_HOME);
		if (err != -EBUSY)
			break;
	}
	return err;
}

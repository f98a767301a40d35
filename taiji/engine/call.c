// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way in: calls of the base, aborts of the host.
 */
#include "age.h"
#include "allow.h"
#include "arena.h"
#include "block.h"
#include "call.h"
#include "compact.h"
#include "cpu.h"
#include "donate.h"
#include "drop.h"
#include "grow.h"
#include "hide.h"
#include "home.h"
#include "relief.h"
#include "start.h"
#include "stats.h"
#include "stop.h"
#include "store.h"
#include "swap_in.h"
#include "swap_out.h"
#include "whole.h"

/*
 * Is there a state, and does this CPU have a place in it? Its number comes from memory that the
 * host can write to.
 */
static bool call_is_ready(void)
{
	return arena && arch_cpu() < __atomic_load_n(&arena->nr_cpus, __ATOMIC_ACQUIRE);
}

bool engine_abort(ipa_t at, enum engine_fault kind)
{
	struct section *s;
	u64 since;

	if (!call_is_ready())
		return false;
	since = arch_clock();
	this_cpu()->looked = since;
	stats_count(&my_stats()->aborts);
	stats_count(&my_stats()->kinds[kind]);
	s = section_at(at);
	if (s && kind != FAULT_OTHER && swap_in_fault(s, at, kind, since)) {
		stats_longest(&my_stats()->longest_abort, arch_clock() - this_cpu()->looked);
		return true;
	}
	stats_count(&my_stats()->unowned);
	return false;
}

/* What is done a section at a time. */
static s64 call_section(u64 call, struct section *s, u64 flag)
{
	switch (call) {
	case TAIJI_CALL_DONATE:
		return donate_section(s);
	case TAIJI_CALL_ALLOW:
		return allow_section(s, flag);
	case TAIJI_CALL_HIDE:
		return hide_section(s);
	case TAIJI_CALL_SHOW:
		return hide_show(s);
	default:
		return -TAIJI_ENOSYS;
	}
}

/* Some of @n sections: how many, or why not the first. */
static s64 call_some(u64 call, struct section *s, u64 n, u64 flag)
{
	s64 result;

	switch (call) {
	case TAIJI_CALL_GROW:
		return grow_sections(s, n < GROW_BATCH ? n : GROW_BATCH);
	case TAIJI_CALL_SHRINK:
		return grow_shrink(s, n < GROW_BATCH ? n : GROW_BATCH);
	case TAIJI_CALL_DROP:
		return drop_sections(s, n < DROP_BATCH ? n : DROP_BATCH);
	default:
		result = call_section(call, s, flag);
		return result ? result : 1;
	}
}

/* How many of @n; or, when that is none, why not the first, unless it is for an interrupt. */
static s64 call_sections(u64 call, struct section *s, u64 n, u64 flag)
{
	u64 done = 0;
	s64 result;

	if (!s)
		return -TAIJI_EINVAL;
	do {
		result = call_some(call, section_after(s, done), n - done, flag);
		if (result < 0)
			return done || result == -TAIJI_EAGAIN ? (s64)done : result;
		done += result;
	} while (done < n && !cpu_irq_pending());
	return done;
}

static s64 call_owned(u64 call, struct section *s, u64 from, u64 to)
{
	switch (call) {
	case TAIJI_CALL_OUT:
		return swap_out_section(s, from, to);
	case TAIJI_CALL_IN:
		return swap_in_section(s, from);
	case TAIJI_CALL_COMPACT:
		return compact_section(s, from);
	case TAIJI_CALL_HOME:
		return home_section(s, from);
	default:
		return -TAIJI_ENOSYS;
	}
}

static s64 call_pages(u64 call, struct section *s, u64 from, u64 to)
{
	s64 result;

	if (!to)
		to = TAIJI_SECTION_PAGES;
	if (!s || from >= to || to > TAIJI_SECTION_PAGES)
		return -TAIJI_EINVAL;
	if (!section_own(s))
		return -TAIJI_EBUSY;
	result = call_owned(call, s, from, to);
	section_disown(s);
	/* The store is full for everybody but the machine's victim. */
	if (call == TAIJI_CALL_OUT && result == -TAIJI_ENOMEM)
		relief_step();
	return result;
}

static s64 call_age(struct section *s, u64 n)
{
	return s && n <= TAIJI_AGE_SECTIONS ? age_sections(s, n) : 0;
}

static s64 call_away(struct section *s, u64 mask)
{
	if (!s)
		return -TAIJI_EINVAL;
	return swap_out_away(s, mask);
}

static s64 call_discard(u64 at)
{
	struct section *s = section_at(ipa(at));

	return s && !(at & (TAIJI_PAGE_SIZE - 1)) ? drop_page(s, ipa(at)) : -TAIJI_EINVAL;
}

static s64 call_collapse(struct section *s, u64 n, u64 queued)
{
	if (n > BLOCK_MAX_SECTIONS || (!s && !queued))
		return -TAIJI_EINVAL;
	return queued ? whole_collapse(n) : block_collapse_sections(s, n);
}

static s64 call_started(u64 call, u64 a, u64 b, u64 c)
{
	switch (call) {
	case TAIJI_CALL_NOP:
		return 0;
	case TAIJI_CALL_STOP:
		return stop_stop();
	case TAIJI_CALL_RECLAIM:
		return donate_reclaim();
	case TAIJI_CALL_DONATE:
	case TAIJI_CALL_GROW:
	case TAIJI_CALL_SHRINK:
	case TAIJI_CALL_DROP:
	case TAIJI_CALL_ALLOW:
	case TAIJI_CALL_HIDE:
	case TAIJI_CALL_SHOW:
		return call_sections(call, section_range(a, b), b, c);
	case TAIJI_CALL_OUT:
	case TAIJI_CALL_IN:
	case TAIJI_CALL_HOME:
	case TAIJI_CALL_COMPACT:
		return call_pages(call, section_range(a, 1), b, c);
	case TAIJI_CALL_DISCARD:
		return call_discard(a);
	case TAIJI_CALL_AWAY:
		return call_away(section_range(a, b ? 64 - __builtin_clzll(b) : 0), b);
	case TAIJI_CALL_AGE:
		return call_age(section_range(a, b), b);
	case TAIJI_CALL_COLLAPSE:
		return call_collapse(section_range(a, b), b, c);
	default:
		return -TAIJI_ENOSYS;
	}
}

s64 engine_call(u64 call, u64 a, u64 b, u64 c)
{
	s64 result;

	if (call == TAIJI_CALL_START)
		return start_start(pa(a));
	if (call == TAIJI_CALL_ADOPT)
		return start_adopt(pa(a));
	if (call == TAIJI_CALL_FORGET)
		return start_forget();
	if (!call_is_ready())
		return call == TAIJI_CALL_NOP ? 0 : -TAIJI_EINVAL;
	stats_count(&my_stats()->calls);
	this_cpu()->looked = arch_clock();
	result = call_started(call, a, b, c);
	stats_publish();
	stats_longest(&my_stats()->longest_call, arch_clock() - this_cpu()->looked);
	return result;
}

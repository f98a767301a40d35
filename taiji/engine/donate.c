// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that the host lends us. The base has allocated the memory and promises not to touch it;
 * its content is lost.
 */
#include "cpu.h"
#include "donate.h"
#include "home.h"

#define DONATE_LOOK	64	/* sections between two looks at the interrupts */

s64 donate_section(struct section *s)
{
	u64 word;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	word = section_word(s);
	if (!section_is_home_block(s, word) || word & SECTION_KEPT) {
		section_disown(s);
		return -TAIJI_EINVAL;
	}
	section_seal(s);
	arch_unmap(section_ipa(s));
	cpu_flush(s, 1);
	__atomic_fetch_add(&arena->nr_donated, 1, __ATOMIC_RELAXED);
	section_put_frame(s, section_index(s));
	section_become(s, SECTION_RAM | SECTION_DONATED | (word & SECTION_SWAPPABLE) | FRAME_NONE);
	return 0;
}

/* Owned, and its frame has been claimed. */
static void donate_give_back(struct section *s)
{
	u64 swappable = section_word(s) & SECTION_SWAPPABLE;

	arch_map_block(section_ipa(s), frame_pa(section_index(s)));
	arch_publish();
	section_seal(s);
	section_become(s, SECTION_RAM | SECTION_BLOCK | swappable | section_index(s) |
		       TAIJI_SECTION_PAGES * SECTION_RESIDENT);
	__atomic_fetch_sub(&arena->nr_donated, 1, __ATOMIC_RELAXED);
}

/*
 * 0 when the host has it again. The section is owned while its frame is emptied, so that nobody
 * else gives it back and it is not the host's own that has to leave.
 */
static s64 donate_try(struct section *s, bool empty)
{
	u32 home = section_index(s);
	s64 result = -TAIJI_EBUSY;

	if (!(section_word(s) & SECTION_DONATED) || !section_own(s))
		return -TAIJI_EBUSY;
	if (section_word(s) & SECTION_DONATED) {
		if (frame_claim(home, home, 0))
			result = 0;
		else if (empty)
			result = home_claim(s);
	}
	if (result)
		section_disown(s);
	else
		donate_give_back(s);
	return result;
}

/*
 * The search goes on where the last call ended, whatever that came to: so it ends, however few
 * sections are looked at in a call. Any donated frame that is free will do; only when a round has
 * found none, somebody has to leave one; and when the next round has not helped, it is over.
 */
struct donate_search {
	u32 at;
	u32 seen;
	s64 result;
};

/* The next section. False when the call is over. */
static bool donate_next(struct donate_search *search)
{
	struct section *s = section_nth(search->at);
	s64 result = donate_try(s, search->seen >= arena->nr_sections);

	search->result = -TAIJI_EAGAIN;
	if (result == -TAIJI_EAGAIN)
		return false;
	search->at = (search->at + 1) % arena->nr_sections;
	search->seen++;
	if (!result || search->seen >= 2 * arena->nr_sections) {
		search->seen = 0;
		search->result = result ? -TAIJI_EBUSY : (s64)section_ipa(s).val;
		return false;
	}
	return search->seen % DONATE_LOOK || !cpu_irq_pending();
}

/* Calls at the same time may look at a section twice or not at all: none is lost by that. */
s64 donate_reclaim(void)
{
	struct donate_search search = {
		.at = __atomic_load_n(&arena->reclaim_at, __ATOMIC_RELAXED),
		.seen = __atomic_load_n(&arena->reclaim_seen, __ATOMIC_RELAXED),
	};

	do {
		if (!__atomic_load_n(&arena->nr_donated, __ATOMIC_RELAXED)) {
			search.result = -TAIJI_ENOENT;
			break;
		}
	} while (donate_next(&search));
	__atomic_store_n(&arena->reclaim_at, search.at, __ATOMIC_RELAXED);
	__atomic_store_n(&arena->reclaim_seen, search.seen, __ATOMIC_RELAXED);
	return search.result;
}

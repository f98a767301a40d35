// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that the host lends us. The base has allocated the memory and promises not to touch it;
 * its content is lost.
 */
#include "check.h"
#include "donate.h"
#include "home.h"
#include "stats.h"

#define DONATE_SCAN	256

static s64 donate_section(struct section *s)
{
	u64 word;

	if (!section_own(s))
		return -TAIJI_EBUSY;
	if (!section_is_home_block(s, section_word(s))) {
		section_disown(s);
		return -TAIJI_EINVAL;
	}
	section_seal(s);
	arch_unmap(section_ipa(s));
	arch_flush(section_ipa(s));
	word = section_word(s);
	while (!section_change(s, &word, SECTION_RAM | SECTION_DONATED |
			       (word & SECTION_SWAPPABLE) | FRAME_NONE))
		;
	frame_put(section_index(s));
	return 0;
}

/* Its frame has been claimed. */
static void donate_give_back(struct section *s)
{
	u64 word = section_word(s);

	arch_map_block(section_ipa(s), frame_pa(section_index(s)));
	arch_publish();
	while (!section_change(s, &word, SECTION_RAM | SECTION_BLOCK | (word & SECTION_SWAPPABLE) |
			       TAIJI_SECTION_PAGES * SECTION_RESIDENT | section_index(s)))
		;
}

s64 donate_frames(struct section *s, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		s64 result = donate_section(&s[i]);

		if (!result)
			continue;
		/*
		 * All or nothing, unless another CPU has put one to use already: then RECLAIM gets
		 * it.
		 */
		while (i--) {
			if (frame_claim(section_index(&s[i]), section_index(&s[i]), 0))
				donate_give_back(&s[i]);
		}
		return result;
	}
	return 0;
}

/*
 * Any donated frame that is free will do. Only when none is, somebody has to leave one. The search
 * goes on where the last one ended, so that one section in the way does not stop it for ever.
 */
s64 donate_reclaim(void)
{
	u32 start = __atomic_load_n(&arena->reclaim, __ATOMIC_RELAXED);
	u32 taken = FRAME_NONE;
	s64 result;

	for (u32 k = 0; k < arena->nr_frames; k++) {
		u32 i = (start + k) % arena->nr_frames;

		if (!(k % DONATE_SCAN) && k && stats_irq_pending())
			return -TAIJI_EAGAIN;
		if (!(section_word(&arena->sections[i]) & SECTION_DONATED))
			continue;
		if (frame_claim(i, i, 0)) {
			donate_give_back(&arena->sections[i]);
			return frame_pa(i).val;
		}
		if (taken == FRAME_NONE && frame_owner(i) < arena->nr_sections)
			taken = i;
	}
	if (taken == FRAME_NONE)
		return arena->shared->store_frames ? -TAIJI_EBUSY : -TAIJI_ENOENT;
	result = home_vacate(taken);
	if (result && result != -TAIJI_EAGAIN)
		__atomic_store_n(&arena->reclaim, taken + 1, __ATOMIC_RELAXED);
	return result ? result : -TAIJI_EAGAIN;
}

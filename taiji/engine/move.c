// SPDX-License-Identifier: GPL-2.0-only
#include "block.h"
#include "check.h"
#include "cpu.h"
#include "move.h"
#include "page.h"

bool move_begin(struct section *s, u32 target)
{
	if (section_word(s) & SECTION_BLOCK && !block_split(s))
		return false;
	/* Sealed, so that nothing is mapped in the old frame between the flush and the flag. */
	section_seal(s);
	block_hold(s);
	s->target = target;
	section_set_sealed(s, SECTION_MOVING, 0);
	section_unseal(s);
	return true;
}

void move_page(struct section *s, u64 word, u32 i)
{
	u64 from = frame_pa(section_frame(word)).val + ((u64)i << TAIJI_PAGE_SHIFT);

	__builtin_memcpy(arch_va(section_page(s, word, i)), arch_va(pa(from)), TAIJI_PAGE_SIZE);
}

/* False when there was nothing to do. */
static bool move_held(struct section *s, u64 word, u32 i)
{
	u64 *entry = &section_table(s)[i];
	u64 e = page_load(entry);

	if (!page_held(e) || e & PAGE_MOVED || !page_change(entry, &e, page_entry(PAGE_BUSY)))
		return false;
	move_page(s, word, i);
	page_store(entry, page_entry(PAGE_HELD) | PAGE_MOVED);
	return true;
}

static void move_end(struct section *s)
{
	u64 *table = section_table(s);
	u64 word;
	u32 old;

	section_seal(s);
	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		u64 e = page_load(&table[i]);

		DEBUG_ENSURE(!page_busy(e) && (!page_held(e) || e & PAGE_MOVED));
		if (page_held(e))
			page_store(&table[i], e & ~PAGE_MOVED);
	}
	word = section_word(s);
	old = section_frame(word);
	while (!section_change(s, &word, section_with_frame(word, s->target) & ~SECTION_MOVING))
		;
	section_unseal(s);
	/* Nothing has been mapped there since move_begin() flushed. */
	section_put_frame(s, old);
}

bool move_run(struct section *s)
{
	u64 word = section_word(s);

	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		if (move_held(s, word, i) && cpu_irq_pending())
			return false;
	}
	move_end(s);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "block.h"
#include "check.h"
#include "cpu.h"
#include "page.h"
#include "pin.h"
#include "stats.h"
#include "store.h"

bool block_split(struct section *s)
{
	ipa_t at = section_ipa(s);
	u64 *table;

	DEBUG_ENSURE(pin_is_away(s));
	if (!section_table_alloc(s))
		return false;
	table = section_table(s);
	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++)
		page_store(&table[i], page_entry(PAGE_HELD) | PAGE_SYNCED);

	section_seal(s);
	arch_unmap(at);
	arch_flush(at);
	arch_map_table(at, store_page(s->table));
	section_set_sealed(s, SECTION_TABLE, SECTION_BLOCK);
	section_unseal(s);
	return true;
}

static bool block_hold_page(u64 *entry)
{
	u64 e = page_load(entry);
	u64 held;

	do {
		if (!page_valid(e))
			return false;
		held = page_entry(PAGE_HELD) | (arch_leaf_exec(e) ? PAGE_SYNCED : 0);
	} while (!page_change(entry, &e, held));
	return true;
}

bool block_hold(struct section *s, u32 from)
{
	u64 *table = section_table(s);
	bool stale = false;

	for (u32 i = from; i < TAIJI_SECTION_PAGES; i++)
		stale |= block_hold_page(&table[i]);
	if (stale)
		arch_flush(section_ipa(s));
	return stale;
}

static bool block_synced(u64 e)
{
	return page_valid(e) ? arch_leaf_exec(e) : page_held(e) && e & PAGE_SYNCED;
}

/*
 * A block is executable as a whole, so fetch must see all of it. False when the micro-page is not
 * in.
 *
 * A leaf that changes here needs no flush: the block's own will do, and a CPU that holds the old
 * one until then takes a fault.
 */
static bool block_sync_page(struct section *s, u64 word, u32 i)
{
	u64 *entry = &section_table(s)[i];
	pa_t page = section_page(s, word, i);
	u64 e = page_load(entry);
	u64 synced;

	if (!page_valid(e) && !page_held(e))
		return false;
	arch_sync_icache(arch_va(page));
	do {
		if (page_held(e)) {
			synced = e | PAGE_SYNCED;
		} else {
			synced = arch_leaf(page, true);
			if (!arch_leaf_young(e))
				synced = arch_leaf_mkold(synced);
		}
	} while (!page_change(entry, &e, synced));
	return true;
}

/* False: not all is in, or an interrupt waits. */
static bool block_sync(struct section *s, u64 word)
{
	u64 *table = section_table(s);

	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		if (block_synced(page_load(&table[i])))
			continue;
		if (!block_sync_page(s, word, i) || cpu_irq_pending())
			return false;
	}
	return true;
}

static bool block_whole(u64 word)
{
	return word & SECTION_TABLE && !(word & SECTION_MOVING) &&
	       section_resident(word) == TAIJI_SECTION_PAGES;
}

bool block_collapse(struct section *s)
{
	u64 word = section_word(s);
	ipa_t at = section_ipa(s);

	if (!block_whole(word) || !block_sync(s, word))
		return false;

	/* Only the owner takes micro-pages out, so all stay in; a fault may have mapped some. */
	section_seal(s);
	arch_unmap(at);
	arch_flush(at);
	section_table_free(s);
	arch_map_block(at, frame_pa(section_frame(word)));
	section_set_sealed(s, SECTION_BLOCK, SECTION_TABLE);
	section_unseal(s);
	pin_put_back(s);
	stats_count(&my_stats()->collapsed);
	return true;
}

u32 block_collapse_sections(struct section *s, u32 n)
{
	bool done;

	for (u32 i = 0; i < n; i++) {
		struct section *at = section_after(s, i);

		/* An owner swaps it out, or in and makes a block of it itself. */
		if (!block_whole(section_word(at)) || !section_own(at))
			continue;
		done = block_collapse(at);
		section_disown(at);
		if (cpu_irq_pending())
			return done ? i + 1 : i;
	}
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "batch.h"
#include "block.h"
#include "check.h"
#include "cpu.h"
#include "page.h"
#include "pin.h"
#include "stats.h"
#include "store.h"

bool block_split_begin(struct section *s)
{
	u64 *table;

	DEBUG_ENSURE(pin_is_away(s));
	if (!section_table_alloc(s))
		return false;
	table = section_table(s);
	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++)
		page_store(&table[i], page_entry(PAGE_HELD) | PAGE_SYNCED);
	section_seal(s);
	arch_unmap(section_ipa(s));
	return true;
}

void block_split_end(struct section *s)
{
	arch_map_table(section_ipa(s), store_page(s->table));
	section_set_sealed(s, SECTION_TABLE, SECTION_BLOCK);
	section_unseal(s);
}

bool block_split(struct section *s)
{
	if (!block_split_begin(s))
		return false;
	cpu_flush(s, 1);
	block_split_end(s);
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

bool block_hold_begin(struct section *s)
{
	u64 *table = section_table(s);
	bool stale = false;

	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++)
		stale |= block_hold_page(&table[i]);
	return stale;
}

void block_hold(struct section *s)
{
	if (block_hold_begin(s))
		cpu_flush(s, 1);
}

static bool block_synced(u64 e)
{
	return page_valid(e) ? arch_leaf_exec(e) : page_held(e) && e & PAGE_SYNCED;
}

/*
 * Fetch sees what was in it when it was cleaned, and what the host writes later is the host's to
 * care for.
 *
 * A leaf that changes here needs no flush: the block's own will do, and a CPU that holds the old
 * one until then takes a fault.
 */
static void block_set_synced(u64 *entry, pa_t page)
{
	u64 e = page_load(entry);
	u64 synced;

	do {
		if (page_held(e)) {
			synced = e | PAGE_SYNCED;
		} else {
			synced = arch_leaf(page, true);
			if (!arch_leaf_young(e))
				synced = arch_leaf_mkold(synced);
		}
	} while (!page_change(entry, &e, synced));
}

/*
 * A block is executable as a whole, so fetch must see all of it. First all micro-pages are cleaned,
 * until an interrupt waits, then fetch is renewed once. False: not all is in, or an interrupt
 * waits; what was done is kept.
 */
static bool block_sync(struct section *s, u64 word)
{
	u64 cleaned[TAIJI_SECTION_PAGES / 64] = { 0 };
	u64 *table = section_table(s);
	bool all = true, any = false;

	for (u32 i = 0; all && i < TAIJI_SECTION_PAGES; i++) {
		u64 e = page_load(&table[i]);

		if (block_synced(e))
			continue;
		if (!page_valid(e) && !page_held(e)) {
			all = false;
			break;
		}
		arch_clean_page(arch_va(section_page(s, word, i)));
		cleaned[i / 64] |= BIT_ULL(i % 64);
		any = true;
		all = !cpu_irq_pending();
	}
	if (!any)
		return all;
	arch_renew_fetch();
	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		if (cleaned[i / 64] & BIT_ULL(i % 64))
			block_set_synced(&table[i], section_page(s, word, i));
	}
	return all;
}

/* Owned. False when it is not all in, or an interrupt came first. */
static bool block_collapse_begin(struct section *s)
{
	u64 word = section_word(s);

	if (!block_whole(word) || !block_sync(s, word))
		return false;
	/* Only the owner takes micro-pages out, so all stay in; a fault may have mapped some. */
	section_seal(s);
	arch_unmap(section_ipa(s));
	return true;
}

static void block_collapse_end(struct section *s)
{
	section_table_free(s);
	arch_map_block(section_ipa(s), frame_pa(section_frame(section_word(s))));
	section_set_sealed(s, SECTION_BLOCK, SECTION_TABLE);
	section_unseal(s);
	pin_put_back(s);
	stats_count(&my_stats()->collapsed);
}

bool block_collapse(struct section *s)
{
	if (!block_collapse_begin(s))
		return false;
	cpu_flush(s, 1);
	block_collapse_end(s);
	return true;
}

u32 block_collapse_sections(struct section *first, u32 n)
{
	struct batch b = { .first = first };
	struct section *s;

	BUILD_BUG_ON(BLOCK_MAX_SECTIONS > BATCH_MAX);
	while ((s = batch_next(&b, n))) {
		bool begun = false;

		/* An owner swaps it out, or in and makes a block of it itself. */
		if (block_whole(section_word(s)) && section_own(s)) {
			begun = block_collapse_begin(s);
			if (!begun)
				section_disown(s);
			if (cpu_irq_pending()) {
				/* One that is not done is the next call's. */
				if (begun)
					batch_add(&b, true);
				break;
			}
		}
		batch_add(&b, begun);
	}
	batch_flush(&b);
	while ((s = batch_take(&b))) {
		block_collapse_end(s);
		section_disown(s);
	}
	return b.dealt;
}

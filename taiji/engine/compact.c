// SPDX-License-Identifier: GPL-2.0-only
#include "compact.h"
#include "cpu.h"
#include "page.h"
#include "stats.h"
#include "store.h"

#define COMPACT_LOOK	32	/* micro-pages between two looks at the interrupts */

/* The table of a split section is in the store as well. */
static void compact_table(struct section *s)
{
	u64 old = store_of_page(s->table);
	u64 new = store_alloc_better(old);
	ipa_t at = section_ipa(s);

	if (new == STORE_NONE)
		return;
	/* No fault writes to the old one any more, nor does the machine after the flush. */
	section_seal(s);
	arch_unmap(at);
	cpu_flush(s, 1);
	__builtin_memcpy(arch_va(store_pa(new)), arch_va(store_pa(old)), TAIJI_PAGE_SIZE);
	s->table = store_page_of(new);
	arch_map_table(at, store_page(s->table));
	section_unseal(s);
	store_free(old);
}

static u64 compact_object(u64 e)
{
	u64 old = page_value(e);
	u64 new = store_alloc_better(old);

	if (new == STORE_NONE)
		return e;
	__builtin_memcpy(arch_va(store_pa(new)), arch_va(store_pa(old)), page_length(e));
	store_free(old);
	stats_count(&my_stats()->compacted);
	return page_entry_out(page_state(e), new, page_length(e));
}

static bool compact_page(u64 *entry)
{
	u64 e = page_load(entry);
	u64 new;

	if (!page_stored(e) || !page_change(entry, &e, page_entry(PAGE_BUSY)))
		return false;
	new = compact_object(e);
	page_store(entry, new);
	return new != e;
}

/* A fault on what is being moved is taken again, for as long as it takes to copy it. */
s64 compact_section(struct section *s, u32 from)
{
	u64 *table;

	if (!(section_word(s) & SECTION_TABLE))
		return TAIJI_SECTION_PAGES;
	if (!from)
		compact_table(s);
	table = section_table(s);
	for (u32 i = from; i < TAIJI_SECTION_PAGES; i++) {
		if ((compact_page(&table[i]) || !(i % COMPACT_LOOK)) && cpu_irq_pending())
			return i + 1;
	}
	return TAIJI_SECTION_PAGES;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The access flags are cleared without a flush: a TLB that still knows a young entry hides touches
 * until it forgets it, which makes a section look older than it is for a while, and costs nobody
 * anything.
 */
#include "age.h"
#include "cpu.h"
#include "page.h"

static bool age_table(u64 *table)
{
	bool young = false;

	for (u32 i = 0; i < TAIJI_SECTION_PAGES; i++) {
		u64 e = page_load(&table[i]);

		while (page_valid(e) && arch_leaf_young(e)) {
			young = true;
			if (page_change(&table[i], &e, arch_leaf_mkold(e)))
				break;
		}
	}
	return young;
}

static u64 age_section(struct section *s)
{
	u64 word = section_word(s);
	u64 partial = 0;
	bool young;

	/* Without a frame there is nothing that could have been touched. */
	if (!(word & SECTION_MAPPED) || section_frame(word) == FRAME_NONE)
		return TAIJI_AGE_NONE;
	if (!section_enter(s, &word))
		return TAIJI_AGE_UNKNOWN;
	if (word & SECTION_BLOCK)
		young = arch_block_test_clear_young(section_ipa(s));
	else
		young = age_table(section_table(s));
	if (word & SECTION_TABLE && section_resident(word) < TAIJI_SECTION_PAGES)
		partial = TAIJI_AGE_PARTIAL;
	section_leave(s, 0);
	return partial | (young ? TAIJI_AGE_YOUNG : TAIJI_AGE_OLD);
}

u64 age_sections(struct section *s, u32 n)
{
	u64 ages = 0;
	u32 i;

	for (i = 0; i < n && (!i || !cpu_irq_pending()); i++)
		ages |= age_section(section_after(s, i)) << 4 * i;
	for (; i < n; i++)
		ages |= (u64)TAIJI_AGE_UNKNOWN << 4 * i;
	return ages;
}

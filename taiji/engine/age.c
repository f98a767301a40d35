// SPDX-License-Identifier: GPL-2.0-only
/*
 * The access flags are cleared without a flush: a TLB that still knows a young entry hides touches
 * until it forgets it, which makes a section look older than it is for a while, and costs nobody
 * anything.
 */
#include "age.h"
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

static bool age_section(struct section *s)
{
	bool young;
	u64 word;

	if (!section_enter(s, &word))
		return false;
	if (word & SECTION_BLOCK)
		young = arch_block_test_clear_young(section_ipa(s));
	else
		young = age_table(section_table(s));
	section_leave(s, 0);
	return young;
}

u64 age_sections(struct section *s, u32 n)
{
	u64 young = 0;

	for (u32 i = 0; i < n; i++)
		young |= (u64)age_section(&s[i]) << i;
	return young;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's stage 2: 4 KiB granule, the first look-up at level 1, VMID 0.
 * Descriptors as in the Arm ARM (DDI 0487), D8.3, without LPA2: bits [9:8] are
 * the shareability.
 *
 *	level 1	1 GiB blocks 1:1 for all there is, but for those that the engine looks after
 *	level 2	one entry a section, of a single array in the arena: found without a walk
 *	level 3	the engine's tables of micro-pages
 *
 * Memory is Normal write-back everywhere: stage 1 makes devices of what is a
 * device, the stronger of the two wins.
 */

#include "arch.h"
#include "arena.h"
#include "machine.h"
#include "linux/taiji_call.h"

#define DESC_VALID	BIT(0)
#define DESC_TABLE	BIT(1)	/* at levels 1 and 2 */
#define DESC_PAGE	BIT(1)	/* at level 3 */
#define DESC_NORMAL_WB	(0xfUL << 2)
#define DESC_RW		(3UL << 6)
#define DESC_INNER	(3UL << 8)
#define DESC_AF		BIT(10)
#define DESC_XN		BIT(54)
#define DESC_ADDR	0x0000fffffffff000UL

#define DESC_MEMORY	(DESC_VALID | DESC_NORMAL_WB | DESC_RW | DESC_INNER | DESC_AF)

#define GIB_SHIFT	30
#define GIB_SECTIONS	512

/* Level 2 is one array: entry i is the section arena->stage2_first + i. */
static u64 *entry_of(ipa_t section)
{
	return &arena->stage2[(section.val >> TAIJI_SECTION_SHIFT) - arena->stage2_first];
}

static u64 entry_read(ipa_t section)
{
	return __atomic_load_n(entry_of(section), __ATOMIC_RELAXED);
}

/* Release: what the entry leads to was written before. */
static void entry_write(ipa_t section, u64 entry)
{
	__atomic_store_n(entry_of(section), entry, __ATOMIC_RELEASE);
	dsb(ishst);
}

bool arch_stage2_init(unsigned int ipa_bits, ipa_t first, ipa_t end, pa_t *root)
{
	u64 nr = BIT(ipa_bits - GIB_SHIFT);
	u64 from = first.val >> GIB_SHIFT;
	u64 to = (end.val + BIT(GIB_SHIFT) - 1) >> GIB_SHIFT;
	u64 *level1 = arena_alloc(nr * sizeof(u64), nr * sizeof(u64));
	u64 *level2;
	u64 i;

	level2 = arena_alloc((to - from) * GIB_SECTIONS * sizeof(u64), TAIJI_PAGE_SIZE);
	if (!level1 || !level2)
		return false;

	arena->stage2 = level2;
	arena->stage2_first = from * GIB_SECTIONS;
	for (i = 0; i < (to - from) * GIB_SECTIONS; i++)
		level2[i] = (arena->stage2_first + i) << TAIJI_SECTION_SHIFT | DESC_MEMORY;

	for (i = 0; i < nr; i++) {
		if (i >= from && i < to)
			level1[i] = arena_pa(&level2[(i - from) * GIB_SECTIONS]).val |
				    DESC_VALID | DESC_TABLE;
		else
			level1[i] = i << GIB_SHIFT | DESC_MEMORY;
	}
	dsb(ishst);

	*root = arena_pa(level1);
	return true;
}

void arch_map_block(ipa_t section, pa_t frame)
{
	entry_write(section, frame.val | DESC_MEMORY);
}

void arch_map_table(ipa_t section, pa_t table)
{
	entry_write(section, table.val | DESC_VALID | DESC_TABLE);
}

void arch_unmap(ipa_t section)
{
	entry_write(section, 0);
}

bool arch_block_test_clear_young(ipa_t section)
{
	u64 old = entry_read(section);

	if ((old & (DESC_VALID | DESC_TABLE)) != DESC_VALID || !(old & DESC_AF))
		return false;

	/* Lost to another change of the entry: it is not idle. */
	__atomic_compare_exchange_n(entry_of(section), &old, old & ~DESC_AF, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return true;
}

void arch_block_set_young(ipa_t section)
{
	u64 old = entry_read(section);

	if ((old & (DESC_VALID | DESC_TABLE)) == DESC_VALID)
		__atomic_compare_exchange_n(entry_of(section), &old, old | DESC_AF, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	dsb(ishst);
}

u64 arch_leaf(pa_t page, bool exec)
{
	return page.val | DESC_MEMORY | DESC_PAGE | (exec ? 0 : DESC_XN);
}

bool arch_leaf_exec(u64 leaf)
{
	return !(leaf & DESC_XN);
}

bool arch_leaf_young(u64 leaf)
{
	return leaf & DESC_AF;
}

u64 arch_leaf_mkyoung(u64 leaf)
{
	return leaf | DESC_AF;
}

u64 arch_leaf_mkold(u64 leaf)
{
	return leaf & ~DESC_AF;
}

void arch_publish(void)
{
	dsb(ishst);
}

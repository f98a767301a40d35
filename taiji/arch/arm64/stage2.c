// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's stage 2: 4 KiB granule, VMID 0. Descriptors as in the Arm ARM
 * (DDI 0487), D8.3, without LPA2: bits [9:8] are the shareability.
 *
 *	level 0	where the IPA space has more than 43 bits: a table for each 512 GiB
 *	level 1	1 GiB blocks 1:1 for all there is, but for those that the engine looks after
 *	level 2	one entry a section, in the struct gib: found without a walk
 *	level 3	the engine's tables of micro-pages
 *
 * Up to 43 bits the first look-up is at level 1, in as many tables side by side as it
 * takes, aligned to their size; KVM makes VTCR_EL2 by the same rule. All there is
 * means what the CPU can address: devices can be anywhere in that, and the resource
 * tree does not know all of them.
 *
 * Memory is Normal write-back everywhere: stage 1 makes devices of what is a
 * device, the stronger of the two wins.
 */

#include "arch.h"
#include "frame.h"
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

#define TABLE_ENTRIES	512
#define LEVEL1_BITS	43	/* 16 tables side by side: what one look-up at level 1 can cover */

static u64 *entry_of(ipa_t section)
{
	u32 number = (section.val - arena->first) >> TAIJI_SECTION_SHIFT;

	return &gib_of(number)->stage2[number % GIB_SECTIONS];
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

static u64 table_entry(const u64 *table)
{
	return arena_pa(table).val | DESC_VALID | DESC_TABLE;
}

/* Of level 1: @nr entries, which arch_stage2_fill() writes. */
static u64 *level1_alloc(u64 nr)
{
	u64 size = nr * sizeof(u64);

	return arena_alloc(size, size > TAIJI_PAGE_SIZE ? size : TAIJI_PAGE_SIZE);
}

static u64 *level0_alloc(u64 nr)
{
	u64 *table = arena_alloc(TAIJI_PAGE_SIZE, TAIJI_PAGE_SIZE);
	u64 *level1;
	u64 i;

	for (i = 0; table && i < TABLE_ENTRIES; i++) {
		table[i] = 0;
		if (i >= nr)
			continue;
		level1 = level1_alloc(TABLE_ENTRIES);
		if (!level1)
			return NULL;
		table[i] = table_entry(level1);
	}
	return table;
}

bool arch_stage2_init(unsigned int ipa_bits, pa_t *root)
{
	u64 nr = BIT(ipa_bits - GIB_SHIFT);

	arena->stage2_bits = ipa_bits;
	if (ipa_bits <= LEVEL1_BITS)
		arena->stage2_root = level1_alloc(nr);
	else
		arena->stage2_root = level0_alloc(nr / TABLE_ENTRIES);
	if (!arena->stage2_root)
		return false;

	*root = arena_pa(arena->stage2_root);
	return true;
}

/* Where the entry of level 1 for this GiB is. */
static u64 *level1_at(u64 gib)
{
	u64 *table = arena->stage2_root;

	if (arena->stage2_bits <= LEVEL1_BITS)
		return &table[gib];
	table = arch_va(pa(table[gib / TABLE_ENTRIES] & DESC_ADDR));
	return &table[gib % TABLE_ENTRIES];
}

/* What maps it: a block, or the table of its sections. */
static u64 gib_entry(u64 gib)
{
	u64 at = gib << GIB_SHIFT;
	struct gib *g = NULL;

	if (at >= arena->first && at < arena->end)
		g = gib_of((at - arena->first) >> TAIJI_SECTION_SHIFT);
	return g ? table_entry(g->stage2) : at | DESC_MEMORY;
}

static void fill_sections(struct gib *gib)
{
	u64 at = frame_pa(gib_first(gib)).val;
	u64 i;

	for (i = 0; i < GIB_SECTIONS; i++)
		gib->stage2[i] = at | i << TAIJI_SECTION_SHIFT | DESC_MEMORY;
}

static void fill_level1(u64 from, u64 to)
{
	for (; from < to; from++)
		*level1_at(from) = gib_entry(from);
	dsb(ishst);
}

/* A table at a time: those of sections, then level 1. */
bool arch_stage2_fill(u64 *at)
{
	u64 nr_gibs = arena->nr_sections / GIB_SECTIONS;
	u64 nr = BIT(arena->stage2_bits - GIB_SHIFT);
	u64 i;

	if (*at < nr_gibs) {
		fill_sections(arena->gibs[*at]);
		++*at;
		return false;
	}

	i = (*at - nr_gibs) * TABLE_ENTRIES;
	if (i < nr) {
		fill_level1(i, i + TABLE_ENTRIES < nr ? i + TABLE_ENTRIES : nr);
		++*at;
	}
	return i + TABLE_ENTRIES >= nr;
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
	/* Where fetch sees what is written, it needs no fault to be told. */
	exec = exec || machine_fetch_is_coherent();
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine's side: arch.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "arch.h"
#include "fake.h"
#include "gib.h"
#include "schedule.h"

static u64 *section_entry(ipa_t section)
{
	u32 number = (section.val - arena->first) >> TAIJI_SECTION_SHIFT;

	return &gib_of(number)->stage2[number % GIB_SECTIONS];
}

/* Unmapped, and not flushed since. */
static u8 *section_stale(ipa_t section)
{
	return &fake.stale[(section.val - FAKE_RAM_START) >> TAIJI_SECTION_SHIFT];
}

/* Between looking and acting: leave the others time to get in between. */
static void stumble(void)
{
	if (fake.stumbles && !(fake_random() >> 16 & 63))
		fake_yield();
}

static void entry_write(u64 *entry, u64 e)
{
	__atomic_store_n(entry, e, __ATOMIC_RELEASE);
}

bool arch_stage2_init(unsigned int ipa_bits, pa_t *root)
{
	u64 size = fake.nr_sections / GIB_SECTIONS * sizeof(u64);

	if (arena->first != FAKE_RAM_START || ipa_bits > 48)
		return false;
	fake.stage2 = arena_alloc(size, TAIJI_PAGE_SIZE);
	if (!fake.stage2)
		return false;
	__builtin_memset(fake.stage2, 0, size);
	*root = arena_pa(fake.stage2);
	return true;
}

bool arch_stage2_fill(u64 *at)
{
	u64 nr = arena->nr_sections / GIB_SECTIONS;
	struct gib *gib;
	u64 first;

	if (*at == nr)
		return true;
	gib = arena->gibs[*at];
	first = gib_first(gib);
	for (u64 i = 0; i < GIB_SECTIONS; i++)
		gib->stage2[i] = (FAKE_RAM_START + ((first + i) << TAIJI_SECTION_SHIFT)) |
				 ARCH_LEAF_VALID | FAKE_YOUNG | FAKE_EXEC;
	entry_write(&fake.stage2[first / GIB_SECTIONS],
		    arena_pa(gib->stage2).val | ARCH_LEAF_VALID | FAKE_TABLE);
	return ++*at == nr;
}

/* Break before make: the entry is invalid, and every TLB knows. */
static void bug_if_not_broken(ipa_t section)
{
	if (__atomic_load_n(section_entry(section), __ATOMIC_RELAXED) & ARCH_LEAF_VALID)
		arch_bug("fake: valid entry replaced without a break");
	if (__atomic_load_n(section_stale(section), __ATOMIC_RELAXED))
		arch_bug("fake: entry made before the break was flushed");
}

void arch_map_block(ipa_t section, pa_t frame)
{
	bug_if_not_broken(section);
	entry_write(section_entry(section), frame.val | ARCH_LEAF_VALID | FAKE_YOUNG | FAKE_EXEC);
}

void arch_map_table(ipa_t section, pa_t table)
{
	bug_if_not_broken(section);
	entry_write(section_entry(section), table.val | ARCH_LEAF_VALID | FAKE_TABLE);
}

void arch_unmap(ipa_t section)
{
	__atomic_store_n(section_stale(section), 1, __ATOMIC_RELAXED);
	entry_write(section_entry(section), 0);
}

void arch_flush(ipa_t section)
{
	u64 number = (section.val - FAKE_RAM_START) >> TAIJI_SECTION_SHIFT;

	__atomic_fetch_add(&fake.flushes, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&fake.generations[number], 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < __atomic_load_n(&fake.nr_cpus, __ATOMIC_SEQ_CST); i++) {
		u64 *active = &fake.cpus[i].active;
		u64 seen = __atomic_load_n(active, __ATOMIC_SEQ_CST);

		while (seen & 1 && __atomic_load_n(active, __ATOMIC_ACQUIRE) == seen)
			fake_yield();
	}
	__atomic_store_n(section_stale(section), 0, __ATOMIC_RELAXED);
}

void arch_flush_sections(ipa_t first, u32 n)
{
	for (u32 i = 0; i < n; i++)
		arch_flush(ipa(first.val + i * TAIJI_SECTION_SIZE));
}

void arch_forget_page(ipa_t page)
{
	fake_tlb_drop(page.val);
}

bool arch_block_test_clear_young(ipa_t section)
{
	u64 *entry = section_entry(section);
	u64 e = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

	if (!(e & ARCH_LEAF_VALID) || e & FAKE_TABLE)
		arch_bug("fake: not a block");
	return __atomic_fetch_and(entry, ~FAKE_YOUNG, __ATOMIC_ACQ_REL) & FAKE_YOUNG;
}

void arch_block_set_young(ipa_t section)
{
	u64 *entry = section_entry(section);
	u64 e = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

	if (!(e & ARCH_LEAF_VALID) || e & FAKE_TABLE)
		arch_bug("fake: not a block");
	__atomic_fetch_or(entry, FAKE_YOUNG, __ATOMIC_ACQ_REL);
}

u64 arch_leaf(pa_t page, bool exec)
{
	stumble();
	return page.val | ARCH_LEAF_VALID | FAKE_YOUNG | (exec ? FAKE_EXEC : 0);
}

bool arch_leaf_exec(u64 leaf)
{
	return leaf & FAKE_EXEC;
}

bool arch_leaf_young(u64 leaf)
{
	return leaf & FAKE_YOUNG;
}

u64 arch_leaf_mkyoung(u64 leaf)
{
	stumble();
	return leaf | FAKE_YOUNG;
}

u64 arch_leaf_mkold(u64 leaf)
{
	stumble();
	return leaf & ~FAKE_YOUNG;
}

void arch_publish(void)
{
}

void arch_clean_page(void *page)
{
	stumble();
	if (fake_me->nr_cleaned == TAIJI_SECTION_PAGES)
		arch_bug("fake: more cleaned than a section has");
	fake_me->cleaned[fake_me->nr_cleaned++] = FAKE_RAM_START + (u64)((char *)page - fake.ram);
}

/* Fetch goes on with what it knew of a page that has not been cleaned. */
void arch_renew_fetch(void)
{
	__atomic_fetch_add(&fake.renewals, 1, __ATOMIC_RELAXED);
	while (fake_me->nr_cleaned)
		fake_icache_drop(fake_me->cleaned[--fake_me->nr_cleaned]);
}

void *arch_va(pa_t at)
{
	if (at.val < FAKE_RAM_START || at.val - FAKE_RAM_START >= fake.ram_size)
		arch_bug("fake: no memory there");
	return fake.ram + (at.val - FAKE_RAM_START);
}

unsigned int arch_cpu(void)
{
	return fake_me - fake.cpus;
}

bool arch_irq_pending(void)
{
	stumble();
	return fake.irq_rate && !(fake_random() % fake.irq_rate);
}

bool arch_irqs_masked(void)
{
	return fake_me->irqs_masked;
}

u64 arch_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void arch_relax(void)
{
	fake_yield();
}

void arch_bug(const char *what)
{
	fprintf(stderr, "BUG: %s\n", what);
	abort();
}

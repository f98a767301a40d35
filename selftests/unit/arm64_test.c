// SPDX-License-Identifier: GPL-2.0-only
/*
 * taiji/arch/arm64 in a process: the tables of the host's stage 2, walked as the architecture says,
 * what is invalidated and in which order, and how aborts are told apart.
 */
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "arm64_machine.h"
#include "call.h"
#include "gib.h"
#include "tap.h"

#define GIB		(1UL << 30)
#define ARENA_PA	(7 * GIB)
#define ARENA_SIZE	(2 * TAIJI_SECTION_SIZE)
#define FIRST		(2 * GIB + 3 * TAIJI_SECTION_SIZE)
#define END		(5 * GIB - TAIJI_SECTION_SIZE)

/* Descriptors of stage 2, from the Arm ARM and not from stage2.c. */
#define VALID		(1UL << 0)
#define TABLE		(1UL << 1)
#define ATTRIBUTES	0x7fcUL		/* all below the address */
#define NORMAL_WB	(0xfUL << 2)
#define READ_WRITE	(3UL << 6)
#define INNER		(3UL << 8)
#define ACCESSED	(1UL << 10)
#define EXECUTE_NEVER	(1UL << 54)
#define OUTPUT		0x0000fffffffff000UL

static struct machine_env env;
struct machine_env *machine_env = &env;

static struct {
	const char *instruction;
	u64 arg;
} notes[64];
static unsigned int nr_notes;

static u64 ctr, spsr, isr;

static ipa_t abort_at;
static enum engine_fault abort_kind;
static unsigned int nr_aborts;

void note(const char *instruction, u64 arg)
{
	if (nr_notes < 64) {
		notes[nr_notes].instruction = instruction;
		notes[nr_notes].arg = arg;
	}
	nr_notes++;
}

u64 register_value(const char *name)
{
	if (!strcmp(name, "ctr_el0"))
		return ctr;
	if (!strcmp(name, "spsr_el2"))
		return spsr;
	return strcmp(name, "isr_el1") ? 0 : isr;
}

void machine_stop(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

bool engine_abort(ipa_t at, enum engine_fault kind)
{
	abort_at = at;
	abort_kind = kind;
	nr_aborts++;
	return kind != FAULT_OTHER;
}

bool machine_abort(u64 at, u64 esr);

/* Were these instructions run since the last time, and nothing else? */
static bool ran(const char *list)
{
	char all[1024] = "";
	unsigned int i;
	bool same;

	for (i = 0; i < nr_notes && i < 64; i++) {
		strcat(all, i ? ", " : "");
		strcat(all, notes[i].instruction);
	}
	same = !strcmp(all, list);
	if (!same)
		printf("# instructions: %s\n", all);
	nr_notes = 0;
	return same;
}

/* The level at which KVM's VTCR_EL2 begins: up to 16 tables of it may lie side by side. */
static int start_level(unsigned int ipa_bits)
{
	return 4 - (int)(ipa_bits - 4 - 4) / 9;
}

/* The leaf for @at and its @level, 0 for none. */
static u64 walk(pa_t root, unsigned int ipa_bits, u64 at, int *level)
{
	u64 *table = arch_va(root), index = at >> (39 - 9 * start_level(ipa_bits));
	u64 entry;

	for (*level = start_level(ipa_bits);; ++*level) {
		entry = table[index];
		if (!(entry & VALID) || *level == 3 || !(entry & TABLE))
			return entry & VALID ? entry : 0;
		table = arch_va(pa(entry & OUTPUT));
		index = at >> (39 - 9 * (*level + 1)) & 511;
	}
}

/* Where @at leads, if it is mapped as all memory is. */
static u64 output(pa_t root, unsigned int ipa_bits, u64 at)
{
	int level;
	u64 leaf = walk(root, ipa_bits, at, &level);
	u64 in = (1UL << (39 - 9 * level)) - 1;

	if ((leaf & ATTRIBUTES) != (NORMAL_WB | READ_WRITE | INNER | ACCESSED))
		return ~0UL;
	if (leaf & EXECUTE_NEVER || (leaf & OUTPUT) & in)
		return ~0UL;
	return (leaf & OUTPUT) | (at & in);
}

static void *memory;

/* The first and the last GiB of those that @FIRST and @END are in: between them is a hole. */
static void build_gibs(void)
{
	u64 first = FIRST & ~(GIB - 1);
	u64 size = (END / GIB + 1 - FIRST / GIB) * sizeof(struct gib *);

	arena->first = first;
	arena->low = FIRST;
	arena->end = END;
	arena->map = arena_alloc(size, 64);
	arena->gibs = arena_alloc(size, 64);
	memset(arena->map, 0, size);
	CHECK(gib_add(first));
	CHECK(gib_add(END & ~(GIB - 1)));
}

static pa_t build(unsigned int ipa_bits)
{
	pa_t root = pa(0);
	u64 at = 0;

	memory = aligned_alloc(TAIJI_SECTION_SIZE, ARENA_SIZE);
	memset(memory, 0xa5, ARENA_SIZE);
	env.window = (u64)memory - ARENA_PA;
	arena_open(ARENA_PA);
	arena_add(ARENA_PA + TAIJI_SECTION_SIZE);
	CHECK(arch_stage2_init(ipa_bits, &root));
	build_gibs();
	while (!arch_stage2_fill(&at))
		;
	nr_notes = 0;
	return root;
}

static void drop(void)
{
	arena_close();
	free(memory);
}

static void stage2_is_the_identity(void)
{
	static const unsigned int bits[] = { 36, 39, 40, 42, 43, 44, 47, 48 };
	unsigned int i;
	u64 at;

	for (i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		pa_t root = build(bits[i]);

		for (at = 0; at < 8 * GIB; at += 37 * TAIJI_PAGE_SIZE)
			CHECK_EQ(output(root, bits[i], at), at);
		for (at = 1UL << (bits[i] - 1); at; at = at >> 1)
			CHECK_EQ(output(root, bits[i], at), at);
		CHECK_EQ(output(root, bits[i], (1UL << bits[i]) - 1), (1UL << bits[i]) - 1);
		drop();
	}
}

static void too_small_an_arena_is_refused(void)
{
	pa_t root;

	build(48);
	CHECK(!arch_stage2_init(48, &root));
	drop();
}

static void a_section_has_one_entry(void)
{
	u64 at = FIRST + 5 * TAIJI_SECTION_SIZE;
	pa_t root = build(40);
	int level;

	arch_unmap(ipa(at));
	CHECK(ran("dsb ishst"));
	CHECK_EQ(walk(root, 40, at, &level), 0);
	CHECK_EQ(output(root, 40, at - 1), at - 1);
	CHECK_EQ(output(root, 40, at + TAIJI_SECTION_SIZE), at + TAIJI_SECTION_SIZE);

	arch_map_block(ipa(at), pa(3 * GIB));
	CHECK(ran("dsb ishst"));
	CHECK_EQ(output(root, 40, at + 4711), 3 * GIB + 4711);
	CHECK(walk(root, 40, at, &level));
	CHECK_EQ(level, 2);
	drop();
}

static void a_table_has_pages(void)
{
	u64 at = END - TAIJI_SECTION_SIZE;
	pa_t root = build(40);
	pa_t table = pa(ARENA_PA + ARENA_SIZE - TAIJI_PAGE_SIZE);
	u64 *entries = arch_va(table);
	int level;

	memset(entries, 0, TAIJI_PAGE_SIZE);
	entries[0] = arch_leaf(pa(9 * TAIJI_PAGE_SIZE), true);
	entries[511] = arch_leaf(pa(5 * TAIJI_PAGE_SIZE), false);
	entries[1] = ~ARCH_LEAF_VALID;
	arch_unmap(ipa(at));
	arch_map_table(ipa(at), table);

	CHECK_EQ(output(root, 40, at + 8), 9 * TAIJI_PAGE_SIZE + 8);
	CHECK_EQ(walk(root, 40, at, &level), 9 * TAIJI_PAGE_SIZE | NORMAL_WB | READ_WRITE | INNER |
		 ACCESSED | TABLE | VALID);
	CHECK_EQ(level, 3);
	CHECK(walk(root, 40, at + 511 * TAIJI_PAGE_SIZE, &level) & EXECUTE_NEVER);
	CHECK_EQ(walk(root, 40, at + TAIJI_PAGE_SIZE, &level), 0);
	CHECK_EQ(walk(root, 40, at + 2 * TAIJI_PAGE_SIZE, &level), 0);
	drop();
}

static void a_leaf_says_what_it_is(void)
{
	u64 leaf = arch_leaf(pa(0xfffffffff000), true);

	CHECK(leaf & ARCH_LEAF_VALID);
	CHECK(arch_leaf_exec(leaf));
	CHECK(arch_leaf_young(leaf));
	CHECK(!arch_leaf_exec(arch_leaf(pa(0), false)));
	CHECK(!arch_leaf_young(arch_leaf_mkold(leaf)));
	CHECK_EQ(arch_leaf_mkyoung(arch_leaf_mkold(leaf)), leaf);
	CHECK_EQ(leaf & OUTPUT, 0xfffffffff000);
}

static void a_block_is_young_once(void)
{
	u64 at = FIRST + TAIJI_SECTION_SIZE;
	pa_t root = build(40);
	int level;

	CHECK(arch_block_test_clear_young(ipa(at)));
	CHECK(!(walk(root, 40, at, &level) & ACCESSED));
	CHECK(!arch_block_test_clear_young(ipa(at)));
	arch_block_set_young(ipa(at));
	CHECK_EQ(output(root, 40, at), at);
	CHECK(arch_block_test_clear_young(ipa(at)));

	/* Neither what is not there nor a table has an age. */
	arch_unmap(ipa(at));
	arch_block_set_young(ipa(at));
	CHECK(!arch_block_test_clear_young(ipa(at)));
	CHECK_EQ(walk(root, 40, at, &level), 0);
	arch_map_table(ipa(at), pa(ARENA_PA + ARENA_SIZE - TAIJI_PAGE_SIZE));
	CHECK(!arch_block_test_clear_young(ipa(at)));
	drop();
}

static void a_flush_is_complete(void)
{
	env.flags = 0;
	nr_notes = 0;
	arch_flush(ipa(FIRST));
	CHECK(ran("dsb ishst, tlbi vmalls12e1is, dsb ish, isb"));

	/* What permits more needs no broadcast. */
	arch_forget_page(ipa(FIRST + 3 * TAIJI_PAGE_SIZE));
	CHECK_EQ(notes[1].arg, FIRST / TAIJI_PAGE_SIZE + 3);
	CHECK(ran("dsb nshst, tlbi ipas2e1, dsb nsh, tlbi vmalle1, dsb nsh, isb"));
}

#define AGAIN "tlbi vale2is, dsb ish, isb"

static void a_flush_is_repeated_where_it_has_to_be(void)
{
	nr_notes = 0;
	env.flags = MACHINE_REPEAT_TLBI;
	arch_flush(ipa(FIRST));
	CHECK(ran("dsb ishst, tlbi vmalls12e1is, dsb ish, " AGAIN));
	env.flags = ~MACHINE_REPEAT_TLBI;
	arch_flush(ipa(FIRST));
	CHECK(ran("dsb ishst, tlbi vmalls12e1is, dsb ish, isb"));
	env.flags = 0;
}

static void caches_are_cleaned_where_they_have_to_be(void)
{
	static char page[TAIJI_PAGE_SIZE] __aligned(TAIJI_PAGE_SIZE);
	unsigned int i;

	/* Lines of 1 KiB, so that the notes hold them. */
	ctr = 8UL << 16;
	nr_notes = 0;
	arch_clean_page(page);
	arch_renew_fetch();
	for (i = 0; i < 4; i++)
		CHECK_EQ(notes[i].arg, (u64)page + 1024 * i);
	CHECK(ran("dc cvau, dc cvau, dc cvau, dc cvau, dsb ish, ic ialluis, dsb ish, isb"));

	ctr = 8UL << 16 | BIT(28);
	arch_clean_page(page);
	arch_renew_fetch();
	CHECK(ran("dsb ish, ic ialluis, dsb ish, isb"));

	ctr = 8UL << 16 | BIT(28) | BIT(29);
	CHECK(arch_leaf_exec(arch_leaf(pa(0), false)));
	arch_clean_page(page);
	arch_renew_fetch();
	CHECK(ran("dsb ish, isb"));

	ctr = 4UL << 16;
	arch_clean_page(page);
	CHECK_EQ(nr_notes, 64);
	nr_notes = 0;
}

/* ESR_EL2: the class, 0x20 for a fetch and 0x24 for data, and what @fault says of the status. */
static enum engine_fault kind_of(u64 class, u64 fault)
{
	unsigned int before = nr_aborts;

	CHECK_EQ(machine_abort(0x40001234, class << 26 | 1 << 25 | fault),
		 abort_kind != FAULT_OTHER);
	CHECK_EQ(nr_aborts, before + 1);
	CHECK_EQ(abort_at.val, 0x40001234);
	return abort_kind;
}

static void aborts_are_told_apart(void)
{
	u64 status, level, is;

	for (is = 0; is < 4; is++) {
		/* A write, or a walk of stage 1: both change nothing. */
		u64 flags = (is & 1) << 6 | (is & 2) << 6;

		for (level = 0; level < 4; level++) {
			CHECK_EQ(kind_of(0x24, flags | 0x04 | level), FAULT_TRANSLATION);
			CHECK_EQ(kind_of(0x20, flags | 0x04 | level), FAULT_FETCH);
			CHECK_EQ(kind_of(0x24, flags | 0x08 | level), FAULT_ACCESS_FLAG);
			CHECK_EQ(kind_of(0x20, flags | 0x08 | level), FAULT_ACCESS_FLAG);
			CHECK_EQ(kind_of(0x24, flags | 0x0c | level), FAULT_OTHER);
			CHECK_EQ(kind_of(0x20, flags | 0x0c | level), FAULT_EXEC);
		}
	}
	for (status = 0; status < 64; status++) {
		if (status >= 4 && status < 16)
			continue;
		CHECK_EQ(kind_of(0x24, status), FAULT_OTHER);
		CHECK_EQ(kind_of(0x20, status), FAULT_OTHER);
	}
}

static void the_host_is_seen_as_it_is(void)
{
	env.cpu = 200;
	CHECK_EQ(arch_cpu(), 200);
	isr = 0;
	CHECK(!arch_irq_pending());
	isr = BIT(7);
	CHECK(arch_irq_pending());
	isr = 0;
}

int main(void)
{
	tap_begin();
	TAP_RUN(stage2_is_the_identity);
	TAP_RUN(too_small_an_arena_is_refused);
	TAP_RUN(a_section_has_one_entry);
	TAP_RUN(a_table_has_pages);
	TAP_RUN(a_leaf_says_what_it_is);
	TAP_RUN(a_block_is_young_once);
	TAP_RUN(a_flush_is_complete);
	TAP_RUN(a_flush_is_repeated_where_it_has_to_be);
	TAP_RUN(caches_are_cleaned_where_they_have_to_be);
	TAP_RUN(aborts_are_told_apart);
	TAP_RUN(the_host_is_seen_as_it_is);
	return tap_end();
}

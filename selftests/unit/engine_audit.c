// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "cpu.h"
#include "engine_audit.h"
#include "engine_host.h"
#include "fake.h"
#include "frame.h"
#include "page.h"
#include "section.h"
#include "store.h"

/* As in frame.c: it is in the stack of free frames, or at hand for a CPU. */
#define LINKED	((u32)BIT_ULL(31))

struct sums {
	u64 absent;
	u64 out;
	u64 donated;
	u64 pages[PAGE_RAW + 1];
};

static bool good;

#define EXPECT(condition, what, number) do { \
	if (!(condition)) { \
		printf("# audit: %s %u: %s\n", what, number, #condition); \
		good = false; \
	} \
} while (0)

/* What CPUs keep for themselves goes to the figures at the end of a call. */
static void publish(void)
{
	for (u32 i = 0; i < host.cpus; i++) {
		fake_cpu(i, i + 1);
		engine_call(TAIJI_CALL_NOP, 0, 0, 0);
	}
	fake_cpu(0, 1);
}

static u8 *find_links(void)
{
	u8 *links = calloc(arena->nr_sections, 1);
	u32 frame = arena->free_head;

	while (frame != FRAME_NONE && !links[frame]) {
		links[frame]++;
		frame = frame_at(frame)->next;
	}
	EXPECT(frame == FRAME_NONE, "stack, frame", frame);
	for (u32 i = 0; i < host.cpus; i++) {
		if (cpu_at(i)->frame != FRAME_NONE)
			links[cpu_at(i)->frame]++;
	}
	return links;
}

static bool has_frame(u32 section, u32 frame)
{
	const struct section *s = section_of(section);
	u64 word = section_word(s);

	return section_frame(word) == frame || (word & SECTION_MOVING && s->target == frame);
}

static void audit_frames(void)
{
	u8 *links = find_links();
	u32 nr_free = 0, store = 0;

	for (u32 i = 0; i < host.ram; i++) {
		u32 owner = frame_owner(i);
		bool linked = frame_at(i)->state & LINKED;

		EXPECT(links[i] == linked, "frame", i);
		nr_free += owner == FRAME_FREE;
		store += owner == FRAME_STORE;
		if (owner == FRAME_FREE)
			EXPECT(linked, "frame", i);
		else if (owner == FRAME_FOREIGN)
			EXPECT(section_frame(section_word(section_of(i))) == FRAME_NONE &&
			       !(section_word(section_of(i)) & SECTION_DONATED), "frame", i);
		else if (owner != FRAME_STORE)
			EXPECT(owner < arena->nr_sections && has_frame(owner, i), "frame", i);
	}
	free(links);
	EXPECT(nr_free == arena->nr_free, "free", nr_free);
	EXPECT(nr_free == host.shared->free_frames, "free", nr_free);
	EXPECT(store == arena->store_frames, "store", store);
	EXPECT(store == host.shared->store_frames, "store", store);
}

static void audit_table(u32 i, u64 word, struct sums *sums)
{
	const u64 *table = section_table(section_of(i));
	u32 resident = 0;

	for (u32 k = 0; k < TAIJI_SECTION_PAGES; k++) {
		u64 e = page_load(&table[k]);

		EXPECT(!page_busy(e), "section", i);
		if (page_valid(e) || page_held(e))
			resident++;
		else
			sums->pages[page_state(e)]++;
	}
	EXPECT(resident == section_resident(word), "section", i);
}

/* What the machine sees of it. */
static void audit_stage2(u32 i, u64 word)
{
	u64 e = gib_of(i)->stage2[i % GIB_SECTIONS];
	u64 at = e & FAKE_ADDRESS;

	if (word & SECTION_BLOCK)
		EXPECT(e & ARCH_LEAF_VALID && !(e & FAKE_TABLE) &&
		       at == frame_pa(section_frame(word)).val, "section", i);
	else if (word & SECTION_TABLE)
		EXPECT(e & ARCH_LEAF_VALID && e & FAKE_TABLE &&
		       at == store_page(section_of(i)->table).val, "section", i);
	else if (word & (SECTION_RAM | SECTION_GROWN))
		EXPECT(!(e & ARCH_LEAF_VALID), "section", i);
}

static void audit_section(u32 i, struct sums *sums)
{
	const struct section *s = section_of(i);
	u64 word = section_word(s);
	bool home = section_is_home_block(s, word);

	EXPECT(!section_users(word), "section", i);
	EXPECT(!(word & (SECTION_OWNED | SECTION_SEALED)), "section", i);
	EXPECT(!!(word & SECTION_BLOCK) + !!(word & SECTION_TABLE) + !!(word & SECTION_ABSENT) +
	       !!(word & SECTION_DONATED) <= 1, "section", i);
	if (section_frame(word) != FRAME_NONE)
		EXPECT(word & SECTION_MAPPED && frame_owner(section_frame(word)) == i, "section",
		       i);
	if (word & SECTION_MOVING)
		EXPECT(word & SECTION_TABLE && frame_owner(s->target) == i, "section", i);
	/* Invariant 3. */
	if (word & SECTION_OURS && !(word & SECTION_SWAPPABLE))
		EXPECT(home, "section", i);
	if (word & SECTION_OURS)
		EXPECT(home == (host.units[i] >= 0), "section", i);
	sums->absent += !!(word & SECTION_ABSENT);
	sums->donated += !!(word & SECTION_DONATED);
	sums->out += word & SECTION_TABLE && section_frame(word) == FRAME_NONE;
	if (word & SECTION_TABLE)
		audit_table(i, word, sums);
	audit_stage2(i, word);
}

bool audit(void)
{
	struct sums sums = { };

	good = true;
	publish();
	audit_frames();
	for (u32 i = 0; i < arena->nr_sections; i++)
		audit_section(i, &sums);
	EXPECT(sums.donated == arena->nr_donated, "donated", (u32)sums.donated);
	EXPECT(sums.absent == host.shared->sections_absent, "absent", (u32)sums.absent);
	EXPECT(sums.out == host.shared->sections_out, "out", (u32)sums.out);
	EXPECT(sums.pages[PAGE_ZERO] == host.shared->pages_zero, "zero",
	       (u32)sums.pages[PAGE_ZERO]);
	EXPECT(sums.pages[PAGE_SAME] == host.shared->pages_same, "same",
	       (u32)sums.pages[PAGE_SAME]);
	EXPECT(sums.pages[PAGE_LZ4] == host.shared->pages_lz4, "packed",
	       (u32)sums.pages[PAGE_LZ4]);
	EXPECT(sums.pages[PAGE_RAW] == host.shared->pages_raw, "raw", (u32)sums.pages[PAGE_RAW]);
	return good;
}

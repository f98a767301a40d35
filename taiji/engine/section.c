// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"
#include "cpu.h"
#include "page.h"
#include "section.h"
#include "stats.h"
#include "store.h"

struct section *section_at(ipa_t at)
{
	u32 number = (at.val - arena->first) >> TAIJI_SECTION_SHIFT;

	if (at.val < arena->low || at.val >= arena->end || !gib_of(number))
		return NULL;
	return section_of(number);
}

struct section *section_range(u64 at, u64 n)
{
	struct section *s = section_at(ipa(at));
	u64 first, last;

	if (!s || at & (TAIJI_SECTION_SIZE - 1) || !n ||
	    n > (arena->end - at) >> TAIJI_SECTION_SHIFT)
		return NULL;
	first = section_index(s);
	last = first + n - 1;
	for (u64 i = first / GIB_SECTIONS; i <= last / GIB_SECTIONS; i++) {
		if (!arena->map[i])
			return NULL;
	}
	return s;
}

bool section_own(struct section *s)
{
	struct cpu *cpu;

	if (__atomic_fetch_or(&s->word, SECTION_OWNED, __ATOMIC_SEQ_CST) & SECTION_OWNED)
		return false;
	/* Either STOP finds it owned, or that it was, or we find that it is too late. */
	cpu = this_cpu();
	__atomic_store_n(&cpu->owned, cpu->owned + 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&arena->stopping, __ATOMIC_SEQ_CST))
		return true;
	section_disown(s);
	return false;
}

void section_seal(struct section *s)
{
	u64 word = __atomic_or_fetch(&s->word, SECTION_SEALED, __ATOMIC_ACQ_REL);

	DEBUG_ENSURE(word & SECTION_OWNED);
	while (section_users(word)) {
		arch_relax();
		word = section_word(s);
	}
}

void section_set_sealed(struct section *s, u64 set, u64 clear)
{
	u64 word = section_word(s);

	DEBUG_ENSURE(word & SECTION_SEALED && !section_users(word));
	while (!section_change(s, &word, (word & ~clear) | set))
		;
}

void section_unseal(struct section *s)
{
	__atomic_fetch_and(&s->word, ~SECTION_SEALED, __ATOMIC_RELEASE);
}

void section_put_frame(struct section *s, u32 frame)
{
	DEBUG_ENSURE(frame_owner(frame) == section_index(s));
	frame_put(frame);
}

/* Is its frame of no more use? */
static bool section_spent(u64 word)
{
	return word & SECTION_TABLE && section_frame(word) != FRAME_NONE &&
	       !section_resident(word) && !section_users(word) &&
	       !(word & (SECTION_OWNED | SECTION_MOVING));
}

static u64 section_add(struct section *s, u64 difference, u64 clear)
{
	u64 old = __atomic_load_n(&s->word, __ATOMIC_RELAXED);
	u64 word;
	bool spent;

	do {
		word = (old + difference) & ~clear;
		spent = section_spent(word);
		if (spent)
			word = section_with_frame(word, FRAME_NONE);
	} while (!section_change(s, &old, word));
	if (spent) {
		section_put_frame(s, section_frame(old));
		stats_figure(FIGURE_SECTIONS_OUT, 1);
	}
	return word;
}

void section_disown(struct section *s)
{
	section_add(s, 0, SECTION_OWNED | SECTION_SEALED);
}

void section_become(struct section *s, u64 word)
{
	DEBUG_ENSURE(section_word(s) & SECTION_SEALED && !section_users(section_word(s)));
	__atomic_store_n(&s->word, word, __ATOMIC_RELEASE);
}

bool section_enter(struct section *s, u64 *word)
{
	*word = section_word(s);
	do {
		if (!(*word & SECTION_MAPPED) || *word & SECTION_SEALED)
			return false;
	} while (!section_change(s, word, *word + SECTION_USER));
	return true;
}

u64 section_leave(struct section *s, u32 more)
{
	return section_add(s, more * SECTION_RESIDENT - SECTION_USER, 0);
}

u64 *section_table(const struct section *s)
{
	return arch_va(store_page(s->table));
}

bool section_table_alloc(struct section *s)
{
	u64 at = store_alloc(TAIJI_PAGE_SIZE);

	if (at == STORE_NONE)
		return false;
	s->table = store_page_of(at);
	stats_figure(FIGURE_METADATA, TAIJI_PAGE_SIZE);
	return true;
}

void section_table_free(struct section *s)
{
	store_free(store_of_page(s->table));
	stats_figure(FIGURE_METADATA, -(s64)TAIJI_PAGE_SIZE);
}

#ifdef TAIJI_DEBUG
u16 *section_sum(const struct section *s, u32 i)
{
	u32 number = section_index(s);

	return &gib_of(number)->sums[number % GIB_SECTIONS][i];
}
#endif

pa_t section_page(const struct section *s, u64 word, u32 i)
{
	u32 frame = word & SECTION_MOVING ? s->target : section_frame(word);

	return pa(frame_pa(frame).val + ((u64)i << TAIJI_PAGE_SHIFT));
}

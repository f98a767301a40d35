// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap-out: first the whole section is unmapped, with one flush; only then does content leave
 * (invariant 2), micro-page by micro-page, as long as no interrupt waits. A micro-page that is
 * touched meanwhile is mapped again by its fault, and stays.
 *
 * Between two calls nothing is owned. If the base never comes back, what is out is out and what is
 * HELD is mapped when touched.
 */
#include "batch.h"
#include "block.h"
#include "check.h"
#include "codec.h"
#include "cpu.h"
#include "move.h"
#include "page.h"
#include "pin.h"
#include "stats.h"
#include "store.h"
#include "swap_out.h"

/* Keep the content of a page; returns the entry that finds it again, or 0 when there is no room. */
static u64 swap_out_keep(const void *page)
{
	struct cpu *cpu = this_cpu();
	const void *from = page;
	u32 length = TAIJI_PAGE_SIZE;
	u32 pattern;
	u32 packed;
	u64 at;

	if (codec_same(page, &pattern))
		return page_entry_out(pattern ? PAGE_SAME : PAGE_ZERO, pattern, TAIJI_PAGE_SIZE);
	packed = codec_pack(cpu->packed, STORE_MAX_PACKED, page, cpu->workmem);
	if (packed) {
		from = cpu->packed;
		length = packed;
	}
	at = store_alloc(length);
	if (at == STORE_NONE)
		return 0;
	__builtin_memcpy(arch_va(store_pa(at)), from, length);
	return page_entry_out(packed ? PAGE_LZ4 : PAGE_RAW, at, length);
}

s64 swap_out_page(struct section *s, u64 word, u32 i)
{
	u64 *entry = &section_table(s)[i];
	const void *page = arch_va(section_page(s, word, i));
	u64 held = page_load(entry);
	s64 bytes = 0;
	u64 out;

	if (!page_held(held) || !page_change(entry, &held, page_entry(PAGE_BUSY)))
		return 0;
	out = swap_out_keep(page);
	if (!out) {
		page_store(entry, held);
		return -TAIJI_ENOMEM;
	}
#ifdef TAIJI_DEBUG
	*section_sum(s, i) = codec_sum(page);
#endif
	stats_count(&my_stats()->swap_out);
	if (page_stored(out)) {
		stats_add(&my_stats()->bytes_out, page_length(out));
		bytes = store_size(page_value(out));
	}
	stats_figure(FIGURE_PAGES_ZERO + (page_state(out) - PAGE_ZERO), 1);
	page_store(entry, out);
	/* After the entry: until then the content is in the frame. */
	__atomic_fetch_sub(&s->word, SECTION_RESIDENT, __ATOMIC_RELEASE);
	return bytes;
}

static s64 swap_out_pages(struct section *s, u32 from, u32 to)
{
	u64 word = section_word(s);

	for (u32 i = from; i < to; i++) {
		if (swap_out_page(s, word, i) < 0) {
			/* If nothing went out, leave no table behind. */
			block_collapse(s);
			return -TAIJI_ENOMEM;
		}
		if (cpu_irq_pending())
			return i + 1;
	}
	return to;
}

/* Owned. Is there something to flush? Or why it cannot go. */
static s64 away_begin(struct section *s)
{
	if (section_word(s) & SECTION_TABLE)
		return block_hold_begin(s);
	if (!pin_take_away(s))
		return -TAIJI_EADDRINUSE;
	if (!block_split_begin(s)) {
		pin_put_back(s);
		return -TAIJI_ENOMEM;
	}
	return 1;
}

static void away_end(struct section *s)
{
	if (section_word(s) & SECTION_BLOCK)
		block_split_end(s);
}

s64 swap_out_prepare(struct section *s)
{
	s64 stale = away_begin(s);

	if (stale > 0) {
		cpu_flush(s, 1);
		away_end(s);
	}
	return stale < 0 ? stale : 0;
}

static bool away_can(u64 word)
{
	return word & SECTION_SWAPPABLE && word & SECTION_MAPPED && !(word & SECTION_MOVING) &&
	       section_frame(word) != FRAME_NONE;
}

static bool away_own(struct section *s)
{
	if (!away_can(section_word(s)) || !section_own(s))
		return false;
	if (away_can(section_word(s)) && away_begin(s) > 0)
		return true;
	section_disown(s);
	return false;
}

u32 swap_out_away(struct section *first, u64 mask)
{
	u32 n = 64 - __builtin_clzll(mask);
	struct batch b = { .first = first };
	struct section *s;

	while ((s = batch_next(&b, n))) {
		bool wanted = mask & BIT_ULL(b.dealt);

		batch_add(&b, wanted && away_own(s));
		if (wanted && cpu_irq_pending())
			break;
	}
	batch_flush(&b);
	while ((s = batch_take(&b))) {
		away_end(s);
		section_disown(s);
	}
	return b.dealt;
}

/*
 * What is touched after the flush is in use, and stays in even if the base calls again. A call that
 * has flushed does not come back without a micro-page done, so one that is touched again and again
 * is not flushed again and again.
 */
s64 swap_out_section(struct section *s, u32 from, u32 to)
{
	u64 word = section_word(s);
	s64 result = 0;

	if (!(word & SECTION_SWAPPABLE) || !(word & SECTION_OURS))
		return -TAIJI_EINVAL;
	if (section_frame(word) == FRAME_NONE)
		return TAIJI_SECTION_PAGES;
	if (word & SECTION_MOVING && !move_run(s))
		return from;
	if (!from || word & SECTION_BLOCK)
		result = swap_out_prepare(s);
	return result ? result : swap_out_pages(s, from, to);
}

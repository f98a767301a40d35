// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap-out: first the whole section is unmapped, with one flush; only then does content leave
 * (invariant 2), micro-page by micro-page, as long as no interrupt waits. A micro-page that is
 * touched meanwhile is mapped again by its fault, and stays.
 *
 * Between two calls nothing is owned. If the base never comes back, what is out is out and what is
 * HELD is mapped when touched.
 */
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

/* One micro-page; false when there is no room. */
static bool swap_out_page(struct section *s, u64 word, u32 i)
{
	u64 *entry = &section_table(s)[i];
	const void *page = arch_va(section_page(s, word, i));
	u64 held = page_load(entry);
	u64 out;

	if (!page_held(held) || !page_change(entry, &held, page_entry(PAGE_BUSY)))
		return true;
	out = swap_out_keep(page);
	if (!out) {
		page_store(entry, held);
		return false;
	}
#ifdef TAIJI_DEBUG
	*section_sum(s, i) = codec_sum(page);
#endif
	stats_count(&my_stats()->swap_out);
	if (page_stored(out))
		stats_add(&my_stats()->bytes_out, page_length(out));
	stats_figure(FIGURE_PAGES_ZERO + (page_state(out) - PAGE_ZERO), 1);
	page_store(entry, out);
	/* After the entry: until then the content is in the frame. */
	__atomic_fetch_sub(&s->word, SECTION_RESIDENT, __ATOMIC_RELEASE);
	return true;
}

static s64 swap_out_pages(struct section *s, u32 from, u32 to)
{
	u64 word = section_word(s);

	for (u32 i = from; i < to; i++) {
		if (!swap_out_page(s, word, i)) {
			/* If nothing went out, leave no table behind. */
			block_collapse(s);
			return -TAIJI_ENOMEM;
		}
		if (cpu_irq_pending())
			return i + 1;
	}
	return to;
}

s64 swap_out_section(struct section *s, u32 from, u32 to)
{
	u64 word = section_word(s);

	if (!(word & SECTION_SWAPPABLE) || !(word & SECTION_OURS))
		return -TAIJI_EINVAL;
	if (section_frame(word) == FRAME_NONE)
		return TAIJI_SECTION_PAGES;
	if (word & SECTION_MOVING && !move_run(s))
		return from;
	if (word & SECTION_BLOCK) {
		if (!pin_take_away(s))
			return -TAIJI_EADDRINUSE;
		if (!block_split(s)) {
			pin_put_back(s);
			return -TAIJI_ENOMEM;
		}
		/* That was work enough for one go. */
		if (cpu_irq_pending())
			return from;
	} else if (!from) {
		/*
		 * What is touched after this is in use, and stays in even if the base calls again.
		 */
		if (block_hold(s, 0) && cpu_irq_pending())
			return from;
	}
	return swap_out_pages(s, from, to);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is of memory while the system is switched: the engine's arena, the
 * figures, our own notes; what EL2 sees of it, and which of it may be swapped.
 */

#include <linux/bitmap.h>
#include <linux/dma-residency.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define PIECE_ORDER	(TAIJI_SECTION_SHIFT - PAGE_SHIFT)

static size_t shared_size(void)
{
	return PAGE_ALIGN(ALIGN(sizeof(struct taiji_shared), 64) +
			  nr_cpu_ids * sizeof(struct taiji_cpu_stats));
}

/* All that EL2 was shown is RAM. What becomes of it next may be text of another engine. */
static void unmap_all(const struct taiji_start *start)
{
	const struct taiji_range *last;

	if (!start || !start->nr_ranges)
		return;

	last = &start->ram[start->nr_ranges - 1];
	kvm_payload_unmap_window(start->first, last->start + last->size - start->first);
}

static size_t pieces_size(void)
{
	return PAGE_ALIGN(taiji.start->nr_pieces * sizeof(*taiji.pieces));
}

static void pieces_free(void)
{
	u32 i;

	if (!taiji.pieces)
		return;
	for (i = 0; i < taiji.start->nr_pieces && taiji.pieces[i]; i++)
		__free_pages(phys_to_page(taiji.pieces[i]), PIECE_ORDER);
	free_pages_exact(taiji.pieces, pieces_size());
}

void taiji_state_free(void)
{
	unmap_all(taiji.start);
	pieces_free();
	if (taiji.shared)
		free_pages_exact(taiji.shared, shared_size());
	taiji_pause_free();
	taiji_lru_stop();
	kvfree(taiji.swappable);
	taiji_layout_free(taiji.start);
	memset(&taiji, 0, sizeof(taiji));
}

static int by_address(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* The engine's arena: nothing of it has to be contiguous but a section. */
static int pieces_alloc(struct taiji_start *start)
{
	struct page *page;
	u32 i;

	start->nr_pieces = taiji_arena_pieces(start);
	taiji.pieces = alloc_pages_exact(pieces_size(), GFP_KERNEL | __GFP_ZERO);
	if (!taiji.pieces)
		return -ENOMEM;

	for (i = 0; i < start->nr_pieces; i++) {
		page = alloc_pages(TAIJI_GFP, PIECE_ORDER);
		if (!page) {
			pr_err("no %u MiB of memory for the engine's state\n",
			       start->nr_pieces << (TAIJI_SECTION_SHIFT - 20));
			return -ENOMEM;
		}
		taiji.pieces[i] = page_to_phys(page);
		cond_resched();
	}

	sort(taiji.pieces, start->nr_pieces, sizeof(*taiji.pieces), by_address, NULL);
	start->pieces = virt_to_phys(taiji.pieces);
	return 0;
}

static int shared_alloc(struct taiji_start *start)
{
	taiji.shared = alloc_pages_exact(shared_size(), GFP_KERNEL | __GFP_ZERO);
	taiji.swappable = kvcalloc(BITS_TO_LONGS(taiji_nr_sections()), sizeof(long), GFP_KERNEL);
	if (!taiji.shared || !taiji.swappable)
		return -ENOMEM;

	start->shared.start = virt_to_phys(taiji.shared);
	start->shared.size = shared_size();
	taiji.cpus = (void *)taiji.shared + ALIGN(sizeof(struct taiji_shared), 64);
	return 0;
}

/**
 * taiji_state_alloc - memory for the engine, and the layout that it is told
 *
 * Context: may sleep; on an error taiji_state_free() is still due.
 * Return: 0, -ENOMEM, or what taiji_layout_find() says.
 */
int taiji_state_alloc(void)
{
	struct taiji_start *start = taiji_layout_find();

	if (IS_ERR(start))
		return PTR_ERR(start);
	taiji.start = start;

	start->abi = TAIJI_ABI;
	start->nr_cpus = nr_cpu_ids;
	taiji_dma_units(start);
	return pieces_alloc(start) ?: shared_alloc(start) ?: taiji_lru_start();
}

static void note_movable_in(struct taiji_range ram)
{
	u64 at = ALIGN(max(ram.start, taiji.movable_from), TAIJI_SECTION_SIZE);

	for (; at + TAIJI_SECTION_SIZE <= ram.start + ram.size; at += TAIJI_SECTION_SIZE) {
		if (dma_residency_may_move(at))
			__set_bit(taiji_index(at), taiji.swappable);
		cond_resched();
	}
}

/* A look at each page: once. */
static void note_movable(void)
{
	u32 i;

	for (i = 0; i < taiji.start->nr_ranges; i++)
		note_movable_in(taiji.start->ram[i]);
}

static int map_pieces(void)
{
	int err = kvm_payload_map_window(taiji.start->pieces, pieces_size());
	u32 i;

	for (i = 0; i < taiji.start->nr_pieces && !err; i++)
		err = kvm_payload_map_window(taiji.pieces[i], TAIJI_SECTION_SIZE);
	return err;
}

/* They need not begin at a page. */
static int map_units(const struct taiji_range *units)
{
	u64 from = ALIGN_DOWN(units->start, PAGE_SIZE);

	return kvm_payload_map_window(from, ALIGN(units->start + units->size, PAGE_SIZE) - from);
}

/* Let EL2 see its state, the figures, and every section that may move. */
int taiji_state_map(void)
{
	struct taiji_start *start = taiji.start;
	unsigned long from, to;
	int err;

	err = kvm_payload_map_window(virt_to_phys(start), taiji_layout_size(start)) ?:
	      map_pieces() ?: kvm_payload_map_window(start->shared.start, start->shared.size);
	if (!err && start->units.size)
		err = map_units(&start->units);

	note_movable();
	for_each_set_bitrange(from, to, taiji.swappable, taiji_nr_sections())
		err = err ?: kvm_payload_map_window(taiji_ipa(from),
						    (to - from) << TAIJI_SECTION_SHIFT);
	return err;
}

/* Whatever can be swapped, may be; nothing where a device could reach it. */
int taiji_state_allow(void)
{
	unsigned long from, to;
	int err = 0;

	if (!taiji_dma_is_safe()) {
		pr_warn("so nothing is swappable\n");
		bitmap_zero(taiji.swappable, taiji_nr_sections());
		return 0;
	}

	for_each_set_bitrange(from, to, taiji.swappable, taiji_nr_sections())
		err = err ?: taiji_swap_allow(taiji_ipa(from), to - from, true);
	return err;
}


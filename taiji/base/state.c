// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is of memory while the system is switched: the engine's arena, the
 * figures, our own notes; what EL2 sees of it, and which of it may be swapped.
 */

#include <linux/bitmap.h>
#include <linux/dma-residency.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

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

void taiji_state_free(void)
{
	struct taiji_start *start = taiji.start;

	unmap_all(start);
	if (start && start->arena.size)
		free_pages_exact(phys_to_virt(start->arena.start), start->arena.size);
	if (taiji.shared)
		free_pages_exact(taiji.shared, shared_size());
	taiji_pause_free();
	taiji_lru_stop();
	bitmap_free(taiji.swappable);
	free_page((unsigned long)start);
	memset(&taiji, 0, sizeof(taiji));
}

/**
 * taiji_state_alloc - memory for the engine, and the layout that it is told
 *
 * Context: may sleep; on an error taiji_state_free() is still due.
 * Return: 0, -ENOMEM, or what taiji_layout_find() says.
 */
int taiji_state_alloc(void)
{
	struct taiji_start *start;
	void *arena;
	u64 size;
	int err;

	/* A page of its own, since EL2 sees pages. */
	start = (void *)get_zeroed_page(GFP_KERNEL);
	if (!start)
		return -ENOMEM;
	taiji.start = start;

	start->abi = TAIJI_ABI;
	start->nr_cpus = nr_cpu_ids;
	err = taiji_layout_find(start);
	if (err)
		return err;

	taiji_dma_units(start);
	size = taiji_arena_size(taiji_nr_sections(), start->nr_cpus);
	arena = alloc_pages_exact(size, TAIJI_GFP);
	taiji.shared = alloc_pages_exact(shared_size(), GFP_KERNEL | __GFP_ZERO);
	taiji.swappable = bitmap_zalloc(taiji_nr_sections(), GFP_KERNEL);
	if (arena) {
		start->arena.start = virt_to_phys(arena);
		start->arena.size = size;
	}
	if (!arena || !taiji.shared || !taiji.swappable) {
		pr_err("no %llu MiB of contiguous memory for the engine's state\n", size >> 20);
		return -ENOMEM;
	}

	start->shared.start = virt_to_phys(taiji.shared);
	start->shared.size = shared_size();
	taiji.cpus = (void *)taiji.shared + ALIGN(sizeof(struct taiji_shared), 64);
	return taiji_lru_start();
}

/* A look at each page: once. */
static void note_movable(void)
{
	unsigned long i;

	for (i = 0; i < taiji_nr_sections(); i++) {
		if (taiji_ipa(i) >= taiji.movable_from && dma_residency_may_move(taiji_ipa(i)))
			__set_bit(i, taiji.swappable);
		cond_resched();
	}
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

	BUILD_BUG_ON(sizeof(*start) > PAGE_SIZE);
	err = kvm_payload_map_window(virt_to_phys(start), PAGE_SIZE) ?:
	      kvm_payload_map_window(start->arena.start, start->arena.size) ?:
	      kvm_payload_map_window(start->shared.start, start->shared.size);
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


// SPDX-License-Identifier: GPL-2.0-only
/*
 * More memory: IPA above the RAM, hot-added as movable memory with no frames
 * behind it. First touch takes a frame; the frames come from what is swapped
 * out.
 */

#include <linux/dma-residency.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define RESOURCE_NAME	"System RAM (taiji)"

static u64 grown_end(void)
{
	return taiji.start->room.start + taiji.grown;
}

/* Sections that the engine has, and Linux has not. */
static void forget(u64 ipa, u64 size)
{
	unsigned long nr = size >> TAIJI_SECTION_SHIFT;
	int err;

	bitmap_clear(taiji.swappable, taiji_index(ipa), nr);
	taiji.nr_swappable = bitmap_weight(taiji.swappable, taiji_nr_sections());
	do {
		/* When it is busy, the reclaimer has one: for one micro-page's time. */
		err = taiji_call_range(TAIJI_CALL_SHRINK, ipa, nr, false);
	} while (err == -EBUSY);
	WARN_ON(err);
}

static int grow_block(u64 ipa, u64 size)
{
	unsigned long nr = size >> TAIJI_SECTION_SHIFT;
	int nid = page_to_nid(pfn_to_online_page(PHYS_PFN(taiji.start->ram[0].start)));
	int err;

	err = taiji_call_range(TAIJI_CALL_GROW, ipa, nr, false) ?:
	      taiji_swap_allow(ipa, nr, true);
	if (err)
		goto out_forget;

	err = add_memory_driver_managed(nid, ipa, size, RESOURCE_NAME, MHP_NONE);
	if (err)
		goto out_forget;

	if (!dma_residency_may_move(ipa)) {
		pr_err("memory does not come online as movable: too little is free, or boot with memhp_default_state=online_movable\n");
		err = offline_and_remove_memory(ipa, size) ?: -EINVAL;
		goto out_forget;
	}

	taiji.grown += size;
	return 0;

out_forget:
	forget(ipa, size);
	return err;
}

static int shrink_block(u64 size)
{
	u64 ipa = grown_end() - size;
	int err;

	/* Without a place to move to, Linux would try for ever. */
	if (si_mem_available() < (long)(size >> PAGE_SHIFT)) {
		pr_err("%llu MiB less is too little for what is in use\n", size >> 20);
		return -ENOMEM;
	}

	err = offline_and_remove_memory(ipa, size);
	if (err) {
		pr_err("Linux cannot spare the last %llu MiB: %d\n", size >> 20, err);
		return err;
	}

	taiji.grown -= size;
	forget(ipa, size);
	return 0;
}

/**
 * taiji_expand - set how much memory there is beyond the RAM
 * @bytes:	rounded down to memory blocks
 *
 * Goes block by block; what is reached before an error stays.
 *
 * Context: may sleep.
 * Return: 0, -ENODEV when the system is not switched, -EPERM when nothing may
 * be swapped, -ERANGE for more than there is room for, or what hot-plug says.
 */
int taiji_expand(u64 bytes)
{
	u64 block = memory_block_size_bytes();
	u64 target = ALIGN_DOWN(bytes, block);
	int err = 0;

	guard(mutex)(&taiji_lock);

	if (!taiji.on)
		return -ENODEV;
	if (!taiji.nr_swappable) {
		pr_err("nothing is swappable: boot with movablecore= and dma_residency\n");
		return -EPERM;
	}
	if (target > taiji.start->room.size) {
		pr_err("there is room for %llu MiB more, not for %llu\n",
		       taiji.start->room.size >> 20, bytes >> 20);
		return -ERANGE;
	}

	guard(rwsem_read)(&taiji_gate);

	while (!err && taiji.grown < target)
		err = grow_block(grown_end(), block);
	while (!err && taiji.grown > target)
		err = shrink_block(block);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that the host has given up for as long as the system is switched.
 */

#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

static void give_back(u64 at)
{
	kvm_payload_unmap_window(at, TAIJI_SECTION_SIZE);
	__free_pages(phys_to_page(at), TAIJI_SECTION_SHIFT - PAGE_SHIFT);
}

/*
 * Frames that are there from the start, so that the first swap-out has a place
 * for what it compresses.
 */
int taiji_reserve_donate(void)
{
	unsigned int nr = 8 + 4 * num_online_cpus();
	unsigned int order = TAIJI_SECTION_SHIFT - PAGE_SHIFT;
	struct page *page;
	phys_addr_t at;
	int err;

	while (taiji.donated < nr) {
		page = alloc_pages(TAIJI_GFP, order);
		if (!page) {
			pr_err("no %u MiB of memory for the reserve\n",
			       nr << (TAIJI_SECTION_SHIFT - 20));
			return -ENOMEM;
		}

		at = page_to_phys(page);
		err = kvm_payload_map_window(at, TAIJI_SECTION_SIZE) ?:
		      taiji_call_range(TAIJI_CALL_DONATE, at, 1, false);
		if (err) {
			give_back(at);
			return err;
		}
		taiji.donated++;
	}
	return 0;
}

int taiji_reserve_take_back(void)
{
	s64 at;

	while (taiji.donated) {
		at = taiji_call_again(TAIJI_CALL_RECLAIM, 0);
		if (at < 0)
			return at;

		give_back(at);
		taiji.donated--;
	}
	return 0;
}

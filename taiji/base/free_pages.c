// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Linux has free, nobody needs to keep: neither its content nor a frame.
 * Linux reports it some seconds after it became free, a pageblock at a time; a
 * first touch takes a frame again. Reports from outside of ZONE_MOVABLE are
 * declined: what is dropped may come back in another frame.
 */

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/page_reporting.h>
#include <linux/sched.h>
#include <linux/sort.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

/*
 * A dropped page comes back with any content. Linux must not count on what it
 * has written when it freed the page.
 */
static bool content_matters(void)
{
	return want_init_on_free() || page_poisoning_enabled_static();
}

static int cmp_u64(const void *a, const void *b)
{
	return *(u64 *)a < *(u64 *)b ? -1 : 1;
}

/* Neighbours share a flush. One that is on its way out or in is not worth waiting for. */
static void drop(u64 *from, unsigned int nr)
{
	unsigned int i = 0, n;
	s64 done;

	sort(from, nr, sizeof(*from), cmp_u64, NULL);
	while (i < nr) {
		for (n = 1; i + n < nr && from[i + n] == from[i] + n * TAIJI_SECTION_SIZE; n++)
			;
		done = kvm_payload_call(TAIJI_CALL_DROP, from[i], n, 0);
		i += done < 0 ? 1 : done;
		cond_resched();
	}
}

static int report(struct page_reporting_dev_info *prdev, struct scatterlist *sgl,
		  unsigned int nents)
{
	u64 at, end, from[2 * PAGE_REPORTING_CAPACITY];
	struct scatterlist *sg;
	unsigned int i, n = 0;

	/* Who switches holds it, and waits for us to unregister: Linux reports them again. */
	if (!down_read_trylock(&taiji_gate))
		return -EBUSY;

	for_each_sg(sgl, sg, nents, i) {
		at = ALIGN(page_to_phys(sg_page(sg)), TAIJI_SECTION_SIZE);
		end = page_to_phys(sg_page(sg)) + sg->length;
		for (; at + TAIJI_SECTION_SIZE <= end; at += TAIJI_SECTION_SIZE) {
			if (n == ARRAY_SIZE(from)) {
				drop(from, n);
				n = 0;
			}
			if (taiji_is_swappable(at))
				from[n++] = at;
		}
	}
	drop(from, n);
	up_read(&taiji_gate);
	return 0;
}

static struct page_reporting_dev_info reporting = {
	.report = report,
	.order = TAIJI_SECTION_SHIFT - PAGE_SHIFT,
};

static bool registered;

/**
 * taiji_free_pages_start - have free memory reported, and drop it
 *
 * Without it free memory costs store like any other, so a failure is said and
 * nothing else.
 *
 * Context: may sleep; system switched.
 */
void taiji_free_pages_start(void)
{
	int err = -EPERM;

	if (content_matters()) {
		pr_info("free memory keeps its content (init_on_free, page_poison): it is not dropped\n");
		return;
	}

	if (taiji.nr_swappable)
		err = page_reporting_register(&reporting);
	registered = !err;
	if (err == -EBUSY)
		pr_warn("another driver has free memory reported: it is not dropped\n");
}

/* Not with taiji_gate held: waits for a report in progress. */
void taiji_free_pages_stop(void)
{
	if (registered)
		page_reporting_unregister(&reporting);
	registered = false;
}

/**
 * taiji_free_pages_drop - drop what is free, now
 *
 * Takes it out of the allocator's hands for a moment, without asking anybody for
 * more, and tells the engine.
 *
 * Context: may sleep; taiji_gate held, system switched.
 */
void taiji_free_pages_drop(void)
{
	struct page *page, *next;
	LIST_HEAD(pages);
	u64 ipa;

	while ((page = alloc_pages(GFP_TRANSHUGE_LIGHT, TAIJI_SECTION_SHIFT - PAGE_SHIFT))) {
		list_add(&page->lru, &pages);
		ipa = page_to_phys(page);
		/* ZONE_MOVABLE comes first; what is below it is not for us. */
		if (!taiji_is_swappable(ipa))
			break;
		taiji_call_range(TAIJI_CALL_DROP, ipa, 1, false);
	}

	list_for_each_entry_safe(page, next, &pages, lru)
		__free_pages(page, TAIJI_SECTION_SHIFT - PAGE_SHIFT);
}

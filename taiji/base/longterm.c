// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that devices use for long. Linux moves it out of ZONE_MOVABLE when it is
 * pinned, and there every address is what it seems to be. So a driver in user space
 * that knows no VFIO asks for such a pin, and the owner of a pool that no device
 * uses at the moment for the other way: back into ZONE_MOVABLE. What happens to it
 * there is what happens to all memory.
 */

#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include <uapi/linux/taiji.h>

#include "taiji.h"

#define TRIES	8

/**
 * struct taiji_pinned - what one open file keeps where it is
 * @nr:		pages
 * @pages:	they
 */
struct taiji_pinned {
	unsigned long nr;
	struct page *pages[] __counted_by(nr);
};

/**
 * taiji_longterm_pin - have memory of the caller stay where it is
 * @range:	whole pages; @range->done is set to how many
 * @held:	where to keep what has to be given back
 *
 * Context: may sleep. Switched or not.
 * Return: 0, -EINVAL for parts of pages, -EBUSY when @held holds something, -EFAULT
 * for memory that cannot be pinned, -ENOMEM when there is no room for it outside of
 * ZONE_MOVABLE.
 */
int taiji_longterm_pin(struct taiji_ioc_range *range, struct taiji_pinned **held)
{
	unsigned long nr = range->len >> PAGE_SHIFT, at = 0;
	struct taiji_pinned *pinned;
	long n;

	if (!nr || !PAGE_ALIGNED(range->addr | range->len))
		return -EINVAL;

	pinned = kvzalloc(struct_size(pinned, pages, nr), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pinned)
		return -ENOMEM;
	pinned->nr = nr;

	for (; at < nr; at += n) {
		n = pin_user_pages_fast(range->addr + (at << PAGE_SHIFT),
					min(nr - at, TAIJI_SECTION_PAGES),
					FOLL_WRITE | FOLL_LONGTERM, &pinned->pages[at]);
		if (n <= 0)
			goto out_unpin;
		cond_resched();
	}

	n = -EBUSY;
	if (cmpxchg(held, NULL, pinned))
		goto out_unpin;
	range->done = nr;
	return 0;

out_unpin:
	pinned->nr = at;
	taiji_longterm_unpin(pinned);
	return n ?: -EFAULT;
}

/* Context: may sleep. */
void taiji_longterm_unpin(struct taiji_pinned *pinned)
{
	if (!pinned)
		return;
	unpin_user_pages(pinned->pages, pinned->nr);
	kvfree(pinned);
}

/*
 * The huge page of the caller at @addr: 0 when it may move, the number of its first
 * page when it may not, or an error.
 */
static long stays_at(unsigned long addr)
{
	struct folio *folio;
	struct page *page;
	long where;

	if (get_user_pages_fast(addr, 1, 0, &page) != 1)
		return -EFAULT;

	folio = page_folio(page);
	where = folio_pfn(folio);
	if (folio_size(folio) != TAIJI_SECTION_SIZE)
		where = -EINVAL;
	else if (folio_zonenum(folio) == ZONE_MOVABLE)
		where = 0;
	else if (folio_maybe_dma_pinned(folio))
		where = -EBUSY;
	folio_put(folio);
	return where;
}

/*
 * Whoever lives in these pages by now moves out: there are such as Linux can move, or
 * this fails. A free huge page of a pool that is in the way goes at the second go.
 */
static int empty(unsigned long pfn)
{
	int err, tries = 2;

	do {
		err = alloc_contig_range(pfn, pfn + TAIJI_SECTION_PAGES, MIGRATE_MOVABLE,
					 GFP_KERNEL);
	} while (err == -EBUSY && --tries);
	if (!err)
		free_contig_range(pfn, TAIJI_SECTION_PAGES);
	return err;
}

/*
 * Linux may have had another free huge page for it that stays as well. Or none at
 * all: then it has made small pages of this one.
 */
static int let_move(unsigned long addr)
{
	long pfn = stays_at(addr);
	int err, tries = TRIES;

	while (pfn > 0) {
		if (!tries--)
			return -ENOMEM;
		err = empty(pfn);
		if (err)
			return err;
		pfn = stays_at(addr);
		if (pfn == -EINVAL)
			return -ENOMEM;
	}
	return pfn;
}

/**
 * taiji_longterm_release - let huge pages of the caller move that no device uses
 * @range:	whole huge pages of 2 MiB; @range->done counts those that may move now
 *
 * Context: may sleep. Switched or not.
 * Return: 0, -EINVAL for anything but such pages, -EBUSY for one that is still
 * pinned, -ENOMEM when there is no room in ZONE_MOVABLE for a huge page, -EFAULT,
 * -EINTR. The content is the same in any case.
 */
int taiji_longterm_release(struct taiji_ioc_range *range)
{
	u64 at;
	int err;

	if (!IS_ALIGNED(range->addr | range->len, TAIJI_SECTION_SIZE))
		return -EINVAL;

	for (at = range->addr; at < range->addr + range->len; at += TAIJI_SECTION_SIZE) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = let_move(at);
		if (err == -EBUSY)
			pr_err("memory at %#llx of %s is in use: unmap it from devices first\n",
			       at, current->comm);
		else if (err == -ENOMEM)
			pr_err("no room in ZONE_MOVABLE for memory that %s releases\n",
			       current->comm);
		if (err)
			return err;
		range->done++;
	}
	return 0;
}

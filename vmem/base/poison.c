// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad memory: a slice with a bad page is retired for ever. Its owner keeps the
 * other pages, in entries of 4 KiB, until it gives the slice back, and gets
 * SIGBUS when it touches the bad one.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/vmem_engine.h>
#include <linux/xarray.h>

#include "alloc.h"
#include "engine_slot.h"
#include "poison.h"
#include "pool.h"
#include "region.h"
#include "trace.h"

#define POISON_SLICE	BIT_ULL(VMEM_SLICE_SHIFT)
#define POISON_BLOCK	BIT_ULL(VMEM_BLOCK_SHIFT)

/* Page frame numbers. If even that cannot be kept, all of a slice is bad. */
static DEFINE_XARRAY(poison_pages);

static bool poison_hits_page(u64 phys)
{
	unsigned long first = PHYS_PFN(ALIGN_DOWN(phys, POISON_SLICE));
	unsigned long found = first;

	if (!xa_find(&poison_pages, &found,
		     first + PHYS_PFN(POISON_SLICE) - 1, XA_PRESENT))
		return true;
	return xa_load(&poison_pages, PHYS_PFN(phys));
}

/**
 * vmem_poison_hits - is there bad memory in a range?
 * @phys: physical address
 * @size: a page, or a multiple of slices; in one region
 *
 * Any context. The invalidate_lock of a file makes the answer last for those
 * who map that.
 */
bool vmem_poison_hits(u64 phys, u64 size)
{
	u64 slices = DIV_ROUND_UP_ULL(size, POISON_SLICE);

	if (!vmem_pool_any(phys, slices, VMEM_SLICE_POISON))
		return false;
	return size >= POISON_SLICE || poison_hits_page(phys);
}

/*
 * Mark a slice and take it out of page tables; faults wait meanwhile. All of
 * its block goes: an entry of 1 GiB cannot be cut without mmap_lock.
 */
static void poison_owned(struct vmem_allocation *alloc, u64 phys, u64 offset)
{
	const struct vmem_run *run = vmem_alloc_find(alloc,
						     offset >> VMEM_SLICE_SHIFT);
	u64 first = max(ALIGN_DOWN(phys, POISON_BLOCK), run->phys);
	u64 last = min(ALIGN(phys + 1, POISON_BLOCK),
		       run->phys + ((u64)run->nr << VMEM_SLICE_SHIFT));

	filemap_invalidate_lock(alloc->mapping);
	vmem_pool_set(phys, 1, VMEM_SLICE_POISON);
	unmap_mapping_range(alloc->mapping, offset - (phys - first),
			    last - first, 1);
	filemap_invalidate_unlock(alloc->mapping);
}

static void poison_mark(u64 phys)
{
	struct vmem_allocation *alloc;
	u64 offset;

	alloc = vmem_alloc_owner(phys, &offset);
	if (alloc) {
		poison_owned(alloc, phys, offset);
		return;
	}
	vmem_pool_set(phys, 1, VMEM_SLICE_POISON);
	vmem_engine_changed(phys, 1);
}

/**
 * vmem_poison - retire the slice of a bad page
 * @phys: an address in that page
 *
 * Whoever maps it gets SIGBUS with BUS_MCEERR_AR on access. May sleep. Returns
 * 0, or -ENXIO if the address is not in the pool.
 */
int vmem_poison(u64 phys)
{
	struct vmem_region *region = vmem_region_of(phys);

	if (!region)
		return -ENXIO;
	phys = ALIGN_DOWN(phys, PAGE_SIZE);
	mutex_lock(&vmem_pool_lock);
	trace_vmem_poison(phys, *vmem_region_slice(region, phys));
	if (xa_err(xa_store(&poison_pages, PHYS_PFN(phys), xa_mk_value(1),
			    GFP_KERNEL)))
		pr_err("no memory to keep one bad page: all of its slice is lost\n");
	poison_mark(phys);
	mutex_unlock(&vmem_pool_lock);
	pr_err("bad memory at %#llx: its 2 MiB are retired\n", phys);
	return 0;
}

/**
 * vmem_poison_exit - forget what is bad, but not without a word
 */
void vmem_poison_exit(void)
{
	unsigned long pfn;
	void *entry;

	xa_for_each(&poison_pages, pfn, entry)
		pr_warn("bad memory at %#llx: leave its 2 MiB out of regions= from now on\n",
			PFN_PHYS((u64)pfn));
	xa_destroy(&poison_pages);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lending free memory to the host, in the kernel's units of memory hotplug, and
 * taking it back. It is the host's like any memory while it lasts, but must be
 * movable: what the kernel puts elsewhere stays there.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/vmem_engine.h>

#include "engine_slot.h"
#include "lend.h"
#include "pool.h"
#include "region.h"
#include "zero.h"

static DEFINE_MUTEX(lend_lock);		/* one change at a time */
static bool lend_vetoed;

static u64 lend_unit(void)
{
	return memory_block_size_bytes() >> VMEM_SLICE_SHIFT;
}

/* Refuses to let the host have lent memory in a zone it could not give back. */
static int lend_notify(struct notifier_block *nb, unsigned long action,
		       void *data)
{
	const struct memory_notify *arg = data;
	u64 phys = PFN_PHYS((u64)arg->start_pfn);

	if (action != MEM_GOING_ONLINE || !vmem_region_of(phys) ||
	    page_zonenum(pfn_to_page(arg->start_pfn)) == ZONE_MOVABLE)
		return NOTIFY_OK;
	lend_vetoed = true;
	pr_err("what is lent has to be movable: echo online_movable > /sys/devices/system/memory/auto_online_blocks\n");
	return NOTIFY_BAD;
}

static struct notifier_block lend_nb = { .notifier_call = lend_notify };

/* The kernel wants to put System RAM into the region's resource. */
static int lend_add(struct vmem_region *region, u64 phys, u64 size)
{
	int ret;

	region->res->flags &= ~IORESOURCE_BUSY;
	ret = add_memory_driver_managed(region->nid, phys, size,
					"System RAM (vmem)", MHP_NONE);
	region->res->flags |= IORESOURCE_BUSY;
	return ret;
}

static int lend_remove(struct vmem_region *region, u64 phys, u64 size)
{
	int ret;

	region->res->flags &= ~IORESOURCE_BUSY;
	ret = offline_and_remove_memory(phys, size);
	region->res->flags |= IORESOURCE_BUSY;
	return ret;
}

static void lend_mark(u64 phys, u64 nr)
{
	vmem_pool_set(phys, nr, VMEM_SLICE_LENT);
	vmem_engine_changed(phys, nr);
}

/* Back to the pool, with whatever the host left in it. */
static void lend_unmark(u64 phys, u64 nr)
{
	mutex_lock(&vmem_pool_lock);
	vmem_pool_set(phys, nr, VMEM_SLICE_DIRTY);
	vmem_pool_clear(phys, nr, VMEM_SLICE_LENT);
	vmem_engine_changed(phys, nr);
	mutex_unlock(&vmem_pool_lock);
	vmem_zeroer_kick();
}

static int lend_choose(int nid, u64 nr, u64 *phys)
{
	int ret;

	mutex_lock(&vmem_pool_lock);
	ret = vmem_engine_lend(nid, nr, phys);
	if (!ret)
		lend_mark(*phys, nr);
	mutex_unlock(&vmem_pool_lock);
	if (ret == -ENOMEM)
		pr_err("node %d has no free aligned %llu MiB to lend\n", nid,
		       nr << (VMEM_SLICE_SHIFT - 20));
	return ret;
}

static int lend_to_host(u64 phys, u64 nr)
{
	struct vmem_region *region = vmem_region_of(phys);
	u64 size = nr << VMEM_SLICE_SHIFT;
	int ret;

	/* The host zeroes what it gives to users, but not for itself. */
	ret = vmem_zero(phys, nr);
	if (ret)
		return ret;
	lend_vetoed = false;
	ret = lend_add(region, phys, size);
	if (ret) {
		pr_err("the host does not take %#llx-%#llx: %d\n", phys,
		       phys + size - 1, ret);
		return ret;
	}
	if (!lend_vetoed)
		return 0;
	return lend_remove(region, phys, size) ?: -EPERM;
}

static int lend_one(int nid)
{
	u64 nr = lend_unit(), phys;
	int ret = lend_choose(nid, nr, &phys);

	if (ret)
		return ret;
	ret = lend_to_host(phys, nr);
	if (ret) {
		lend_unmark(phys, nr);
		return ret;
	}
	/* As long as the host uses our memory. */
	__module_get(THIS_MODULE);
	return 0;
}

static int lend_take_back(struct vmem_region *region, u64 phys, u64 nr)
{
	u64 size = nr << VMEM_SLICE_SHIFT;
	int ret = lend_remove(region, phys, size);

	if (ret == -EINTR)
		return ret;
	if (ret) {
		pr_err("the host does not let go of %#llx-%#llx: %d, end what pins memory there or try later\n",
		       phys, phys + size - 1, ret);
		return ret;
	}
	lend_unmark(phys, nr);
	module_put(THIS_MODULE);
	return 0;
}

/* Take back units of a region until @left is 0, also past those that stay. */
static int lend_take_back_some(struct vmem_region *region, u64 *left)
{
	u64 nr = lend_unit();
	u64 size = nr << VMEM_SLICE_SHIFT;
	u64 phys = ALIGN(region->start, size);
	int ret = 0;

	for (; *left && phys + size <= region->start + region->size;
	     phys += size) {
		int one;

		if (!vmem_pool_any(phys, 1, VMEM_SLICE_LENT))
			continue;
		one = lend_take_back(region, phys, nr);
		if (one == -EINTR || signal_pending(current))
			return -EINTR;
		if (one)
			ret = one;
		else
			(*left)--;
	}
	return ret;
}

static int lend_shrink(int nid, u64 units)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; units && ret != -EINTR && i < vmem_nr_regions; i++) {
		int one = 0;

		if (vmem_regions[i].nid == nid)
			one = lend_take_back_some(&vmem_regions[i], &units);
		if (one)
			ret = one;
	}
	return units ? ret : 0;
}

static int lend_grow(int nid, u64 units)
{
	int ret = 0;

	while (!ret && units--)
		ret = signal_pending(current) ? -EINTR : lend_one(nid);
	return ret;
}

static int lend_change(int nid, u64 units)
{
	struct vmem_counts counts;
	u64 lent;

	vmem_pool_count(nid, &counts);
	lent = counts.lent / lend_unit();
	if (units < lent)
		return lend_shrink(nid, lent - units);
	return lend_grow(nid, units - lent);
}

/**
 * vmem_lend_set - lend so much of a node to the host, or take back
 * @nid: the node
 * @bytes: how much is to be lent in the end
 *
 * Goes unit by unit; a signal ends it after the one at hand. May sleep, for
 * long. Returns 0, or with only a part done: -EINVAL if @bytes is no multiple of
 * the unit, -ENOMEM if nothing free is large enough, -EPERM if the host would
 * not use it as movable memory, -EBUSY if the host does not let go, -EINTR.
 */
int vmem_lend_set(int nid, u64 bytes)
{
	u64 unit = memory_block_size_bytes();
	int ret;

	if (bytes & (unit - 1)) {
		pr_err("memory is lent in units of %llu MiB\n", unit >> 20);
		return -EINVAL;
	}
	if (mutex_lock_interruptible(&lend_lock))
		return -EINTR;
	ret = lend_change(nid, bytes / unit);
	mutex_unlock(&lend_lock);
	return ret;
}

/**
 * vmem_lend_init - watch what the host does with memory that is lent
 */
int vmem_lend_init(void)
{
	return register_memory_notifier(&lend_nb);
}

/**
 * vmem_lend_exit - undo vmem_lend_init(); nothing is lent
 */
void vmem_lend_exit(void)
{
	unregister_memory_notifier(&lend_nb);
}

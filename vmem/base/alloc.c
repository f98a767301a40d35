// SPDX-License-Identifier: GPL-2.0-only
/* Taking memory for an allocation, and giving it back. */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/bsearch.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "alloc.h"
#include "engine_slot.h"
#include "opened.h"
#include "pool.h"
#include "region.h"
#include "trace.h"
#include "zero.h"

static LIST_HEAD(alloc_list);	/* guarded by vmem_pool_lock */

static bool alloc_grow(struct vmem_allocation *alloc)
{
	u32 max = alloc->max_runs ? alloc->max_runs * 2 : 4;
	struct vmem_run *runs;

	if (alloc->nr_runs < alloc->max_runs)
		return true;
	runs = kvmalloc_array(max, sizeof(*runs), GFP_KERNEL_ACCOUNT);
	if (!runs)
		return false;
	if (alloc->nr_runs)
		memcpy(runs, alloc->runs, alloc->nr_runs * sizeof(*runs));
	kvfree(alloc->runs);
	alloc->runs = runs;
	alloc->max_runs = max;
	return true;
}

/* Regions are mapped apart, so a run never crosses from one to the next. */
static bool alloc_extends(const struct vmem_run *last, u64 phys)
{
	return last->phys + ((u64)last->nr << VMEM_SLICE_SHIFT) == phys &&
	       vmem_region_of(last->phys) == vmem_region_of(phys);
}

static void alloc_append(struct vmem_allocation *alloc, u64 phys, u32 nr)
{
	struct vmem_run *run = &alloc->runs[alloc->nr_runs];
	u32 first = 0;

	if (alloc->nr_runs) {
		struct vmem_run *last = run - 1;

		if (alloc_extends(last, phys)) {
			last->nr += nr;
			return;
		}
		first = last->first + last->nr;
	}
	*run = (struct vmem_run){ .phys = phys, .first = first, .nr = nr };
	alloc->nr_runs++;
}

/* The engine has chosen a run. */
static int alloc_take(void *ctx, u64 phys, u32 nr)
{
	struct vmem_allocation *alloc = ctx;
	int ret;

	if (!alloc_grow(alloc))
		return -ENOMEM;
	ret = vmem_pool_take(phys, nr, &alloc->was);
	if (!ret)
		alloc_append(alloc, phys, nr);
	return ret;
}

static u64 alloc_taken(const struct vmem_allocation *alloc)
{
	const struct vmem_run *last;

	if (!alloc->nr_runs)
		return 0;
	last = &alloc->runs[alloc->nr_runs - 1];
	return (u64)last->first + last->nr;
}

static void alloc_return(struct vmem_allocation *alloc,
			 void (*give)(u64 phys, u64 nr))
{
	u32 i;

	lockdep_assert_held(&vmem_pool_lock);
	for (i = 0; i < alloc->nr_runs; i++) {
		give(alloc->runs[i].phys, alloc->runs[i].nr);
		vmem_engine_changed(alloc->runs[i].phys, alloc->runs[i].nr);
	}
	alloc->nr_runs = 0;
}

static int alloc_reserve(struct vmem_allocation *alloc,
			 const struct vmem_want *want)
{
	int ret;

	mutex_lock(&vmem_pool_lock);
	ret = vmem_engine_alloc(want, alloc_take, alloc);
	if (!ret && alloc_taken(alloc) != want->nr_slices)
		ret = -EUCLEAN;
	if (ret)
		alloc_return(alloc, vmem_pool_untake);
	mutex_unlock(&vmem_pool_lock);
	if (ret == -EUCLEAN)
		pr_err("the engine chose memory that is not free: allocation refused\n");
	return ret;
}

static int alloc_zero(const struct vmem_allocation *alloc)
{
	u32 i;
	int ret = 0;

	/* Nothing to look for when all of it was clean. */
	for (i = 0; !ret && alloc->was && i < alloc->nr_runs; i++)
		ret = vmem_zero(alloc->runs[i].phys, alloc->runs[i].nr);
	return ret;
}

/**
 * vmem_alloc_destroy - give everything back
 * @alloc: the allocation; nothing maps it any more
 *
 * May sleep.
 */
void vmem_alloc_destroy(struct vmem_allocation *alloc)
{
	trace_vmem_free(alloc_taken(alloc) << VMEM_SLICE_SHIFT, alloc->nr_runs);
	mutex_lock(&vmem_pool_lock);
	list_del(&alloc->list);
	alloc_return(alloc, vmem_pool_free);
	mutex_unlock(&vmem_pool_lock);
	vmem_zeroer_kick();
	vmem_opened_uncharge(alloc->opened, alloc->nr_slices);
	kvfree(alloc->runs);
	kfree(alloc);
}

static struct vmem_allocation *alloc_new(const struct vmem_want *want,
					 struct vmem_opened *opened)
{
	struct vmem_allocation *alloc;
	int ret;

	alloc = kzalloc(sizeof(*alloc), GFP_KERNEL_ACCOUNT);
	if (!alloc)
		return ERR_PTR(-ENOMEM);
	ret = vmem_opened_charge(opened, want->nr_slices);
	if (ret) {
		kfree(alloc);
		return ERR_PTR(ret);
	}
	INIT_LIST_HEAD(&alloc->list);
	alloc->opened = opened;
	alloc->nr_slices = want->nr_slices;
	return alloc;
}

/**
 * vmem_alloc_create - reserve memory and zero it
 * @want: how much, and of what kind
 * @opened: the open of /dev/vmem that pays for it
 *
 * May sleep, and takes as long as zeroing does. Returns the allocation, or
 * -ENODEV without an engine, -ENOMEM, -EDQUOT, -EINTR if killed.
 */
struct vmem_allocation *vmem_alloc_create(const struct vmem_want *want,
					  struct vmem_opened *opened)
{
	struct vmem_allocation *alloc = alloc_new(want, opened);
	int ret;

	if (IS_ERR(alloc))
		return alloc;
	ret = alloc_reserve(alloc, want) ?: alloc_zero(alloc);
	trace_vmem_alloc(want->nr_slices << VMEM_SLICE_SHIFT, alloc->nr_runs,
			 alloc->was, ret);
	if (ret) {
		vmem_alloc_destroy(alloc);
		return ERR_PTR(ret);
	}
	return alloc;
}

/**
 * vmem_alloc_publish - let vmem_alloc_owner() find an allocation
 * @alloc: the allocation
 * @mapping: what its user mappings are in
 */
void vmem_alloc_publish(struct vmem_allocation *alloc,
			struct address_space *mapping)
{
	alloc->mapping = mapping;
	mutex_lock(&vmem_pool_lock);
	list_add(&alloc->list, &alloc_list);
	mutex_unlock(&vmem_pool_lock);
}

/**
 * vmem_alloc_owner - find whose a physical address is
 * @phys: the address
 * @offset: set to where it is in the file, in bytes
 *
 * Needs vmem_pool_lock, which also keeps the allocation alive. Returns NULL if
 * nobody can have mapped it.
 */
struct vmem_allocation *vmem_alloc_owner(u64 phys, u64 *offset)
{
	struct vmem_allocation *alloc;
	u32 i;

	lockdep_assert_held(&vmem_pool_lock);
	list_for_each_entry(alloc, &alloc_list, list) {
		for (i = 0; i < alloc->nr_runs; i++) {
			const struct vmem_run *run = &alloc->runs[i];
			u64 in_run = phys - run->phys;

			if (phys < run->phys ||
			    in_run >> VMEM_SLICE_SHIFT >= run->nr)
				continue;
			*offset = ((u64)run->first << VMEM_SLICE_SHIFT) + in_run;
			return alloc;
		}
	}
	return NULL;
}

static int alloc_cmp_slice(const void *key, const void *elt)
{
	const struct vmem_run *run = elt;
	u64 slice = *(const u64 *)key;

	if (slice < run->first)
		return -1;
	return slice >= (u64)run->first + run->nr;
}

/**
 * vmem_alloc_find - the run that holds a place in the file
 * @alloc: the allocation
 * @slice: the place, in slices
 *
 * Returns NULL beyond the end. Any context.
 */
const struct vmem_run *vmem_alloc_find(const struct vmem_allocation *alloc,
				       u64 slice)
{
	return bsearch(&slice, alloc->runs, alloc->nr_runs,
		       sizeof(*alloc->runs), alloc_cmp_slice);
}

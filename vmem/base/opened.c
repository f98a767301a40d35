// SPDX-License-Identifier: GPL-2.0-only
/* What an open of /dev/vmem may own: so that nobody gets the whole pool. */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmem_engine.h>

#include "opened.h"

static u64 opened_limit = S64_MAX;	/* in slices */

/**
 * vmem_opened_new - a new open that owns nothing
 *
 * Returns NULL without memory.
 */
struct vmem_opened *vmem_opened_new(void)
{
	struct vmem_opened *opened = kzalloc(sizeof(*opened),
					     GFP_KERNEL_ACCOUNT);

	if (!opened)
		return NULL;
	kref_init(&opened->ref);
	mutex_init(&opened->lock);
	return opened;
}

static void opened_free(struct kref *ref)
{
	kfree(container_of(ref, struct vmem_opened, ref));
}

/**
 * vmem_opened_put - drop a reference
 * @opened: the open
 */
void vmem_opened_put(struct vmem_opened *opened)
{
	kref_put(&opened->ref, opened_free);
}

/**
 * vmem_opened_charge - account for a new allocation, which takes a reference
 * @opened: who pays
 * @nr_slices: how much
 *
 * Returns 0, or -EDQUOT if that is more than the limit leaves.
 */
int vmem_opened_charge(struct vmem_opened *opened, u64 nr_slices)
{
	u64 limit = vmem_opened_limit();

	if (atomic64_add_return(nr_slices, &opened->nr_slices) > limit) {
		atomic64_sub(nr_slices, &opened->nr_slices);
		pr_err_ratelimited("%s wants more than an open may own, %llu MiB: raise open_limit_bytes\n",
				   current->comm,
				   limit << (VMEM_SLICE_SHIFT - 20));
		return -EDQUOT;
	}
	kref_get(&opened->ref);
	return 0;
}

/**
 * vmem_opened_uncharge - the end of an allocation
 * @opened: who paid
 * @nr_slices: how much
 */
void vmem_opened_uncharge(struct vmem_opened *opened, u64 nr_slices)
{
	atomic64_sub(nr_slices, &opened->nr_slices);
	vmem_opened_put(opened);
}

/**
 * vmem_opened_limit - what an open may own, in slices
 */
u64 vmem_opened_limit(void)
{
	return READ_ONCE(opened_limit);
}

/**
 * vmem_opened_set_limit - set what an open may own
 * @nr_slices: the limit; what is owned already stays
 */
void vmem_opened_set_limit(u64 nr_slices)
{
	WRITE_ONCE(opened_limit, min_t(u64, nr_slices, S64_MAX));
}

// SPDX-License-Identifier: GPL-2.0-only
/* The place where an engine plugs in, and the calls into it. */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "engine_slot.h"
#include "pool.h"
#include "region.h"
#include "trace.h"
#include "zero.h"

/* vmem_pool_lock is held over every op: no op runs once this is NULL. */
static const struct vmem_engine_ops *engine;

static struct vmem_span *engine_make_spans(void)
{
	struct vmem_span *spans;
	unsigned int i;

	spans = kcalloc(vmem_nr_regions, sizeof(*spans), GFP_KERNEL);
	for (i = 0; spans && i < vmem_nr_regions; i++) {
		spans[i].phys = vmem_regions[i].base;
		spans[i].slices = vmem_regions[i].slices;
		spans[i].nr_blocks = vmem_regions[i].nr_blocks;
		spans[i].nid = vmem_regions[i].nid;
	}
	return spans;
}

/* From here on nothing calls into the old one. */
static void engine_replace(const struct vmem_engine_ops *ops)
{
	const struct vmem_engine_ops *old = engine;

	lockdep_assert_held(&vmem_pool_lock);
	engine = ops;
	if (!old)
		return;
	old->detach();
	module_put(old->owner);
}

static int engine_attach(const struct vmem_engine_ops *ops)
{
	struct vmem_span *spans;
	int ret;

	lockdep_assert_held(&vmem_pool_lock);
	spans = engine_make_spans();
	if (!spans)
		return -ENOMEM;
	ret = ops->attach(spans, vmem_nr_regions);
	kfree(spans);
	if (ret) {
		pr_err("engine %s %s failed to attach: %d, %s stays\n",
		       ops->name, ops->version, ret,
		       engine ? engine->name : "none");
		return ret;
	}
	/* What serves the pool is not to be unloaded by accident. */
	if (!try_module_get(ops->owner)) {
		ops->detach();
		return -ENODEV;
	}
	engine_replace(ops);
	return 0;
}

int vmem_engine_register(const struct vmem_engine_ops *ops)
{
	const char *old;
	u64 start;
	int ret;

	if (ops->abi != VMEM_ENGINE_ABI) {
		pr_err("engine has ABI %u, this vmem.ko needs %u: load the engine it was built with\n",
		       ops->abi, VMEM_ENGINE_ABI);
		return -EPROTO;
	}
	mutex_lock(&vmem_pool_lock);
	/* How long allocations wait. */
	start = ktime_get_ns();
	old = engine ? engine->version : "none";
	ret = engine_attach(ops);
	trace_vmem_engine(old, ops->version, ktime_get_ns() - start, ret);
	mutex_unlock(&vmem_pool_lock);
	if (ret)
		return ret;
	pr_info("engine %s %s\n", ops->name, ops->version);
	vmem_zeroer_kick();
	return 0;
}
EXPORT_SYMBOL_GPL(vmem_engine_register);

void vmem_engine_unregister(const struct vmem_engine_ops *ops)
{
	mutex_lock(&vmem_pool_lock);
	if (engine == ops)
		engine_replace(NULL);
	mutex_unlock(&vmem_pool_lock);
}
EXPORT_SYMBOL_GPL(vmem_engine_unregister);

/**
 * vmem_engine_drop - leave the pool without an engine
 *
 * Mappings and frees go on; allocations fail with -ENODEV until the next
 * engine. May sleep.
 */
void vmem_engine_drop(void)
{
	mutex_lock(&vmem_pool_lock);
	engine_replace(NULL);
	mutex_unlock(&vmem_pool_lock);
	pr_info("no engine\n");
}

/**
 * vmem_engine_alloc - let the engine choose slices
 * @want: what is asked for
 * @take: called for each run
 * @ctx: for @take
 *
 * Returns what the engine did, or -ENODEV if there is none.
 */
int vmem_engine_alloc(const struct vmem_want *want, vmem_take_t take,
		      void *ctx)
{
	lockdep_assert_held(&vmem_pool_lock);
	if (!engine) {
		pr_err_ratelimited("no engine is loaded: modprobe vmem_engine\n");
		return -ENODEV;
	}
	return engine->alloc(want, take, ctx);
}

/**
 * vmem_engine_changed - tell the engine that bytes are others now
 * @phys: physical address of the first slice
 * @nr: how many
 */
void vmem_engine_changed(u64 phys, u64 nr)
{
	lockdep_assert_held(&vmem_pool_lock);
	while (engine && nr) {
		u64 end = ALIGN(phys + 1, 1ULL << VMEM_BLOCK_SHIFT);
		u32 step = min(nr, (end - phys) >> VMEM_SLICE_SHIFT);

		engine->changed(phys, step);
		phys = end;
		nr -= step;
	}
}

/* Is what the engine chose a run of the pool in this state? */
static bool engine_chose(u64 phys, u64 nr, u8 state)
{
	const struct vmem_region *region = vmem_region_of(phys);

	if (!region || !IS_ALIGNED(phys, 1ULL << VMEM_SLICE_SHIFT) ||
	    nr > (region->start + region->size - phys) >> VMEM_SLICE_SHIFT ||
	    vmem_pool_any(phys, nr, ~state)) {
		pr_err_ratelimited("the engine chose memory at %#llx that it may not have\n",
				   phys);
		return false;
	}
	return true;
}

/**
 * vmem_engine_next_dirty - let the engine choose a slice to be zeroed
 * @nid: of this node
 * @phys: set to its address
 *
 * Returns false if there is none, or no engine.
 */
bool vmem_engine_next_dirty(int nid, u64 *phys)
{
	lockdep_assert_held(&vmem_pool_lock);
	return engine && engine->next_dirty(nid, phys) &&
	       engine_chose(*phys, 1, VMEM_SLICE_DIRTY);
}

/**
 * vmem_engine_lend - let the engine choose free slices for the host
 * @nid: of this node
 * @nr: how many, and how they have to be aligned; a power of two
 * @phys: set to the address of the first
 *
 * Returns 0, -ENOMEM if there is no such run, -ENODEV if there is no engine.
 */
int vmem_engine_lend(int nid, u64 nr, u64 *phys)
{
	lockdep_assert_held(&vmem_pool_lock);
	if (!engine)
		return -ENODEV;
	if (!engine->lend(nid, nr, phys))
		return -ENOMEM;
	return IS_ALIGNED(*phys, nr << VMEM_SLICE_SHIFT) &&
	       engine_chose(*phys, nr, VMEM_SLICE_DIRTY | VMEM_SLICE_ZEROING) ?
	       0 : -EUCLEAN;
}

/**
 * vmem_engine_metadata - bytes of memory the engine holds
 */
size_t vmem_engine_metadata(void)
{
	lockdep_assert_held(&vmem_pool_lock);
	return engine ? engine->metadata() : 0;
}

/**
 * vmem_engine_describe - one line for sysfs
 * @buf: sysfs buffer
 */
int vmem_engine_describe(char *buf)
{
	lockdep_assert_held(&vmem_pool_lock);
	if (!engine)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s %s\n", engine->name, engine->version);
}

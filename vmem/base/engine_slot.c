// SPDX-License-Identifier: GPL-2.0-only
/* The place where an engine plugs in, and the calls into it. */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "engine_slot.h"
#include "pool.h"
#include "region.h"

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

static int engine_attach(const struct vmem_engine_ops *ops)
{
	struct vmem_span *spans;
	int ret;

	lockdep_assert_held(&vmem_pool_lock);
	if (engine) {
		pr_err("engine %s %s is loaded: remove it first\n",
		       engine->name, engine->version);
		return -EBUSY;
	}
	spans = engine_make_spans();
	if (!spans)
		return -ENOMEM;
	ret = ops->attach(spans, vmem_nr_regions);
	kfree(spans);
	if (ret) {
		pr_err("engine %s %s failed to attach: %d\n", ops->name,
		       ops->version, ret);
		return ret;
	}
	engine = ops;
	return 0;
}

int vmem_engine_register(const struct vmem_engine_ops *ops)
{
	int ret;

	if (ops->abi != VMEM_ENGINE_ABI) {
		pr_err("engine has ABI %u, this vmem.ko needs %u: load the engine it was built with\n",
		       ops->abi, VMEM_ENGINE_ABI);
		return -EPROTO;
	}
	mutex_lock(&vmem_pool_lock);
	ret = engine_attach(ops);
	mutex_unlock(&vmem_pool_lock);
	if (!ret)
		pr_info("engine %s %s\n", ops->name, ops->version);
	return ret;
}
EXPORT_SYMBOL_GPL(vmem_engine_register);

void vmem_engine_unregister(const struct vmem_engine_ops *ops)
{
	mutex_lock(&vmem_pool_lock);
	engine = NULL;
	ops->detach();
	mutex_unlock(&vmem_pool_lock);
	pr_info("engine %s %s removed\n", ops->name, ops->version);
}
EXPORT_SYMBOL_GPL(vmem_engine_unregister);

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
 * vmem_engine_freed - tell the engine of slices whose bytes say free again
 * @phys: physical address of the first
 * @nr: how many
 */
void vmem_engine_freed(u64 phys, u64 nr)
{
	lockdep_assert_held(&vmem_pool_lock);
	while (engine && nr) {
		u64 end = ALIGN(phys + 1, 1ULL << VMEM_BLOCK_SHIFT);
		u32 step = min(nr, (end - phys) >> VMEM_SLICE_SHIFT);

		engine->freed(phys, step);
		phys = end;
		nr -= step;
	}
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

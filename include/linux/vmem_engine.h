/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where vmem.ko (base) and vmem_engine.ko (engine) meet, and nowhere else.
 *
 * The base owns all state: one byte for each slice, which only the base
 * writes. The engine chooses. Whatever an engine keeps besides can be rebuilt
 * from the bytes, so an engine may come and go while memory is in use, and
 * the base checks each choice against the bytes, so a faulty engine cannot
 * give a slice to two owners.
 */
#ifndef _LINUX_VMEM_ENGINE_H
#define _LINUX_VMEM_ENGINE_H

#include <linux/types.h>

/* Changes whenever anything in this file does. */
#define VMEM_ENGINE_ABI		1

#define VMEM_SLICE_SHIFT	21
#define VMEM_BLOCK_SHIFT	30
#define VMEM_BLOCK_SLICES	(1U << (VMEM_BLOCK_SHIFT - VMEM_SLICE_SHIFT))

/*
 * The byte of a slice: 0 is free and zeroed.
 *
 *	CLEAN (0) --take--> USED		--free--> DIRTY
 *	DIRTY ------take--> USED | DIRTY	--free--> DIRTY
 *
 * What is USED | DIRTY is zeroed before its owner can reach it.
 */
#define VMEM_SLICE_USED		0x01	/* has an owner */
#define VMEM_SLICE_DIRTY	0x02	/* holds what an earlier owner left */
#define VMEM_SLICE_ABSENT	0x80	/* pads a region to whole blocks */

static inline bool vmem_slice_free(u8 state)
{
	return !(state & ~VMEM_SLICE_DIRTY);
}

/**
 * struct vmem_span - a region, padded at both ends to whole blocks
 * @phys: physical address, a multiple of a block
 * @slices: the bytes, VMEM_BLOCK_SLICES for each block
 * @nr_blocks: number of blocks
 * @nid: NUMA node
 */
struct vmem_span {
	u64 phys;
	const u8 *slices;
	u32 nr_blocks;
	int nid;
};

enum vmem_blocks {
	VMEM_BLOCKS_AVOID,	/* 2 MiB pages are wanted, keep blocks whole */
	VMEM_BLOCKS_WANTED,	/* whole blocks as far as there are any */
	VMEM_BLOCKS_REQUIRED,	/* whole blocks only */
};

/**
 * struct vmem_want - what an allocation asks for
 * @nr_slices: how much; with VMEM_BLOCKS_REQUIRED a multiple of a block
 * @nodes: bit mask of nodes, never 0
 * @policy: enum vmem_policy of the user ABI
 * @blocks: page size
 */
struct vmem_want {
	u64 nr_slices;
	u64 nodes;
	u32 policy;
	enum vmem_blocks blocks;
};

/**
 * typedef vmem_take_t - the engine's call to the base for a run it has chosen
 * @ctx: as given to vmem_engine_ops.alloc
 * @phys: physical address of the first slice
 * @nr: number of slices, in one block
 *
 * The bytes are updated on return. Returns 0, -ENOMEM, or -EUCLEAN if one of
 * the slices is not free. The engine has to give up on any error.
 */
typedef int (*vmem_take_t)(void *ctx, u64 phys, u32 nr);

/**
 * struct vmem_engine_ops - an engine
 * @abi: VMEM_ENGINE_ABI
 * @name: one word for sysfs and the log
 * @version: one word for sysfs and the log
 * @attach: builds the engine's state from the bytes; errors refuse the engine
 * @detach: drops that state
 * @alloc: chooses slices and takes them one run after the other; the order is
 *	the order in the file. On error the base returns what was taken, by
 *	@freed, too
 * @freed: a run within one block was returned; its bytes say so already
 * @metadata: bytes of memory the engine holds for the pool
 *
 * All are called one at a time, from a context that may sleep.
 */
struct vmem_engine_ops {
	u32 abi;
	const char *name;
	const char *version;
	int (*attach)(const struct vmem_span *spans, unsigned int nr);
	void (*detach)(void);
	int (*alloc)(const struct vmem_want *want, vmem_take_t take, void *ctx);
	void (*freed)(u64 phys, u32 nr);
	size_t (*metadata)(void);
};

/**
 * vmem_engine_register - make an engine the one that serves allocations
 * @ops: the engine; has to stay until vmem_engine_unregister()
 *
 * May sleep. Returns 0, -EPROTO if the engine was built for another base,
 * -EBUSY if there is an engine, or what @ops->attach returned.
 */
int vmem_engine_register(const struct vmem_engine_ops *ops);

/**
 * vmem_engine_unregister - leave the pool without an engine
 * @ops: as registered
 *
 * Mappings and frees go on; allocations fail with -ENODEV until the next
 * engine. No op runs any more on return. May sleep.
 */
void vmem_engine_unregister(const struct vmem_engine_ops *ops);

#endif /* _LINUX_VMEM_ENGINE_H */

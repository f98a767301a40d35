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

struct module;

/* Changes whenever anything in this file does. */
#define VMEM_ENGINE_ABI		2

#define VMEM_SLICE_SHIFT	21
#define VMEM_BLOCK_SHIFT	30
#define VMEM_BLOCK_SLICES	(1U << (VMEM_BLOCK_SHIFT - VMEM_SLICE_SHIFT))

/*
 * The byte of a slice: 0 is free and clean.
 *
 *	clean (0) ------take--> USED		--free--> DIRTY
 *	DIRTY     ------take--> USED | DIRTY	--free--> DIRTY
 *	clean     --lend------> LENT		--back--> DIRTY
 *	DIRTY     --zero------> DIRTY | ZEROING	--done--> clean
 *	any       --poison----> | POISON, for ever; no longer free
 *
 * What is USED | DIRTY is zeroed before its owner can reach it. A slice that is
 * being zeroed may be taken: its new owner waits until that is done.
 */
#define VMEM_SLICE_USED		0x01	/* has an owner */
#define VMEM_SLICE_DIRTY	0x02	/* holds what an earlier owner left */
#define VMEM_SLICE_ZEROING	0x04	/* is being zeroed in the background */
#define VMEM_SLICE_POISON	0x08	/* has bad memory: never used again */
#define VMEM_SLICE_LENT		0x10	/* is the host's for now */
#define VMEM_SLICE_ABSENT	0x80	/* pads a region to whole blocks */

static inline bool vmem_slice_free(u8 state)
{
	return !(state & ~(VMEM_SLICE_DIRTY | VMEM_SLICE_ZEROING));
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
 * @nr: number of slices, in one block or in adjacent whole blocks of a span
 *
 * The bytes are updated on return. Returns 0, -ENOMEM, or -EUCLEAN if one of
 * the slices is not free. The engine has to give up on any error.
 */
typedef int (*vmem_take_t)(void *ctx, u64 phys, u32 nr);

/**
 * struct vmem_engine_ops - an engine
 * @owner: stays loaded as long as the engine serves the pool
 * @abi: VMEM_ENGINE_ABI
 * @name: one word for sysfs and the log
 * @version: one word for sysfs and the log
 * @attach: builds the engine's state from the bytes; errors refuse the engine
 * @detach: drops that state
 * @alloc: chooses slices and takes them one run after the other; the order is
 *	the order in the file. On error the base returns what was taken, by
 *	@changed, too
 * @changed: the bytes of a run within one block are others now
 * @next_dirty: chooses a slice of a node for zeroing: free and dirty, but not
 *	being zeroed. Returns false if there is none
 * @lend: chooses a free run to be lent, aligned to its size, which is a power
 *	of two; takes nothing. Returns false if there is none
 * @metadata: bytes of memory the engine holds for the pool
 *
 * All are called one at a time, from a context that may sleep. While an engine
 * takes over from another, its @attach runs before the other's @detach.
 */
struct vmem_engine_ops {
	struct module *owner;
	u32 abi;
	const char *name;
	const char *version;
	int (*attach)(const struct vmem_span *spans, unsigned int nr);
	void (*detach)(void);
	int (*alloc)(const struct vmem_want *want, vmem_take_t take, void *ctx);
	void (*changed)(u64 phys, u32 nr);
	bool (*next_dirty)(int nid, u64 *phys);
	bool (*lend)(int nid, u64 nr_slices, u64 *phys);
	size_t (*metadata)(void);
};

/**
 * vmem_engine_register - make an engine the one that serves allocations
 * @ops: the engine; has to stay until vmem_engine_unregister()
 *
 * Takes over from the engine there is, if any: whatever is allocated, mapped or
 * freed meanwhile is unaffected. On any error the old one stays in service.
 *
 * May sleep. Returns 0, -EPROTO if the engine was built for another base, or
 * what @ops->attach returned.
 */
int vmem_engine_register(const struct vmem_engine_ops *ops);

/**
 * vmem_engine_unregister - for an engine that is about to be unloaded
 * @ops: as registered
 *
 * Its module cannot be unloaded while it serves the pool, so there is nothing
 * left to do but for the init function that fails after it has registered. No
 * op runs any more on return. May sleep.
 */
void vmem_engine_unregister(const struct vmem_engine_ops *ops);

#endif /* _LINUX_VMEM_ENGINE_H */

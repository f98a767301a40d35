// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which node an allocation comes from.
 *
 * The base calls in one at a time, so nothing here is locked.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <uapi/linux/vmem.h>

#include "node.h"
#include "pack.h"

struct node {
	int nid;
	struct pack pack;
};

static struct node *nodes;
static unsigned int nr_nodes;

static struct node *node_get(int nid)
{
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		if (nodes[i].nid == nid)
			return &nodes[i];
	nodes[nr_nodes].nid = nid;
	return &nodes[nr_nodes++];
}

static void node_add_span(struct node *node, const struct vmem_span *span,
			  u16 number)
{
	u32 i;

	for (i = 0; i < span->nr_blocks; i++) {
		struct pack_block *block;

		block = &node->pack.blocks[node->pack.nr_blocks++];
		block->phys = span->phys + ((u64)i << VMEM_BLOCK_SHIFT);
		block->slices = span->slices + i * VMEM_BLOCK_SLICES;
		block->span = number;
	}
}

static int node_cmp_block(const void *a, const void *b)
{
	const struct pack_block *x = a, *y = b;

	return x->phys < y->phys ? -1 : x->phys > y->phys;
}

static int node_build(struct node *node, const struct vmem_span *spans,
		      unsigned int nr)
{
	struct pack *pack = &node->pack;
	u32 nr_blocks = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (spans[i].nid == node->nid)
			nr_blocks += spans[i].nr_blocks;
	pack->blocks = kvcalloc(nr_blocks, sizeof(*pack->blocks), GFP_KERNEL);
	if (!pack->blocks)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		if (spans[i].nid == node->nid)
			node_add_span(node, &spans[i], i);
	sort(pack->blocks, nr_blocks, sizeof(*pack->blocks), node_cmp_block,
	     NULL);
	pack_count(pack);
	return 0;
}

/**
 * node_attach - build the packs
 * @spans: the regions of the base
 * @nr: how many
 *
 * Two regions may share a block at their padded ends, and then it is in the
 * pack twice; each copy sees the other's part as absent.
 */
int node_attach(const struct vmem_span *spans, unsigned int nr)
{
	unsigned int i;
	int ret;

	if (!nr)
		return 0;
	nodes = kcalloc(nr, sizeof(*nodes), GFP_KERNEL);
	if (!nodes)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		node_get(spans[i].nid);
	for (i = 0; i < nr_nodes; i++) {
		ret = node_build(&nodes[i], spans, nr);
		if (ret) {
			node_detach();
			return ret;
		}
	}
	return 0;
}

void node_detach(void)
{
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		kvfree(nodes[i].pack.blocks);
	kfree(nodes);
	nodes = NULL;
	nr_nodes = 0;
}

static bool node_in(const struct node *node, u64 mask)
{
	return node->nid < 64 && mask & BIT_ULL(node->nid);
}

static u64 node_sum_free(u64 mask)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		if (node_in(&nodes[i], mask))
			sum += nodes[i].pack.nr_free;
	return sum;
}

static u64 node_sum_whole(u64 mask)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		if (node_in(&nodes[i], mask))
			sum += nodes[i].pack.nr_whole;
	return sum;
}

/* One block from each node in turn, until @blocks is 0 or no node has any. */
static int node_interleave(u64 mask, u64 *blocks)
{
	bool progress;
	unsigned int i;
	int ret;

	do {
		progress = false;
		for (i = 0; *blocks && i < nr_nodes; i++) {
			if (!node_in(&nodes[i], mask) || !nodes[i].pack.nr_whole)
				continue;
			ret = pack_take_blocks(&nodes[i].pack, 1);
			if (ret)
				return ret;
			progress = true;
			(*blocks)--;
		}
	} while (*blocks && progress);
	return 0;
}

static int node_fill(u64 mask, u64 *blocks)
{
	unsigned int i;
	int ret;

	for (i = 0; *blocks && i < nr_nodes; i++) {
		u64 nr = min_t(u64, *blocks, nodes[i].pack.nr_whole);

		if (!node_in(&nodes[i], mask))
			continue;
		ret = pack_take_blocks(&nodes[i].pack, nr);
		if (ret)
			return ret;
		*blocks -= nr;
	}
	return 0;
}

/* As much of @left in whole blocks as @mask has. */
static int node_take_blocks(const struct vmem_want *want, u64 mask, u64 *left)
{
	u64 blocks = *left / VMEM_BLOCK_SLICES;
	u64 rest = *left % VMEM_BLOCK_SLICES;
	int ret;

	if (want->blocks == VMEM_BLOCKS_AVOID)
		return 0;
	if (want->policy == VMEM_POLICY_INTERLEAVE)
		ret = node_interleave(mask, &blocks);
	else
		ret = node_fill(mask, &blocks);
	*left = blocks * VMEM_BLOCK_SLICES + rest;
	return ret;
}

/* At most @each of @left from each node in turn. */
static int node_take_each(u64 mask, u64 each, u64 *left)
{
	unsigned int i;
	int ret;

	for (i = 0; *left && i < nr_nodes; i++) {
		u64 nr = min3(*left, each, nodes[i].pack.nr_free);

		if (!node_in(&nodes[i], mask))
			continue;
		ret = pack_take_slices(&nodes[i].pack, nr);
		if (ret)
			return ret;
		*left -= nr;
	}
	return 0;
}

static unsigned int node_count(u64 mask)
{
	unsigned int i, nr = 0;

	for (i = 0; i < nr_nodes; i++)
		nr += node_in(&nodes[i], mask);
	return nr;
}

static int node_take_slices(const struct vmem_want *want, u64 mask, u64 *left)
{
	unsigned int nr = node_count(mask);
	int ret = 0;

	/* As evenly as they can; what one has not got, the others give. */
	if (want->policy == VMEM_POLICY_INTERLEAVE && nr)
		ret = node_take_each(mask, DIV_ROUND_UP_ULL(*left, nr), left);
	return ret ?: node_take_each(mask, U64_MAX, left);
}

/* How much of @want the nodes in @mask can give. */
static u64 node_share(const struct vmem_want *want, u64 mask)
{
	u64 has;

	if (want->blocks == VMEM_BLOCKS_REQUIRED)
		has = node_sum_whole(mask) * VMEM_BLOCK_SLICES;
	else
		has = node_sum_free(mask);
	return min(has, want->nr_slices);
}

/**
 * node_alloc - choose the slices of an allocation
 * @want: what is asked for
 * @take: called for each run
 * @ctx: for @take
 *
 * Nothing is taken unless there is enough. All whole blocks come first, so
 * that each lies at a multiple of its size in the file.
 */
int node_alloc(const struct vmem_want *want, vmem_take_t take, void *ctx)
{
	u64 may = want->policy == VMEM_POLICY_PREFER ? U64_MAX : want->nodes;
	u64 near = node_share(want, want->nodes);
	u64 far = want->nr_slices - near;
	unsigned int i;
	int ret;

	if (node_share(want, may) < want->nr_slices)
		return -ENOMEM;

	for (i = 0; i < nr_nodes; i++) {
		nodes[i].pack.take = take;
		nodes[i].pack.ctx = ctx;
	}
	ret = node_take_blocks(want, want->nodes, &near);
	if (!ret)
		ret = node_take_blocks(want, may & ~want->nodes, &far);
	if (!ret)
		ret = node_take_slices(want, want->nodes, &near);
	if (!ret)
		ret = node_take_slices(want, may & ~want->nodes, &far);
	return ret;
}

void node_changed(u64 phys, u32 nr)
{
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		if (pack_changed(&nodes[i].pack, phys))
			return;
}

static const struct pack *node_pack(int nid)
{
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		if (nodes[i].nid == nid)
			return &nodes[i].pack;
	return NULL;
}

bool node_next_dirty(int nid, u64 *phys)
{
	const struct pack *pack = node_pack(nid);

	return pack && pack_next_dirty(pack, phys);
}

bool node_lend(int nid, u64 nr_slices, u64 *phys)
{
	const struct pack *pack = node_pack(nid);

	return pack && pack_find_aligned(pack, nr_slices, phys);
}

size_t node_metadata(void)
{
	size_t sum = nr_nodes * sizeof(*nodes);
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		sum += nodes[i].pack.nr_blocks * sizeof(struct pack_block);
	return sum;
}

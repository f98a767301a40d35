// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target V7: a server of 256 GiB on which VMs start and stop 10,000 times while
 * it is 95% full, once with the pack core and once with the first slices that
 * are free. Prints figures for scripts/bench.
 *
 * The sizes are those that a study of a public cloud names (E. Cortez et al.,
 * Resource Central, SOSP 2017): most VMs are small. The weights are our own.
 */
#include "pack_host.h"

#define SIM_BLOCKS	256
#define SIM_STEPS	10000
#define SIM_PERCENT	95

static const struct size {
	u32 slices;
	u32 weight;
} sizes[] = {
	{ 384, 25 },		/* 0.75 GiB */
	{ 896, 25 },		/* 1.75 */
	{ 1792, 25 },		/* 3.5 */
	{ 3584, 12 },		/* 7 */
	{ 7168, 8 },		/* 14 */
	{ 14336, 4 },		/* 28 */
	{ 28672, 1 },		/* 56 */
};

struct outcome {
	u64 starts;
	u64 failed;		/* although there was enough */
	u64 blocks_wanted;
	u64 blocks_got;
	u64 runs;
};

static u32 sim_size(void)
{
	u32 at = rnd(100), i;

	for (i = 0; at >= sizes[i].weight; i++)
		at -= sizes[i].weight;
	return sizes[i].slices;
}

static void sim_reset(u64 seed)
{
	u32 i;

	memset(bytes, 0, sizeof(bytes));
	memset(&pack, 0, sizeof(pack));
	pack.blocks = blocks;
	pack.nr_blocks = SIM_BLOCKS;
	pack.take = take;
	for (i = 0; i < SIM_BLOCKS; i++) {
		blocks[i].phys = (u64)(i + 4) << VMEM_BLOCK_SHIFT;
		blocks[i].slices = bytes[i];
	}
	pack_count(&pack);
	rng = seed * 0x9e3779b97f4a7c15ULL | 1;
}

/* As node.c does: whole blocks, then the rest where it harms least. */
static int sim_pack(struct owner *owner, u64 nr)
{
	u64 whole = nr / VMEM_BLOCK_SLICES;
	int ret;

	if (whole > pack.nr_whole)
		whole = pack.nr_whole;
	pack.ctx = owner;
	ret = pack_take_blocks(&pack, whole);
	return ret ?: pack_take_slices(&pack, nr - whole * VMEM_BLOCK_SLICES);
}

static int sim_first_fit(struct owner *owner, u64 nr)
{
	u32 i, j, end;

	for (i = 0; nr && i < SIM_BLOCKS; i++) {
		for (j = 0; nr && j < VMEM_BLOCK_SLICES; j = end + 1) {
			for (end = j; end < VMEM_BLOCK_SLICES && end - j < nr &&
			     vmem_slice_free(bytes[i][end]); end++)
				;
			if (end == j)
				continue;
			take(owner, blocks[i].phys +
			     ((u64)j << VMEM_SLICE_SHIFT), end - j);
			nr -= end - j;
		}
		pack_changed(&pack, blocks[i].phys);
	}
	return nr ? -ENOMEM : 0;
}

static void sim_start(struct outcome *outcome, u32 nr,
		      int (*alloc)(struct owner *owner, u64 nr))
{
	struct owner *owner = new_owner();
	u32 i;

	outcome->starts++;
	outcome->blocks_wanted += nr / VMEM_BLOCK_SLICES;
	if (alloc(owner, nr)) {
		outcome->failed++;
		give_all(owner);
		return;
	}
	outcome->runs += owner->nr_runs;
	for (i = 0; i < owner->nr_runs; i++)
		outcome->blocks_got += owner->runs[i].nr / VMEM_BLOCK_SLICES;
	nr_owners++;
}

static struct outcome sim(u64 seed,
			  int (*alloc)(struct owner *owner, u64 nr))
{
	const u64 full = (u64)SIM_BLOCKS * VMEM_BLOCK_SLICES * SIM_PERCENT / 100;
	const u64 spare = (u64)SIM_BLOCKS * VMEM_BLOCK_SLICES - full;
	struct outcome outcome = {};
	u32 next, step = 0;
	bool filled = false;

	sim_reset(seed);
	next = sim_size();
	while (step < SIM_STEPS) {
		if (pack.nr_free >= next + spare) {
			sim_start(&outcome, next, alloc);
			next = sim_size();
		} else {
			if (!filled)
				outcome = (struct outcome){};
			filled = true;
			end_owner(rnd(nr_owners));
		}
		step += filled;
	}
	while (nr_owners)
		end_owner(0);
	return outcome;
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	struct outcome ours = sim(seed, sim_pack);
	struct outcome peer = sim(seed, sim_first_fit);
	double got = 100.0 * ours.blocks_got / ours.blocks_wanted;

	printf("# %llu starts at %d%% full, seed %llu\n",
	       (unsigned long long)ours.starts, SIM_PERCENT,
	       (unsigned long long)seed);
	printf("V7.refused %llu of-those-that-fit %llu 0 %s\n",
	       (unsigned long long)ours.failed, (unsigned long long)peer.failed,
	       ours.failed ? "short" : "ok");
	printf("V7.in-1GiB-pages %.2f percent %.2f 90 %s\n", got,
	       100.0 * peer.blocks_got / peer.blocks_wanted,
	       got >= 90 ? "ok" : "short");
	printf("V7.extents-per-VM %.2f extents %.2f - ok\n",
	       (double)ours.runs / ours.starts, (double)peer.runs / peer.starts);
	free_owners();
	return ours.failed || got < 90;
}

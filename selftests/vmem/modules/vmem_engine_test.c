// SPDX-License-Identifier: GPL-2.0-only
/*
 * An engine of another kind: the first slices that are free, one by one. It can
 * be told to fail, and to choose what it may not have.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/vmem_engine.h>

#define MAX_SPANS	8

static int abi = VMEM_ENGINE_ABI;
module_param(abi, int, 0);
static int fail_attach;
module_param(fail_attach, int, 0);
static int greedy;		/* take what others own, zero and lend it */
module_param(greedy, int, 0600);

static struct vmem_span spans[MAX_SPANS];
static unsigned int nr_spans;

static int test_attach(const struct vmem_span *from, unsigned int nr)
{
	if (fail_attach)
		return -fail_attach;
	if (nr > MAX_SPANS)
		return -E2BIG;
	memcpy(spans, from, nr * sizeof(*from));
	nr_spans = nr;
	return 0;
}

static void test_detach(void)
{
	nr_spans = 0;
}

/* The first slice in state @state, or any that is there. */
static bool test_find(u64 *phys, int state)
{
	unsigned int i, j;

	for (i = 0; i < nr_spans; i++) {
		for (j = 0; j < spans[i].nr_blocks * VMEM_BLOCK_SLICES; j++) {
			u8 is = spans[i].slices[j];

			if (is & VMEM_SLICE_ABSENT)
				continue;
			*phys = spans[i].phys + ((u64)j << VMEM_SLICE_SHIFT);
			if (greedy ? is & VMEM_SLICE_USED :
			    state < 0 ? vmem_slice_free(is) : is == state)
				return true;
		}
	}
	return false;
}

static int test_alloc(const struct vmem_want *want, vmem_take_t take, void *ctx)
{
	u64 left, phys;
	int ret;

	for (left = want->nr_slices; left; left--) {
		if (!test_find(&phys, -1))
			return -ENOMEM;
		ret = take(ctx, phys, 1);
		if (ret)
			return ret;
	}
	return 0;
}

static void test_changed(u64 phys, u32 nr)
{
}

static bool test_next_dirty(int nid, u64 *phys)
{
	return test_find(phys, VMEM_SLICE_DIRTY);
}

static bool test_lend(int nid, u64 nr_slices, u64 *phys)
{
	return greedy && test_find(phys, -1);
}

static size_t test_metadata(void)
{
	return sizeof(spans);
}

static struct vmem_engine_ops test_ops = {
	.owner = THIS_MODULE,
	.name = "first_fit",
	.version = "0",
	.attach = test_attach,
	.detach = test_detach,
	.alloc = test_alloc,
	.changed = test_changed,
	.next_dirty = test_next_dirty,
	.lend = test_lend,
	.metadata = test_metadata,
};

static int __init test_init(void)
{
	test_ops.abi = abi;
	return vmem_engine_register(&test_ops);
}
module_init(test_init);

static void __exit test_exit(void)
{
	vmem_engine_unregister(&test_ops);
}
module_exit(test_exit);

MODULE_DESCRIPTION("An engine for tests of vmem.ko");
MODULE_LICENSE("GPL");

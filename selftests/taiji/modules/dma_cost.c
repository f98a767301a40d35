// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dma_map_page() and dma_unmap_page() of a page cost, in ns, which are
 * instructions in a machine of scripts/vm --icount: for memory that never moves,
 * and for movable memory. Says so in the log while it loads.
 */

#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sort.h>

#define TIMES	51
#define PAIRS	100

static int by_value(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool map_and_unmap(struct device *dev, struct page *page)
{
	dma_addr_t at;
	int i;

	for (i = 0; i < PAIRS; i++) {
		at = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(dev, at))
			return false;
		dma_unmap_page(dev, at, PAGE_SIZE, DMA_BIDIRECTIONAL);
	}
	return true;
}

/* Of a pair, from the median of some hundreds. */
static u64 cost(struct device *dev, struct page *page)
{
	static u64 t[TIMES];
	u64 begin;
	int i;

	for (i = 0; i < TIMES; i++) {
		begin = ktime_get_ns();
		if (!map_and_unmap(dev, page))
			return 0;
		t[i] = ktime_get_ns() - begin;
	}
	sort(t, TIMES, sizeof(*t), by_value, NULL);
	return DIV_ROUND_UP_ULL(t[TIMES / 2], PAIRS);
}

static int measure(struct device *dev, const char *what, gfp_t gfp, bool movable)
{
	struct page *page = alloc_page(gfp);
	int err = -ENOMEM;

	if (page && (page_zonenum(page) == ZONE_MOVABLE) == movable) {
		pr_info("dma_cost: %s %llu\n", what, cost(dev, page));
		err = 0;
	}
	if (page)
		__free_page(page);
	return err;
}

static int __init dma_cost_init(void)
{
	/* A virtio disk: direct, coherent. */
	struct pci_dev *dev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, PCI_ANY_ID, NULL);
	int err;

	if (!dev)
		return -ENODEV;

	err = measure(&dev->dev, "fixed", GFP_KERNEL, false) ?:
	      measure(&dev->dev, "movable", GFP_HIGHUSER_MOVABLE, true);
	pci_dev_put(dev);
	return err;
}

static void __exit dma_cost_exit(void)
{
}

module_init(dma_cost_init);
module_exit(dma_cost_exit);

MODULE_DESCRIPTION("the cost of a streaming mapping");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices write where the OS thinks its memory is. There are two ways to keep
 * that right:
 *
 *	dma_residency	the kernel counts which sections devices use, and bounces
 *			what is away (kernel/dma/residency.c of the series)
 *	swiotlb=force	all streaming maps bounce through memory that never leaves
 *			home
 *
 * Coherent memory is never movable. What leads around the DMA API is looked for
 * here.
 */

#include <linux/device.h>
#include <linux/dma-residency.h>
#include <linux/pci.h>
#include <linux/swiotlb.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

#include "taiji.h"

/*
 * virtio without ACCESS_PLATFORM hands out addresses that the DMA API has never
 * seen.
 */
static int bypasses_dma_api(struct device *dev, void *unused)
{
	if (!dev->bus || strcmp(dev->bus->name, "virtio"))
		return 0;

	if (virtio_has_feature(dev_to_virtio(dev), VIRTIO_F_ACCESS_PLATFORM))
		return 0;

	pr_warn("%s reaches memory without the DMA API (iommu_platform=off)\n", dev_name(dev));
	return 1;
}

static int bypasses_bounce(struct device *dev, void *unused)
{
	/*
	 * An IOMMU maps pages where they are; bouncing is for direct mappings.
	 */
	if (device_iommu_mapped(dev)) {
		pr_warn("%s is behind an IOMMU, which does not bounce\n", dev_name(dev));
		return 1;
	}
	return device_for_each_child(dev, NULL, bypasses_dma_api);
}

/**
 * taiji_dma_units - let the engine know which memory devices use
 * @start:	its units are filled in, if the kernel counts and counts all of it
 *
 * Context: any.
 */
void taiji_dma_units(struct taiji_start *start)
{
	unsigned long nr = (start->end - start->first) >> TAIJI_SECTION_SHIFT, skip;
	struct dma_units units;

	BUILD_BUG_ON(DMA_UNIT_SHIFT != TAIJI_SECTION_SHIFT);
	if (dma_residency_units(&units) || start->first < units.base)
		return;
	taiji.movable_from = units.from;

	skip = (start->first - units.base) >> TAIJI_SECTION_SHIFT;
	if (skip + nr > units.nr) {
		pr_warn("the kernel counts no mappings of memory as far up as %#llx\n",
			start->end);
		return;
	}
	start->units.start = virt_to_phys(units.counts + skip);
	start->units.size = nr * sizeof(*units.counts);
}

static int bypasses_count(struct device *dev, void *unused)
{
	return device_for_each_child(dev, NULL, bypasses_dma_api);
}

/**
 * taiji_dma_is_safe - can no device reach memory that moves?
 *
 * Says which one can.
 *
 * Context: may sleep, after taiji_dma_units().
 */
bool taiji_dma_is_safe(void)
{
	if (taiji.start->units.size)
		return !bus_for_each_dev(&pci_bus_type, NULL, NULL, bypasses_count);

	/* Every device has the system's policy, ours too. */
	if (!is_swiotlb_force_bounce(taiji_device())) {
		pr_warn("devices reach all memory: boot with dma_residency, or swiotlb=force\n");
		return false;
	}

	return !bus_for_each_dev(&pci_bus_type, NULL, NULL, bypasses_bounce);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices write where the OS thinks its memory is. Memory that may be swapped
 * must be out of their reach: with swiotlb=force every streaming map of the DMA
 * API bounces through memory that never leaves home, and coherent memory is
 * never movable. Two ways lead around that, and are looked for here.
 */

#include <linux/device.h>
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
 * taiji_dma_is_safe - can no device reach movable memory?
 *
 * Says which one can.
 *
 * Context: may sleep.
 */
bool taiji_dma_is_safe(void)
{
	/* Every device has the system's policy, ours too. */
	if (!is_swiotlb_force_bounce(taiji_device())) {
		pr_warn("devices reach all memory: boot with swiotlb=force\n");
		return false;
	}

	return !bus_for_each_dev(&pci_bus_type, NULL, NULL, bypasses_bounce);
}

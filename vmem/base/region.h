/* SPDX-License-Identifier: GPL-2.0-only */
/* The boot-reserved memory that vmem has claimed. */
#ifndef VMEM_BASE_REGION_H
#define VMEM_BASE_REGION_H

#include <linux/types.h>

struct resource;

/**
 * struct vmem_region - a range of boot-reserved memory
 * @start: physical address
 * @size: in bytes
 * @nid: NUMA node, as the device tree says until it is checked
 * @res: its entry in /proc/iomem
 * @map: the kernel's write-back mapping of all of it
 * @slices: one byte a slice, see VMEM_SLICE_USED and friends; guarded by
 *	vmem_pool_lock, but the byte of a used slice is its owner's to read
 * @base: physical address of the first byte, @start rounded down to a block
 * @nr_blocks: blocks in @slices, from @base on
 *
 * All but the bytes stay as they are from load to unload.
 */
struct vmem_region {
	u64 start;
	u64 size;
	int nid;
	struct resource *res;
	void *map;
	u8 *slices;
	u64 base;
	u32 nr_blocks;
};

extern struct vmem_region *vmem_regions;
extern unsigned int vmem_nr_regions;

int vmem_region_list(const char *param);
int vmem_regions_claim(const char *param);
void vmem_regions_release(void);
struct vmem_region *vmem_region_of(u64 phys);
u8 *vmem_region_slice(const struct vmem_region *region, u64 phys);
void *vmem_region_at(u64 phys);
bool vmem_region_first_of_node(unsigned int i);

#endif /* VMEM_BASE_REGION_H */

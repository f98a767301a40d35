// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claiming boot-reserved memory.
 *
 * All regions are checked before the first is touched, and each refusal says
 * in one line what to put on the kernel command line instead.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/align.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/vmem_engine.h>

#include "firmware.h"
#include "region.h"

#define REGION_NODES	64			/* bits in vmem_alloc.nodes */
#define REGION_SECTION	(128ULL << 20)		/* of the kernel's memory map */

struct vmem_region *vmem_regions;
unsigned int vmem_nr_regions;

static u64 region_end(const struct vmem_region *region)
{
	return region->start + region->size;
}

static int region_check_alignment(const struct vmem_region *region)
{
	u64 slice = 1ULL << VMEM_SLICE_SHIFT;

	if (IS_ALIGNED(region->start | region->size, slice))
		return 0;
	pr_err("%#llx-%#llx: address and size have to be multiples of 2M\n",
	       region->start, region_end(region) - 1);
	return -EINVAL;
}

static int region_check_overlap(const struct vmem_region *region)
{
	const struct vmem_region *other;

	for (other = vmem_regions; other < region; other++) {
		if (region->start >= region_end(other) ||
		    other->start >= region_end(region))
			continue;
		pr_err("%#llx-%#llx: given twice\n",
		       region->start, region_end(region) - 1);
		return -EINVAL;
	}
	return 0;
}

static int region_check_free(const struct vmem_region *region)
{
	if (region_intersects(region->start, region->size,
			      IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) == REGION_DISJOINT)
		return 0;
	pr_err("%#llx-%#llx is System RAM: reserve it first, " VMEM_RESERVE_HINT "\n",
	       region->start, region_end(region) - 1, region->size >> 20,
	       region->start);
	return -EBUSY;
}

/* Zeroing, allocations and counts are by node: a region has just one. */
static int region_check_one_node(const struct vmem_region *region)
{
	u64 at;

	for (at = region->start; at < region_end(region); at += REGION_SECTION) {
		if (phys_to_target_node(at) == phys_to_target_node(region->start))
			continue;
		pr_err("%#llx-%#llx is on another node from %#llx on: give each node's part as a region of its own\n",
		       region->start, region_end(region) - 1, at);
		return -EINVAL;
	}
	return 0;
}

static int region_find_node(struct vmem_region *region)
{
	int nid = phys_to_target_node(region->start);

	if (nid != NUMA_NO_NODE)
		region->nid = nid;
	if (region->nid == NUMA_NO_NODE)
		region->nid = 0;
	if (region->nid < REGION_NODES)
		return 0;
	pr_err("%#llx-%#llx is on node %d: only nodes 0 to %d are supported\n",
	       region->start, region_end(region) - 1, region->nid,
	       REGION_NODES - 1);
	return -EINVAL;
}

static int region_check(struct vmem_region *region)
{
	return region_check_alignment(region) ?:
	       region_check_overlap(region) ?:
	       region_check_free(region) ?:
	       vmem_firmware_check(region->start, region_end(region)) ?:
	       region_check_one_node(region) ?:
	       region_find_node(region);
}

/* The table covers whole blocks; what is outside the region is absent. */
static int region_make_table(struct vmem_region *region)
{
	u64 block = 1ULL << VMEM_BLOCK_SHIFT;
	u64 end = ALIGN(region_end(region), block);
	size_t bytes;

	region->base = ALIGN_DOWN(region->start, block);
	region->nr_blocks = (end - region->base) >> VMEM_BLOCK_SHIFT;
	bytes = (size_t)region->nr_blocks * VMEM_BLOCK_SLICES;
	region->slices = kvmalloc(bytes, GFP_KERNEL);
	if (!region->slices)
		return -ENOMEM;
	memset(region->slices, VMEM_SLICE_ABSENT, bytes);
	/* Whoever ran before the last boot may have left something. */
	memset(vmem_region_slice(region, region->start), VMEM_SLICE_DIRTY,
	       region->size >> VMEM_SLICE_SHIFT);
	return 0;
}

static int region_claim(struct vmem_region *region)
{
	int ret;

	region->res = request_mem_region(region->start, region->size, "vmem");
	if (!region->res) {
		pr_err("%#llx-%#llx has another owner, see /proc/iomem\n",
		       region->start, region_end(region) - 1);
		return -EBUSY;
	}
	/*
	 * Held as long as the region. It is how the base zeroes slices, and
	 * on x86 it also makes the range write-back for everybody: without
	 * it, vmf_insert_pfn_pmd() finds no memory type and maps uncached.
	 */
	region->map = memremap(region->start, region->size, MEMREMAP_WB);
	if (!region->map) {
		pr_err("%#llx-%#llx cannot be mapped write-back\n",
		       region->start, region_end(region) - 1);
		return -ENOMEM;
	}
	ret = region_make_table(region);
	if (ret)
		return ret;
	pr_info("%#llx-%#llx claimed: %llu MiB on node %d\n", region->start,
		region_end(region) - 1, region->size >> 20, region->nid);
	if (!IS_ALIGNED(region->start | region->size, REGION_SECTION))
		pr_warn("%#llx-%#llx: not a multiple of 128M, so the kernel may keep struct pages for part of it\n",
			region->start, region_end(region) - 1);
	return 0;
}

/**
 * vmem_regions_claim - check and claim what we are told to
 * @param: SIZE@ADDR[,...], or NULL for none but those of the device tree
 *
 * May sleep. Returns 0 or a negative errno with nothing left claimed:
 * -EINVAL for bad syntax or alignment, -EBUSY for memory that is in use,
 * -ENXIO for what is not RAM, -ENOMEM.
 */
int vmem_regions_claim(const char *param)
{
	unsigned int i;
	int ret;

	ret = vmem_region_list(param);
	for (i = 0; !ret && i < vmem_nr_regions; i++)
		ret = region_check(&vmem_regions[i]);
	for (i = 0; !ret && i < vmem_nr_regions; i++)
		ret = region_claim(&vmem_regions[i]);
	if (ret)
		vmem_regions_release();
	return ret;
}

static void region_release(struct vmem_region *region)
{
	kvfree(region->slices);
	if (region->map)
		memunmap(region->map);
	if (region->res)
		release_mem_region(region->start, region->size);
}

/**
 * vmem_regions_release - give all regions back
 */
void vmem_regions_release(void)
{
	unsigned int i;

	for (i = 0; vmem_regions && i < vmem_nr_regions; i++)
		region_release(&vmem_regions[i]);
	kfree(vmem_regions);
	vmem_regions = NULL;
	vmem_nr_regions = 0;
}

/**
 * vmem_region_of - find the region of a physical address
 * @phys: the address
 *
 * Returns the region, or NULL if the address is in none.
 */
struct vmem_region *vmem_region_of(u64 phys)
{
	unsigned int i;

	for (i = 0; i < vmem_nr_regions; i++)
		if (phys >= vmem_regions[i].start &&
		    phys < region_end(&vmem_regions[i]))
			return &vmem_regions[i];
	return NULL;
}

/**
 * vmem_region_slice - the byte of a slice
 * @region: its region
 * @phys: its physical address
 */
u8 *vmem_region_slice(const struct vmem_region *region, u64 phys)
{
	return &region->slices[(phys - region->base) >> VMEM_SLICE_SHIFT];
}

/**
 * vmem_region_at - where the kernel sees memory of the pool
 * @phys: its physical address
 */
void *vmem_region_at(u64 phys)
{
	const struct vmem_region *region = vmem_region_of(phys);

	return region->map + (phys - region->start);
}

/**
 * vmem_region_first_of_node - has no region before this one the same node?
 * @i: index of the region
 */
bool vmem_region_first_of_node(unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (vmem_regions[j].nid == vmem_regions[i].nid)
			return false;
	return true;
}

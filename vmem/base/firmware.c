// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a range RAM at all? memmap= and mem= take whatever they are given, and a
 * hole in the address space reads as all ones or ends in a machine check.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/minmax.h>
#include <linux/of_address.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/vmem_engine.h>

#include "firmware.h"

#ifdef CONFIG_X86
#include <asm/e820/api.h>

/* Does the firmware give any of the range another type? */
static bool firmware_other_type(u64 start, u64 end)
{
	static const enum e820_type other[] = {
		E820_TYPE_RESERVED, E820_TYPE_ACPI, E820_TYPE_NVS,
		E820_TYPE_UNUSABLE, E820_TYPE_PMEM, E820_TYPE_PRAM,
		E820_TYPE_SOFT_RESERVED,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(other); i++)
		if (e820__mapped_raw_any(start, end, other[i]))
			return true;
	return false;
}

/**
 * vmem_firmware_is_ram - does the firmware's map call all of a range RAM?
 * @start: physical address, a multiple of a slice
 * @end: likewise, exclusive
 * @bad: on false, a slice that is not
 *
 * The export tells only whether any of a range is RAM, so look at the first
 * and the last page of each slice.
 */
bool vmem_firmware_is_ram(u64 start, u64 end, u64 *bad)
{
	const u64 slice = 1ULL << VMEM_SLICE_SHIFT;
	u64 at;

	for (at = start; at < end; at += slice) {
		u64 last = at + slice - SZ_4K;

		*bad = at;
		if (!e820__mapped_raw_any(at, at + SZ_4K, E820_TYPE_RAM) ||
		    !e820__mapped_raw_any(last, last + SZ_4K, E820_TYPE_RAM) ||
		    firmware_other_type(at, at + slice))
			return false;
	}
	return true;
}
#else
/* The end of the node's range that holds @at, or @at if none does. */
static u64 firmware_node_end(struct device_node *np, u64 at)
{
	struct resource res;
	u64 end = at;
	int i;

	for (i = 0; !of_address_to_resource(np, i, &res); i++)
		if (at >= res.start && at <= res.end)
			end = max_t(u64, end, res.end + 1);
	return end;
}

/* Memory is what a memory node says, and what is kept for us. */
static u64 firmware_range_end(u64 at)
{
	struct device_node *np;
	u64 end = at;

	for_each_node_by_type(np, "memory")
		end = max(end, firmware_node_end(np, at));
	for_each_compatible_node(np, NULL, VMEM_DT_COMPATIBLE)
		end = max(end, firmware_node_end(np, at));
	return end;
}

static bool firmware_has_memory_nodes(void)
{
	struct device_node *np = of_find_node_by_type(NULL, "memory");

	of_node_put(np);
	return np;
}

/**
 * vmem_firmware_is_ram - does the device tree call all of a range memory?
 * @start: physical address, a multiple of a slice
 * @end: likewise, exclusive
 * @bad: on false, the first address that is not
 *
 * The memory nodes still tell it when mem= has limited the kernel. Without a
 * device tree there is nothing a module could ask: warn and believe the user.
 */
bool vmem_firmware_is_ram(u64 start, u64 end, u64 *bad)
{
	u64 at = start, next;

	if (!firmware_has_memory_nodes()) {
		pr_warn("%#llx-%#llx: cannot check that this is RAM, the firmware has no device tree\n",
			start, end - 1);
		return true;
	}
	for (; at < end; at = next) {
		next = firmware_range_end(at);
		if (next == at) {
			*bad = at;
			return false;
		}
	}
	return true;
}
#endif

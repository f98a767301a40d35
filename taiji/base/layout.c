// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the memory is: RAM, and room for more.
 */

#include <linux/cpufeature.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "taiji.h"

#define IPA_BITS_MAX	43	/* 16 tables side by side: what one look-up at level 1 can cover */

static int note_ram(struct resource *res, void *arg)
{
	struct taiji_start *start = arg;

	if (start->nr_ranges == TAIJI_MAX_RANGES)
		return -E2BIG;

	start->ram[start->nr_ranges].start = res->start;
	start->ram[start->nr_ranges].size = resource_size(res);
	start->nr_ranges++;
	return 0;
}

/*
 * The lowest place for as much memory again, above the RAM, where nothing else
 * is.
 */
static u64 find_room(u64 above, u64 size)
{
	struct range range = mhp_get_pluggable_range(true);
	u64 step = max_t(u64, memory_block_size_bytes(), SZ_1G);
	u64 at;

	for (at = ALIGN(above, step); at + size - 1 <= range.end; at += step) {
		if (region_intersects(at, size, 0, IORES_DESC_NONE) == REGION_DISJOINT)
			return at;
	}
	return 0;
}

/**
 * taiji_layout_find - describe this machine's memory to the engine
 * @start:	its ranges, bounds and IPA size are filled in
 *
 * Context: may sleep.
 * Return: 0, -EOPNOTSUPP for pages of another size than 4 KiB, -E2BIG for
 * memory in too many ranges or too far up.
 */
int taiji_layout_find(struct taiji_start *start)
{
	u64 mmfr0 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1);
	u32 parange = cpuid_feature_extract_unsigned_field(mmfr0, ID_AA64MMFR0_EL1_PARANGE_SHIFT);
	u64 size, room;
	int err;

	if (PAGE_SIZE != SZ_4K) {
		pr_err("the kernel has pages of %lu bytes: only 4 KiB are supported\n", PAGE_SIZE);
		return -EOPNOTSUPP;
	}

	err = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
				  start, note_ram);
	if (err) {
		pr_err("RAM is in more than %d ranges\n", TAIJI_MAX_RANGES);
		return err;
	}

	start->ipa_bits = min_t(u32, id_aa64mmfr0_parange_to_phys_shift(parange), IPA_BITS_MAX);
	start->first = ALIGN_DOWN(start->ram[0].start, TAIJI_SECTION_SIZE);
	start->end = ALIGN(start->ram[start->nr_ranges - 1].start +
			   start->ram[start->nr_ranges - 1].size, TAIJI_SECTION_SIZE);

	size = ALIGN(taiji_layout_ram(start), memory_block_size_bytes());
	room = find_room(start->end, size);
	if (room && room + size <= BIT_ULL(start->ipa_bits))
		start->end = room + size;

	if (start->end > BIT_ULL(start->ipa_bits)) {
		pr_err("RAM above %#llx is out of reach\n", BIT_ULL(start->ipa_bits));
		return -E2BIG;
	}
	return 0;
}

/* Bytes of RAM. */
u64 taiji_layout_ram(const struct taiji_start *start)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < start->nr_ranges; i++)
		sum += start->ram[i].size;
	return sum;
}

/* Where memory that is added begins, or 0 where there is no room. */
u64 taiji_layout_grow_base(const struct taiji_start *start)
{
	u64 size = ALIGN(taiji_layout_ram(start), memory_block_size_bytes());
	const struct taiji_range *last = &start->ram[start->nr_ranges - 1];

	return start->end - size >= last->start + last->size ? start->end - size : 0;
}

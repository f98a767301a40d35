// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the memory is: RAM, and room for more.
 */

#include <linux/cpufeature.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/overflow.h>

#include "taiji.h"

#define IPA_BITS_MIN	36	/* KVM looks up from level 2 on below this: no level for banks */
#define IPA_BITS_MAX	48	/* without LPA2, which the descriptors are not made for */

struct ram {
	struct taiji_start *start;
	u32 nr;
};

/* Counted without @start, which has room for as many then. */
static int note_ram(struct resource *res, void *arg)
{
	struct ram *ram = arg;

	if (ram->start) {
		if (ram->nr == ram->start->nr_ranges)
			return -EAGAIN;
		ram->start->ram[ram->nr].start = res->start;
		ram->start->ram[ram->nr].size = resource_size(res);
	}
	ram->nr++;
	return 0;
}

static int walk_ram(struct ram *ram)
{
	return walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
				   ram, note_ram);
}

/* As many ranges as firmware makes of it. Pages of its own, since EL2 sees pages. */
static int find_ram(struct taiji_start **start)
{
	struct taiji_start head = {};
	struct ram ram = {};
	int err;

	err = walk_ram(&ram);
	if (err)
		return err;

	head.nr_ranges = ram.nr;
	*start = alloc_pages_exact(taiji_layout_size(&head), GFP_KERNEL | __GFP_ZERO);
	if (!*start)
		return -ENOMEM;
	(*start)->nr_ranges = ram.nr;

	ram.start = *start;
	ram.nr = 0;
	err = walk_ram(&ram);
	if (!err && ram.nr == ram.start->nr_ranges)
		return 0;

	pr_err("memory came or went meanwhile: try again\n");
	return -EAGAIN;
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

/*
 * All that the CPU can address is mapped. Only what takes LPA2 to reach is not,
 * and an access there would end in an abort: nothing may be there.
 */
static int check_reach(const struct taiji_start *start)
{
	u64 reach = BIT_ULL(start->ipa_bits);

	if (start->end - start->first > TAIJI_MAX_SPAN) {
		pr_err("RAM lies %llu GiB apart: %llu are supported\n",
		       (start->end - start->first) >> 30, TAIJI_MAX_SPAN >> 30);
		return -E2BIG;
	}
	if (region_intersects(reach, -reach, 0, IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("there is something above %#llx in /proc/iomem, which is out of reach\n",
		       reach);
		return -E2BIG;
	}
	return 0;
}

static void add_room(struct taiji_start *start)
{
	u64 size = ALIGN(taiji_layout_ram(start), memory_block_size_bytes());
	u64 room = find_room(start->end, size);

	if (!room || room + size > BIT_ULL(start->ipa_bits) ||
	    room + size - start->first > TAIJI_MAX_SPAN)
		return;

	start->room.start = room;
	start->room.size = size;
	start->end = room + size;
}

static int describe(struct taiji_start *start)
{
	u64 mmfr0 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1);
	u32 parange = cpuid_feature_extract_unsigned_field(mmfr0, ID_AA64MMFR0_EL1_PARANGE_SHIFT);
	const struct taiji_range *last = &start->ram[start->nr_ranges - 1];
	int err;

	start->ipa_bits = min_t(u32, id_aa64mmfr0_parange_to_phys_shift(parange), IPA_BITS_MAX);
	if (start->ipa_bits < IPA_BITS_MIN) {
		pr_err("the CPUs have physical addresses of %u bits: %u is the least\n",
		       start->ipa_bits, IPA_BITS_MIN);
		return -EOPNOTSUPP;
	}

	start->first = ALIGN_DOWN(start->ram[0].start, TAIJI_SECTION_SIZE);
	start->end = ALIGN(last->start + last->size, TAIJI_SECTION_SIZE);
	err = check_reach(start);
	if (!err)
		add_room(start);
	return err;
}

/**
 * taiji_layout_find - describe this machine's memory to the engine
 *
 * Context: may sleep.
 * Return: with ranges, bounds, room and IPA size filled in, to be given to
 * taiji_layout_free(); -EOPNOTSUPP for pages of another size than 4 KiB or CPUs of too
 * few address bits, -E2BIG for memory or devices too far up, -EAGAIN, -ENOMEM.
 */
struct taiji_start *taiji_layout_find(void)
{
	struct taiji_start *start = NULL;
	int err;

	if (PAGE_SIZE != SZ_4K) {
		pr_err("the kernel has pages of %lu bytes: only 4 KiB are supported\n", PAGE_SIZE);
		return ERR_PTR(-EOPNOTSUPP);
	}

	err = find_ram(&start) ?: describe(start);
	if (!err)
		return start;

	taiji_layout_free(start);
	return ERR_PTR(err);
}

void taiji_layout_free(struct taiji_start *start)
{
	if (start)
		free_pages_exact(start, taiji_layout_size(start));
}

/* Bytes, whole pages. */
size_t taiji_layout_size(const struct taiji_start *start)
{
	return PAGE_ALIGN(struct_size(start, ram, start->nr_ranges));
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

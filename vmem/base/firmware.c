// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a range RAM at all? memmap= and mem= take whatever they are given, and a
 * hole in the address space reads as all ones or ends in a machine check.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/types.h>

#include "firmware.h"

#ifdef CONFIG_X86
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/string.h>

#define FIRMWARE_SAYS	"the RAM in /sys/firmware/memmap, which has to be there"
#define FIRMWARE_GAP	64	/* numbers of memory that was unplugged */

/*
 * What one of the files of an entry says; false if there is no such entry.
 * They are a stable interface, and know nothing of memmap=. The function that
 * looks into the kernel's own copy is exported to KVM only by now.
 */
static bool firmware_read(unsigned int entry, const char *name, char *text,
			  size_t size)
{
	struct file *file;
	char path[64];
	loff_t pos = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/firmware/memmap/%u/%s", entry, name);
	file = filp_open(path, O_RDONLY, 0);
	if (IS_ERR(file))
		return false;
	n = kernel_read(file, text, size - 1, &pos);
	filp_close(file, NULL);
	text[max(n, 0)] = 0;
	return n > 0;
}

static bool firmware_read_number(unsigned int entry, const char *name,
				 u64 *value)
{
	char text[24];

	return firmware_read(entry, name, text, sizeof(text)) &&
	       !kstrtou64(text, 0, value);
}

static bool firmware_entry_is_ram(unsigned int entry)
{
	char text[24];

	return firmware_read(entry, "type", text, sizeof(text)) &&
	       sysfs_streq(text, "System RAM");
}

/* The end of the RAM that holds @at, or @at if none does. */
static u64 firmware_range_end(u64 at)
{
	unsigned int entry, gap = 0;
	u64 start, last;

	for (entry = 0; gap < FIRMWARE_GAP; entry++) {
		if (!firmware_read_number(entry, "start", &start) ||
		    !firmware_read_number(entry, "end", &last)) {
			gap++;
			continue;
		}
		gap = 0;
		if (at >= start && at <= last && firmware_entry_is_ram(entry))
			return last + 1;
	}
	return at;
}

static bool firmware_has_map(void)
{
	return true;
}
#else
#include <linux/efi.h>
#include <linux/of_address.h>

#define FIRMWARE_SAYS	"EFI's memory map (efi=debug), or the memory nodes in /proc/device-tree"

static bool firmware_entry_is_ram(const efi_memory_desc_t *md)
{
	switch (md->type) {
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA:
	case EFI_BOOT_SERVICES_CODE:
	case EFI_BOOT_SERVICES_DATA:
	case EFI_CONVENTIONAL_MEMORY:
		return (md->attribute & (EFI_MEMORY_WB | EFI_MEMORY_SP)) ==
		       EFI_MEMORY_WB;
	default:
		return false;
	}
}

/* EFI's map stays whole on arm64, whatever mem= says. */
static u64 firmware_efi_end(u64 at)
{
	efi_memory_desc_t *md;

	for_each_efi_memory_desc(md) {
		u64 next = md->phys_addr + (md->num_pages << EFI_PAGE_SHIFT);

		if (at >= md->phys_addr && at < next && firmware_entry_is_ram(md))
			return next;
	}
	return at;
}

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

/* Memory is what the firmware calls so, whatever mem= says, and what is kept for us. */
static u64 firmware_range_end(u64 at)
{
	struct device_node *np;
	u64 end = at;

	for_each_compatible_node(np, NULL, VMEM_DT_COMPATIBLE)
		end = max(end, firmware_node_end(np, at));
	if (efi_enabled(EFI_MEMMAP))
		return max(end, firmware_efi_end(at));
	for_each_node_by_type(np, "memory")
		end = max(end, firmware_node_end(np, at));
	return end;
}

static bool firmware_has_map(void)
{
	struct device_node *np = of_find_node_by_type(NULL, "memory");

	of_node_put(np);
	return np || efi_enabled(EFI_MEMMAP);
}
#endif

/**
 * vmem_firmware_check - does the firmware call all of a range RAM?
 * @start: physical address
 * @end: likewise, exclusive
 *
 * Takes as long as the firmware's map is, not the range. May sleep. Returns 0,
 * also where there is no map to ask, or -ENXIO after saying what is wrong.
 */
int vmem_firmware_check(u64 start, u64 end)
{
	u64 at = start, next;

	if (!firmware_has_map()) {
		pr_warn("%#llx-%#llx: cannot check that this is RAM, there is neither EFI's memory map nor a device tree\n",
			start, end - 1);
		return 0;
	}
	for (; at < end; at = next) {
		next = firmware_range_end(at);
		if (next != at)
			continue;
		pr_err("%#llx-%#llx is not RAM at %#llx: choose an address from %s\n",
		       start, end - 1, at, FIRMWARE_SAYS);
		return -ENXIO;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the firmware says about a range, and how to reserve one. */
#ifndef VMEM_BASE_FIRMWARE_H
#define VMEM_BASE_FIRMWARE_H

#include <linux/types.h>

/* Arguments: size in MiB, address; both unsigned long long. */
#ifdef CONFIG_X86
#define VMEM_RESERVE_HINT	"memmap=%lluM$%#llx on the kernel command line"
#else
#define VMEM_RESERVE_HINT	"limit the kernel with mem= on its command line, so that %lluM at %#llx are left"
#endif

/* A device-tree node that keeps memory for vmem: its reg, and numa-node-id. */
#define VMEM_DT_COMPATIBLE	"vmem,region"

bool vmem_firmware_is_ram(u64 start, u64 end, u64 *bad);

#endif /* VMEM_BASE_FIRMWARE_H */

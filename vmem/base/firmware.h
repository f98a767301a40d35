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

int vmem_firmware_check(u64 start, u64 end);

#endif /* VMEM_BASE_FIRMWARE_H */

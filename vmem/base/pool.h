/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of all slices: taking, returning, counting. */
#ifndef VMEM_BASE_POOL_H
#define VMEM_BASE_POOL_H

#include <linux/mutex.h>
#include <linux/types.h>

/*
 * Guards the bytes and the engine. Taken inside mmap_lock (a plain mmap of
 * /dev/vmem allocates), so no user memory may be touched under it.
 */
extern struct mutex vmem_pool_lock;

/* In slices, but for the last two. */
struct vmem_counts {
	u64 total;
	u64 free;
	u64 clean;		/* of free: zeroed */
	u64 lent;
	u64 poisoned;
	u64 largest_run;	/* longest free contiguous run */
	u64 free_blocks;
};

int vmem_pool_take(u64 phys, u32 nr, u8 *was);
void vmem_pool_untake(u64 phys, u64 nr);
void vmem_pool_free(u64 phys, u64 nr);
void vmem_pool_set(u64 phys, u64 nr, u8 bits);
void vmem_pool_clear(u64 phys, u64 nr, u8 bits);
bool vmem_pool_any(u64 phys, u64 nr, u8 bits);
void vmem_pool_count(int nid, struct vmem_counts *counts);
size_t vmem_pool_metadata(void);

#endif /* VMEM_BASE_POOL_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* An open of /dev/vmem, and what it may own. */
#ifndef VMEM_BASE_OPENED_H
#define VMEM_BASE_OPENED_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct file;

/**
 * struct vmem_opened - an open of /dev/vmem
 * @ref: one for the open file, one for each allocation
 * @nr_slices: what its allocations own
 * @lock: guards @implicit; taken inside mmap_lock, outside vmem_pool_lock
 * @implicit: what the first mmap allocated, or NULL
 */
struct vmem_opened {
	struct kref ref;
	atomic64_t nr_slices;
	struct mutex lock;	/* guards implicit */
	struct file *implicit;
};

struct vmem_opened *vmem_opened_new(void);
void vmem_opened_put(struct vmem_opened *opened);
int vmem_opened_charge(struct vmem_opened *opened, u64 nr_slices);
void vmem_opened_uncharge(struct vmem_opened *opened, u64 nr_slices);
u64 vmem_opened_limit(void);
void vmem_opened_set_limit(u64 nr_slices);

#endif /* VMEM_BASE_OPENED_H */

/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/vmem: memory for virtual machines from a pool without struct page.
 *
 * Every structure starts with its own size, as the caller knows it. It may
 * grow at the end: what a caller does not know is taken as zero and not told,
 * and what the kernel does not know has to be zero (E2BIG otherwise).
 */
#ifndef _UAPI_LINUX_VMEM_H
#define _UAPI_LINUX_VMEM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VMEM_SLICE_SIZE		(2ULL << 20)	/* unit of allocation */
#define VMEM_BLOCK_SIZE		(1ULL << 30)	/* largest page */

#define VMEM_NAME_LEN		32		/* with the closing NUL */

/* vmem_alloc.flags: fail with ENOMEM rather than use smaller pages */
#define VMEM_ALLOC_PAGE_REQUIRED	(1U << 0)

/**
 * enum vmem_policy - which nodes the memory comes from
 * @VMEM_POLICY_PREFER: vmem_alloc.nodes first (0: the caller's), then any
 * @VMEM_POLICY_BIND: vmem_alloc.nodes and no other
 * @VMEM_POLICY_INTERLEAVE: whole blocks from vmem_alloc.nodes in turn, and
 *	what is left in equal parts from each of them
 */
enum vmem_policy {
	VMEM_POLICY_PREFER = 0,
	VMEM_POLICY_BIND = 1,
	VMEM_POLICY_INTERLEAVE = 2,
};

/**
 * struct vmem_alloc - argument of VMEM_IOC_ALLOC
 * @size: sizeof(struct vmem_alloc)
 * @flags: VMEM_ALLOC_*
 * @length: bytes, a multiple of VMEM_SLICE_SIZE
 * @page_size: 0 (as large as possible), VMEM_SLICE_SIZE or VMEM_BLOCK_SIZE
 * @nodes: bit mask of NUMA nodes 0 to 63
 * @policy: enum vmem_policy
 * @reserved: 0
 * @name: shown in /proc/PID/fd and /proc/PID/maps, may be empty
 */
struct vmem_alloc {
	__u32 size;
	__u32 flags;
	__u64 length;
	__u64 page_size;
	__u64 nodes;
	__u32 policy;
	__u32 reserved;
	char name[VMEM_NAME_LEN];
};

#define VMEM_ALLOC_SIZE_VER0	72	/* all of it */

/**
 * struct vmem_info - argument of VMEM_IOC_INFO, filled by the kernel
 * @size: sizeof(struct vmem_info), set by the caller
 * @reserved: 0
 * @slice_size: unit of allocation in bytes
 * @block_size: largest page in bytes
 * @total: bytes in the pool
 * @free: bytes that nobody owns
 * @free_blocks: 1 GiB blocks that are wholly free
 * @metadata: bytes of kernel memory that describe the pool
 * @clean: bytes of @free that need no zeroing
 * @lent: bytes that the host uses for now
 * @poisoned: bytes in slices that were retired
 */
struct vmem_info {
	__u32 size;
	__u32 reserved;
	__u64 slice_size;
	__u64 block_size;
	__u64 total;
	__u64 free;
	__u64 free_blocks;
	__u64 metadata;
	__u64 clean;
	__u64 lent;
	__u64 poisoned;
};

#define VMEM_INFO_SIZE_VER0	56	/* up to metadata */

/**
 * struct vmem_extent - a physically contiguous piece of an allocation
 * @offset: where it starts in the file
 * @phys: its physical address
 * @length: in bytes
 */
struct vmem_extent {
	__u64 offset;
	__u64 phys;
	__u64 length;
};

/**
 * struct vmem_extents - argument of VMEM_IOC_EXTENTS
 * @size: sizeof(struct vmem_extents)
 * @nr: in: room at @extents; out: how many there are
 * @extents: user pointer to struct vmem_extent[nr], may be 0 if nr is
 */
struct vmem_extents {
	__u32 size;
	__u32 nr;
	__u64 extents;
};

#define VMEM_EXTENTS_SIZE_VER0	16	/* all of it */

/*
 * VMEM_IOC_ALLOC (on /dev/vmem) reserves memory and returns a close-on-exec
 * descriptor to be mapped with MAP_SHARED. The memory is free again after the
 * last close and unmap.
 * EINVAL bad argument, ENOMEM pool exhausted, ENODEV no engine loaded, EDQUOT
 * more than one open may own.
 */
#define VMEM_IOC_ALLOC		_IO(0xB9, 0x00)
/* VMEM_IOC_INFO (on /dev/vmem) tells about the pool. */
#define VMEM_IOC_INFO		_IO(0xB9, 0x01)
/* VMEM_IOC_EXTENTS (on an allocation) needs CAP_SYS_RAWIO, EPERM otherwise. */
#define VMEM_IOC_EXTENTS	_IO(0xB9, 0x02)

#endif /* _UAPI_LINUX_VMEM_H */

/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* /dev/edu_dma: an edu device copies memory, as its driver in the kernel would have it. */
#ifndef EDU_DMA_H
#define EDU_DMA_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct edu_dma_copy - from one place to another, through the device
 * @src, @dst:	whole pages: addresses of the caller, or offsets in a dma-buf
 * @src_fd, @dst_fd: dma-bufs, or -1
 * @len:	bytes
 * @coherent:	on the way it is in coherent memory, too
 * @pad:	0
 */
struct edu_dma_copy {
	__u64 src;
	__u64 dst;
	__s32 src_fd;
	__s32 dst_fd;
	__u64 len;
	__u32 coherent;
	__u32 pad;
};

#define EDU_DMA_COPY	_IOW('e', 1, struct edu_dma_copy)

#endif

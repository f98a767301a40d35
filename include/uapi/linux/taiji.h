/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/taiji: say what is cold, what devices use, and what they do not use for a
 * while.
 */
#ifndef _UAPI_LINUX_TAIJI_H
#define _UAPI_LINUX_TAIJI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct taiji_ioc_range - memory of the caller
 * @size:	sizeof(struct taiji_ioc_range)
 * @flags:	0
 * @addr:	where it starts
 * @len:	bytes
 * @done:	0; out: how much of it was done, also when there was an error
 */
struct taiji_ioc_range {
	__u32 size;
	__u32 flags;
	__u64 addr;
	__u64 len;
	__u64 done;
};

/*
 * Every swappable section that holds a present page of the range goes out,
 * whole. @done counts sections.
 */
#define TAIJI_IOC_OUT	_IOWR('t', 0xa0, struct taiji_ioc_range)
/* And comes in, whole, as one block. */
#define TAIJI_IOC_IN	_IOWR('t', 0xa1, struct taiji_ioc_range)
/*
 * Huge pages of 2 MiB that had been pinned for a device, and are no longer, may be
 * swapped again. They keep their content. @done counts them. EBUSY: one is pinned
 * still; ENOMEM: no room in ZONE_MOVABLE. To pin them again brings them back.
 */
#define TAIJI_IOC_RELEASE	_IOWR('t', 0xa2, struct taiji_ioc_range)
/*
 * The pages of the range stay in, and at the physical addresses that they have
 * then, until the file is closed. For drivers in user space that take addresses
 * from /proc/self/pagemap; VFIO sees to it itself. @done counts pages. One range
 * a file: EBUSY for a second.
 */
#define TAIJI_IOC_PIN		_IOWR('t', 0xa3, struct taiji_ioc_range)

#endif /* _UAPI_LINUX_TAIJI_H */

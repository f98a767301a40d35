/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/taiji: swap memory of the calling process by hand, for tests and for
 * those who know what is cold.
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
 * @done:	out: sections that went where they were sent
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
 * whole.
 */
#define TAIJI_IOC_OUT	_IOWR('t', 0xa0, struct taiji_ioc_range)
/* And comes in, whole, as one block. */
#define TAIJI_IOC_IN	_IOWR('t', 0xa1, struct taiji_ioc_range)

#endif /* _UAPI_LINUX_TAIJI_H */

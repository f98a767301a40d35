/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libtaiji: for programs that drive devices from user space, with memory in huge
 * pages that they map through VFIO, as DPDK and SPDK do. What is mapped cannot be
 * swapped. What a program does not need for a while it releases, and acquires again
 * before a device may use it.
 */
#ifndef LIBTAIJI_TAIJI_H
#define LIBTAIJI_TAIJI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * taiji_pool_release - take idle memory from devices, and let it be swapped
 * @container:	VFIO's, with a type 1 IOMMU
 * @addr:	of whole huge pages of 2 MiB
 * @iova:	where devices see it; one or more ranges that were mapped, whole
 * @len:	bytes
 *
 * The content stays, and the program may touch it at any time. A device that does
 * gets a fault at the IOMMU.
 *
 * Return: 0, or a negative errno: then it is mapped as before. -EBUSY: something
 * else has pinned it; -ENOMEM: there is no room for it in ZONE_MOVABLE; -ENOENT: it
 * is not mapped.
 */
int taiji_pool_release(int container, void *addr, uint64_t iova, size_t len);

/**
 * taiji_pool_acquire - let devices have the memory again
 * @container, @addr, @iova, @len: as for taiji_pool_release()
 *
 * Return: 0, or a negative errno: then it is released as before. -ENOMEM: there is
 * not enough memory outside of ZONE_MOVABLE now.
 */
int taiji_pool_acquire(int container, void *addr, uint64_t iova, size_t len);

/**
 * taiji_pin - keep memory in, and at its physical address
 * @addr, @len:	whole pages
 *
 * For drivers without VFIO, which tell devices what /proc/self/pagemap says after this.
 *
 * Return: a descriptor; closing it ends it. Or a negative errno.
 */
int taiji_pin(void *addr, size_t len);

#ifdef __cplusplus
}
#endif

#endif

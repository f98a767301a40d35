// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/taiji.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "taiji.h"

static int call(int fd, unsigned long cmd, void *addr, size_t len)
{
	struct taiji_ioc_range range = {
		.size = sizeof(range), .addr = (uintptr_t)addr, .len = len,
	};

	return ioctl(fd, cmd, &range) ? -errno : 0;
}

int taiji_pool_acquire(int container, void *addr, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)addr,
		.iova = iova,
		.size = len,
	};

	return ioctl(container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int unmap(int container, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len,
	};

	if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return -errno;
	return unmap.size ? 0 : -ENOENT;
}

int taiji_pool_release(int container, void *addr, uint64_t iova, size_t len)
{
	int fd = open("/dev/taiji", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = unmap(container, iova, len);
	if (!err) {
		err = call(fd, TAIJI_IOC_RELEASE, addr, len);
		if (err)
			err = taiji_pool_acquire(container, addr, iova, len) ?: err;
		else
			/* What does not go now goes later, or the system is not switched. */
			call(fd, TAIJI_IOC_OUT, addr, len);
	}
	close(fd);
	return err;
}

int taiji_pin(void *addr, size_t len)
{
	int fd = open("/dev/taiji", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = call(fd, TAIJI_IOC_PIN, addr, len);
	if (!err)
		return fd;
	close(fd);
	return err;
}

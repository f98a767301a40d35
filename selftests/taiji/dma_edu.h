/* SPDX-License-Identifier: GPL-2.0-only */
/* An edu device that copies memory, with a driver in the kernel: modules/edu_dma.c. */
#ifndef SELFTESTS_TAIJI_DMA_EDU_H
#define SELFTESTS_TAIJI_DMA_EDU_H

#include "taiji_test.h"
#include "../vmem/edu.h"
#include "modules/edu_dma.h"

/* Returns a descriptor of /dev/edu_dma, or a negative errno. */
static inline int edu_dma_open_with(const char *params)
{
	char address[EDU_ADDRESS_LEN], path[128];
	int err;

	if (!edu_find(address))
		return -ENODEV;
	snprintf(path, sizeof(path), PCI_DEVICES "%s/driver_override", address);
	sysfs_write(path, "\n");
	snprintf(path, sizeof(path), PCI_DEVICES "%s/driver/unbind", address);
	sysfs_write(path, address);
	err = module_load_test("edu_dma", params);
	if (err)
		return -err;
	err = open("/dev/edu_dma", O_RDWR | O_CLOEXEC);
	return err < 0 ? -errno : err;
}

static inline int edu_dma_open(void)
{
	return edu_dma_open_with("");
}

static inline int edu_dma_close(int fd)
{
	close(fd);
	return module_unload("edu_dma");
}

/* As edu_dma_open(), and the system is switched. */
static inline int edu_dma_begin(void)
{
	int fd = edu_dma_open();

	if (fd < 0 || (!taiji_load() && !taiji_switch("on") && sysfs_number(TAIJI "swappable") > 0))
		return fd;
	close(fd);
	return -EIO;
}

/* Returns 0, or what does not end. */
static inline int edu_dma_end(int fd)
{
	return edu_dma_close(fd) ?: taiji_switch("off") ?: taiji_unload();
}

/* Memory of the caller. Returns 0 or a negative errno. */
static inline int edu_dma_copy(int fd, void *dst, const void *src, size_t len, bool coherent)
{
	struct edu_dma_copy copy = {
		.src = (uintptr_t)src, .dst = (uintptr_t)dst, .src_fd = -1, .dst_fd = -1,
		.len = len, .coherent = coherent,
	};

	return ioctl(fd, EDU_DMA_COPY, &copy) ? -errno : 0;
}

#endif

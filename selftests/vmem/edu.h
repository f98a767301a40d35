/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's edu device behind VFIO: a PCI device with a DMA engine and a buffer
 * of 4 KiB of its own.
 */
#ifndef SELFTESTS_VMEM_EDU_H
#define SELFTESTS_VMEM_EDU_H

#include <dirent.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define EDU_BUFFER	0x40000
#define EDU_BUFFER_SIZE	4096
#define EDU_ADDRESS_LEN	16

enum edu_register {
	EDU_DMA_SRC = 0x80,
	EDU_DMA_DST = 0x88,
	EDU_DMA_COUNT = 0x90,
	EDU_DMA_CMD = 0x98,
};

#define EDU_CMD_RUN		1
#define EDU_CMD_TO_MEMORY	2

struct edu {
	int container;
	int group;
	int device;
	uint8_t *bar;
};

#define PCI_DEVICES	"/sys/bus/pci/devices/"

/* The PCI address of an edu device that is not @other. */
static inline bool edu_find_other(char address[EDU_ADDRESS_LEN],
				  const char *other)
{
	DIR *dir = opendir(PCI_DEVICES);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		char path[512], id[16] = "";

		snprintf(path, sizeof(path), PCI_DEVICES "%s/device",
			 entry->d_name);
		found = !sysfs_read(path, id, sizeof(id)) &&
			!strcmp(id, "0x11e8") && strcmp(entry->d_name, other);
		if (found)
			snprintf(address, EDU_ADDRESS_LEN, "%.15s",
				 entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static inline bool edu_find(char address[EDU_ADDRESS_LEN])
{
	return edu_find_other(address, "");
}

/* Gives it to vfio-pci; returns its IOMMU group, or -1. */
static inline int edu_bind(const char *address)
{
	char path[256], target[256];
	ssize_t len;

	if (access("/sys/bus/pci/drivers/vfio-pci", F_OK) &&
	    system("modprobe -q vfio-pci"))
		return -1;
	if (access("/sys/module/vfio_iommu_type1", F_OK) &&
	    system("modprobe -q vfio_iommu_type1"))
		return -1;
	snprintf(path, sizeof(path), PCI_DEVICES "%s/driver_override", address);
	sysfs_write(path, "vfio-pci");
	sysfs_write("/sys/bus/pci/drivers_probe", address);
	snprintf(path, sizeof(path), PCI_DEVICES "%s/iommu_group", address);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -1;
	target[len] = 0;
	return atoi(strrchr(target, '/') + 1);
}

static inline bool edu_open_group(struct edu *edu, int group)
{
	char path[64];

	edu->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	edu->group = open(path, O_RDWR | O_CLOEXEC);
	return edu->container >= 0 && edu->group >= 0 &&
	       !ioctl(edu->group, VFIO_GROUP_SET_CONTAINER, &edu->container) &&
	       !ioctl(edu->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
}

static inline bool edu_open_device(struct edu *edu, const char *address)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar) };
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	edu->device = ioctl(edu->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (edu->device < 0 ||
	    ioctl(edu->device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(edu->device, VFIO_DEVICE_GET_REGION_INFO, &config))
		return false;
	if (pwrite(edu->device, &command, sizeof(command),
		   config.offset + PCI_COMMAND) != sizeof(command))
		return false;
	edu->bar = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			edu->device, bar.offset);
	return edu->bar != MAP_FAILED;
}

static inline bool edu_open(struct edu *edu, const char *address)
{
	int group = edu_bind(address);

	return group >= 0 && edu_open_group(edu, group) &&
	       edu_open_device(edu, address);
}

static inline void edu_close(struct edu *edu)
{
	munmap(edu->bar, 1 << 20);
	close(edu->device);
	close(edu->group);
	close(edu->container);
}

static inline bool edu_map(struct edu *edu, void *at, uint64_t iova,
			   uint64_t length)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)at,
		.iova = iova,
		.size = length,
	};

	return !ioctl(edu->container, VFIO_IOMMU_MAP_DMA, &map);
}

static inline bool edu_unmap(struct edu *edu, uint64_t iova, uint64_t length)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};

	return !ioctl(edu->container, VFIO_IOMMU_UNMAP_DMA, &unmap) &&
	       unmap.size == length;
}

static inline void edu_set(struct edu *edu, enum edu_register reg,
			   uint64_t value)
{
	__atomic_store_n((uint64_t *)(edu->bar + reg), value, __ATOMIC_RELEASE);
}

static inline uint64_t edu_get(struct edu *edu, enum edu_register reg)
{
	return __atomic_load_n((uint64_t *)(edu->bar + reg), __ATOMIC_ACQUIRE);
}

/* Both addresses are the device's: its buffer, or an IOVA below 256 MiB. */
static inline bool edu_dma(struct edu *edu, uint64_t src, uint64_t dst,
			   uint64_t count, uint64_t direction)
{
	int patience = 10000;

	edu_set(edu, EDU_DMA_SRC, src);
	edu_set(edu, EDU_DMA_DST, dst);
	edu_set(edu, EDU_DMA_COUNT, count);
	edu_set(edu, EDU_DMA_CMD, EDU_CMD_RUN | direction);
	while (edu_get(edu, EDU_DMA_CMD) & EDU_CMD_RUN) {
		if (!patience--)
			return false;
		usleep(1000);
	}
	return true;
}

/* From memory into the device's buffer. */
static inline bool edu_read(struct edu *edu, uint64_t iova)
{
	return edu_dma(edu, iova, EDU_BUFFER, EDU_BUFFER_SIZE, 0);
}

/* From the device's buffer into memory. */
static inline bool edu_write(struct edu *edu, uint64_t iova)
{
	return edu_dma(edu, EDU_BUFFER, iova, EDU_BUFFER_SIZE,
		       EDU_CMD_TO_MEMORY);
}

#endif /* SELFTESTS_VMEM_EDU_H */

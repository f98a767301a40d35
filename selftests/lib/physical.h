/* SPDX-License-Identifier: GPL-2.0-only */
/* Where memory of this process is. */
#ifndef SELFTESTS_LIB_PHYSICAL_H
#define SELFTESTS_LIB_PHYSICAL_H

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_PFN	((1ULL << 55) - 1)

/* The physical address of the page that holds @p, or 0 if there is none. For root. */
static inline uint64_t physical(const void *p)
{
	uint64_t page = sysconf(_SC_PAGESIZE), entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)p / page * sizeof(entry)) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	return entry & PAGEMAP_PRESENT ? (entry & PAGEMAP_PFN) * page : 0;
}

#endif /* SELFTESTS_LIB_PHYSICAL_H */

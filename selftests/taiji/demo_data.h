/* SPDX-License-Identifier: GPL-2.0-only */
/* Real files, held in the memory of the demonstration's process. */
#ifndef SELFTESTS_TAIJI_DEMO_DATA_H
#define SELFTESTS_TAIJI_DEMO_DATA_H

#include <ftw.h>
#include <sys/stat.h>

#include "taiji_test.h"

#define FILES		(96UL << 20)
#define FILE_PAGES	(FILES / PAGE)

static char *files;
static size_t files_filled;
static uint64_t files_sums[FILE_PAGES];

static inline int files_add(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	ssize_t n = 1;
	int fd;

	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY);
	while (fd >= 0 && files_filled < FILES && n > 0) {
		n = read(fd, files + files_filled, FILES - files_filled);
		files_filled += n > 0 ? n : 0;
	}
	close(fd);
	return files_filled == FILES;
}

static inline uint64_t page_sum(const void *at)
{
	const volatile uint64_t *word = at;
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 512; i++)
		sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15 + (sum >> 29);
	return sum;
}

/* Programs, over and over until there is enough. Returns whether there are any. */
static inline bool files_hold(void)
{
	size_t page, before;

	files = taiji_map(FILES);
	do {
		before = files_filled;
		nftw("/usr", files_add, 16, FTW_PHYS);
	} while (files_filled < FILES && files_filled > before);
	for (page = 0; page < FILE_PAGES; page++)
		files_sums[page] = page_sum(files + page * PAGE);
	return files_filled == FILES;
}

/* In pages. */
static inline size_t files_wrong(void)
{
	size_t page, wrong = 0;

	for (page = 0; page < FILE_PAGES; page++)
		wrong += files_sums[page] != page_sum(files + page * PAGE);
	return wrong;
}

#endif

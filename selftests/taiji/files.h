/* SPDX-License-Identifier: GPL-2.0-only */
/* Real files, in memory. */
#ifndef SELFTESTS_TAIJI_FILES_H
#define SELFTESTS_TAIJI_FILES_H

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

static char *files_to;
static size_t files_size, files_filled;

static inline int files_add(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	ssize_t n = 1;
	int fd;

	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY);
	while (fd >= 0 && files_filled < files_size && n > 0) {
		n = read(fd, files_to + files_filled, files_size - files_filled);
		files_filled += n > 0 ? n : 0;
	}
	close(fd);
	return files_filled == files_size;
}

/* Those below @path, over and over until there is enough. Returns whether there are any. */
static inline bool files_read(const char *path, char *to, size_t size)
{
	size_t before;

	files_to = to;
	files_size = size;
	files_filled = 0;
	do {
		before = files_filled;
		nftw(path, files_add, 16, FTW_PHYS);
	} while (files_filled < size && files_filled > before);
	return files_filled == size;
}

#endif

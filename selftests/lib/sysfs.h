/* SPDX-License-Identifier: GPL-2.0-only */
/* One value a file. */
#ifndef SELFTESTS_LIB_SYSFS_H
#define SELFTESTS_LIB_SYSFS_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first line, without its end. Returns 0 or a positive errno. */
static inline int sysfs_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return errno;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

/* The number in a file; -1 when there is none. */
static inline long long sysfs_number(const char *path)
{
	char buf[64];

	return sysfs_read(path, buf, sizeof(buf)) ? -1 : strtoll(buf, NULL, 0);
}

/* Returns 0 or a positive errno. */
static inline int sysfs_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		ret = errno;
	close(fd);
	return ret;
}

#endif

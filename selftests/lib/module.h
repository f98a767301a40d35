/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading the project's modules in a guest. */
#ifndef SELFTESTS_LIB_MODULE_H
#define SELFTESTS_LIB_MODULE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES	"/opt/t/modules/"

/* Returns 0 or a positive errno. */
static inline int module_load_file(const char *path, const char *params)
{
	int fd, ret = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		ret = errno;
	close(fd);
	return ret;
}

static inline int module_load(const char *name, const char *params)
{
	char path[128];

	snprintf(path, sizeof(path), MODULES "%s.ko", name);
	return module_load_file(path, params);
}

/* One that belongs to the tests: it is where the running program is. */
static inline int module_load_test(const char *name, const char *params)
{
	char path[256], *end;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	if (n < 0)
		return errno;
	path[n] = 0;
	end = strrchr(path, '/') + 1;
	snprintf(end, path + sizeof(path) - end, "%s.ko", name);
	return module_load_file(path, params);
}

static inline int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

#endif

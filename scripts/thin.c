// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU is started with this: whatever it maps of THIN_FILE is the first GiB of that file,
 * as often as it takes. So a guest has a TiB of memory that it may write, of which each
 * GiB is the same one.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define GIB	(1UL << 30)

typedef void *mmap_fn(void *, size_t, int, int, int, off64_t);

static int is_thin(int fd)
{
	const char *name = getenv("THIN_FILE");
	struct stat want, is;

	return name && fd >= 0 && !stat(name, &want) && !fstat(fd, &is) &&
	       want.st_dev == is.st_dev && want.st_ino == is.st_ino;
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset)
{
	mmap_fn *real = (mmap_fn *)dlsym(RTLD_NEXT, "mmap64");
	char *start = real(addr, len, prot, flags, fd, offset);
	size_t at, n;

	if (start == MAP_FAILED || !is_thin(fd))
		return start;
	for (at = 0; at < len; at += n) {
		n = len - at < GIB ? len - at : GIB;
		if (real(start + at, n, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED)
			return MAP_FAILED;
	}
	return start;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return mmap64(addr, len, prot, flags, fd, offset);
}

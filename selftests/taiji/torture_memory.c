// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of each kind that Linux has: filled, sent out, and verified, now and one round later. What
 * kind it is says the kernel.
 */

#include <linux/kernel-page-flags.h>
#include <sys/wait.h>

#include "torture.h"

#define PRESENT		(1ULL << 63)
#define PFN_MASK	((1ULL << 55) - 1)
#define SPARE		(256UL << 20)	/* of what Linux says is available, for all others */

static uint64_t read_word(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t word = 0;

	if (fd < 0 || pread(fd, &word, sizeof(word), index * sizeof(word)) != sizeof(word))
		word = 0;
	close(fd);
	return word;
}

/* Of a page that is mapped; NR_KINDS when none is. */
static enum torture_kind kind_of(const void *p)
{
	uint64_t entry = read_word("/proc/self/pagemap", (uintptr_t)p / PAGE), flags;

	if (!(entry & PRESENT))
		return NR_KINDS;
	flags = read_word("/proc/kpageflags", entry & PFN_MASK);
	if (flags & 1ULL << KPF_HUGE)
		return KIND_HUGETLB;
	if (flags & 1ULL << KPF_THP)
		return KIND_THP;
	if (flags & 1ULL << KPF_ANON)
		return KIND_ANON;
	return flags & 1ULL << KPF_SWAPBACKED ? KIND_TMPFS : KIND_CACHE;
}

/* That the system is not switched now, or a section is held by a device, is no mistake. */
static void send_out(char *p, size_t size)
{
	enum torture_kind kind;
	size_t at;
	long done;

	for (at = 0; at < size; at += SECTION) {
		kind = kind_of(p + at);
		done = taiji_range(TAIJI_IOC_OUT, p + at, SECTION);
		if (kind != NR_KINDS && done > 0)
			torture->out[kind] += done;
	}
}

static void *map_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *p = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, TORTURE_SIZE))
		p = mmap(NULL, TORTURE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p;
}

static void *map_anonymous(int flags)
{
	return mmap(NULL, TORTURE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
		    -1, 0);
}

static void *map_kind(enum torture_kind kind, unsigned int which)
{
	char path[64];
	void *p;

	switch (kind) {
	case KIND_THP:
		return taiji_map(TORTURE_SIZE);
	case KIND_HUGETLB:
		return map_anonymous(MAP_HUGETLB);
	case KIND_TMPFS:
		snprintf(path, sizeof(path), "/dev/shm/torture.%u", which);
		return map_file(path);
	case KIND_CACHE:
		snprintf(path, sizeof(path), "/var/tmp/torture.%u", which);
		return map_file(path);
	default:
		p = map_anonymous(0);
		madvise(p, TORTURE_SIZE, MADV_NOHUGEPAGE);
		return p;
	}
}

/* A child sees what there was at the fork, and what it writes its parent does not. */
static bool child_is_right(char *p, uint64_t salt)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (taiji_verify(p, TORTURE_SIZE, salt))
			_exit(1);
		taiji_fill(p, TORTURE_SIZE / 2, ~salt);
		send_out(p, TORTURE_SIZE / 2);
		_exit(taiji_verify(p, TORTURE_SIZE / 2, ~salt) != 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* From the disk again: what was written there while it was out. */
static bool file_is_right(void *p, unsigned int which, uint64_t salt)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/var/tmp/torture.%u", which);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return false;
	madvise(p, TORTURE_SIZE, MADV_DONTNEED);
	posix_fadvise(fd, 0, TORTURE_SIZE, POSIX_FADV_DONTNEED);
	close(fd);
	return !taiji_verify(p, TORTURE_SIZE, salt);
}

/* What the round before has left is verified, and goes; what this one fills stays for the next. */
int torture_memory(enum torture_kind kind, uint64_t salt)
{
	static char *before;
	unsigned int which = salt % 2;
	char *p = map_kind(kind, which);

	if (!p || p == MAP_FAILED) {
		printf("# no memory: %s\n", strerror(errno));
		return 1;
	}
	taiji_fill(p, TORTURE_SIZE, salt);
	send_out(p, TORTURE_SIZE);
	if (kind == KIND_ANON || kind == KIND_THP) {
		if (!child_is_right(p, salt))
			return 1;
	} else if (kind == KIND_CACHE && which && !file_is_right(p, which, salt)) {
		return 1;
	}
	if (taiji_verify(p, TORTURE_SIZE, salt))
		return 1;
	send_out(p, TORTURE_SIZE);
	if (before) {
		if (taiji_verify(before, TORTURE_SIZE, salt - 1))
			return 1;
		munmap(before, TORTURE_SIZE);
	}
	before = p;
	return 0;
}

/* All that Linux says there is, in a process that is the first to go when it was too much. */
int torture_beyond_ram(uint64_t salt)
{
	long long spare = taiji_meminfo("MemAvailable") - SPARE;
	size_t size = (spare > 0 ? spare : 0) & -SECTION, at;
	char *p;

	sysfs_write("/proc/self/oom_score_adj", "1000");
	p = taiji_map(size);
	if (!p)
		return 1;
	for (at = 0; at < size && !torture->stop; at += SECTION)
		taiji_fill(p + at, SECTION, salt + at);
	torture->most = taiji_meminfo("MemTotal") - taiji_meminfo("MemFree");
	for (size = at, at = 0; at < size; at += SECTION)
		if (taiji_verify(p + at, SECTION, salt + at))
			return 1;
	return 0;
}

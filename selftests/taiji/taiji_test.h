/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of taiji share. */
#ifndef SELFTESTS_TAIJI_TEST_H
#define SELFTESTS_TAIJI_TEST_H

#include <linux/taiji.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../lib/module.h"
#include "../lib/sysfs.h"
#include "../lib/tally.h"

#define TAIJI	"/sys/kernel/mm/taiji/"
#define STATS	TAIJI "stats/"
#define SECTION	(2UL << 20)
#define PAGE	4096UL

static inline int taiji_load(void)
{
	return module_load("taiji", "") ?: module_load("taiji_engine", "");
}

static inline int taiji_unload(void)
{
	return module_unload("taiji_engine") ?: module_unload("taiji");
}

/* Whichever engine is there. */
static inline int taiji_unload_any(void)
{
	module_unload("taiji_engine_next");
	module_unload("taiji_engine");
	return module_unload("taiji");
}

static inline int taiji_switch(const char *to)
{
	tally->operations++;
	return sysfs_write(TAIJI "switch", to);
}

static inline bool taiji_is_on(void)
{
	char buf[16];

	return !sysfs_read(TAIJI "switch", buf, sizeof(buf)) && !strcmp(buf, "on");
}

/* Bytes, of a line of /proc/meminfo. */
static inline unsigned long long taiji_meminfo(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			kib = strtoull(line + strlen(key) + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib * 1024;
}

/* Returns the sections that went, or a negative errno. */
static inline long taiji_range(unsigned long cmd, void *at, size_t len)
{
	struct taiji_ioc_range range = {
		.size = sizeof(range), .addr = (uintptr_t)at, .len = len,
	};
	int fd = open("/dev/taiji", O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, cmd, &range) ? -errno : 0;
	tally->operations++;
	close(fd);
	return ret ?: (long)range.done;
}

/* Memory in huge pages of its own. */
static inline void *taiji_map(size_t size)
{
	char *p = mmap(NULL, size + SECTION, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t start = ((uintptr_t)p + SECTION - 1) & ~(SECTION - 1);

	if (p == MAP_FAILED)
		return NULL;
	munmap(p, start - (uintptr_t)p);
	munmap((void *)(start + size), (uintptr_t)p + SECTION - start);
	madvise((void *)start, size, MADV_HUGEPAGE);
	return (void *)start;
}

/*
 * Micro-pages of every kind the engine knows, by their number: zero, one word
 * over and over, what LZ4 likes, what it does not.
 */
static inline uint64_t taiji_word(uint64_t page, unsigned int i, uint64_t salt)
{
	uint64_t x = (page * 512 + i + 1) * 0x9e3779b97f4a7c15 ^ salt;

	switch (page % 4) {
	case 0:
		return 0;
	case 1:
		return (salt ^ page) * 0x100000001ULL;
	case 2:
		return i % 8 ? page + salt : x;
	default:
		x ^= x >> 29;
		x *= 0xbf58476d1ce4e5b9;
		return x ^ x >> 32;
	}
}

static inline void taiji_fill(void *at, size_t size, uint64_t salt)
{
	uint64_t *word = at;
	size_t page;
	unsigned int i;

	for (page = 0; page < size / PAGE; page++)
		for (i = 0; i < 512; i++)
			*word++ = taiji_word(page, i, salt);
}

/* What is there, what ought to be, and whether a second look says the same. */
static inline void taiji_report(const volatile uint64_t *at, uint64_t got, uint64_t page,
				unsigned int i, uint64_t salt)
{
	printf("# page %llu, word %u: %#llx, not %#llx; read again %#llx\n",
	       (unsigned long long)page, i, (unsigned long long)got,
	       (unsigned long long)taiji_word(page, i, salt), (unsigned long long)*at);
}

/* Returns how many words are not what they were, and reports the first few. */
static inline size_t taiji_verify(const void *at, size_t size, uint64_t salt)
{
	const volatile uint64_t *word = at;
	size_t page, wrong = 0;
	unsigned int i;

	for (page = 0; page < size / PAGE; page++)
		for (i = 0; i < 512; i++, word++) {
			uint64_t got = *word;

			if (got != taiji_word(page, i, salt) && wrong++ < 8)
				taiji_report(word, got, page, i, salt);
		}
	tally_bytes(size, wrong);
	return wrong;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of which part is zero, and of the rest a third random and two thirds like some text. What
 * a page holds follows from its number.
 */
#ifndef SELFTESTS_TAIJI_MIXED_DATA_H
#define SELFTESTS_TAIJI_MIXED_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MIXED_PAGE	4096UL

/**
 * struct mixed - what pages are made from
 * @text:	pages that pack
 * @nr_text:	how many
 * @zeros:	of twelve pages so many are zero; a multiple of three
 */
struct mixed {
	const char *text;
	size_t nr_text;
	unsigned int zeros;
};

static inline void mixed_noise(uint64_t *to, uint64_t x)
{
	int i;

	for (i = 0; i < 512; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		to[i] = x;
	}
}

static inline void mixed_make(const struct mixed *m, uint64_t *to, size_t page)
{
	if (page % 12 < m->zeros) {
		memset(to, 0, MIXED_PAGE);
	} else if (!(page % 3)) {
		mixed_noise(to, page * 0x9e3779b97f4a7c15 + 1);
	} else {
		memcpy(to, m->text + page * 2654435761UL % m->nr_text * MIXED_PAGE, MIXED_PAGE);
		to[0] = page;
	}
}

static inline bool mixed_is_right(const struct mixed *m, const char *p, size_t page)
{
	static uint64_t want[512];

	mixed_make(m, want, page);
	return !memcmp(want, p, MIXED_PAGE);
}

#endif

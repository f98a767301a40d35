/* SPDX-License-Identifier: GPL-2.0-only */
/* Real files, held in the memory of the demonstration's process. */
#ifndef SELFTESTS_TAIJI_DEMO_DATA_H
#define SELFTESTS_TAIJI_DEMO_DATA_H

#include "files.h"
#include "taiji_test.h"

#define FILES		(96UL << 20)
#define FILE_PAGES	(FILES / PAGE)

static char *files;
static uint64_t files_sums[FILE_PAGES];

static inline uint64_t page_sum(const void *at)
{
	const volatile uint64_t *word = at;
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 512; i++)
		sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15 + (sum >> 29);
	return sum;
}

/* Programs. Returns whether there are any. */
static inline bool files_hold(void)
{
	bool all;
	size_t page;

	files = taiji_map(FILES);
	all = files_read("/usr", files, FILES);
	for (page = 0; page < FILE_PAGES; page++)
		files_sums[page] = page_sum(files + page * PAGE);
	return all;
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

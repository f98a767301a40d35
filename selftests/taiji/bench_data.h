/* SPDX-License-Identifier: GPL-2.0-only */
/* What memory may hold: three that pack, one that does not, one that needs not. */
#ifndef SELFTESTS_TAIJI_BENCH_DATA_H
#define SELFTESTS_TAIJI_BENCH_DATA_H

#include <stdint.h>

#include "bench.h"
#include "files.h"

enum { SET_TEXT, SET_ELF, SET_ROWS, SET_NOISE, SET_ZERO, NR_SETS };

static const char * const data_sets[NR_SETS] = { "text", "elf", "rows", "noise", "zero" };

static char *data_to;
static size_t data_size;

static inline void data_files(const char *path)
{
	bench_check(path, files_read(path, data_to, data_size));
}

/* Keys, counters, times and names, as a table in memory has them. */
static inline void data_rows(void)
{
	uint64_t x = 1;
	size_t at;

	for (at = 0; at < data_size; at += 64) {
		uint64_t *row = (uint64_t *)(data_to + at);

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		row[0] = at / 64;
		row[1] = x >> 40;
		row[2] = x >> 20 & 0xfff;
		row[3] = 1700000000 + at / 640;
		snprintf((char *)&row[4], 32, "user%05u@example.org",
			 (unsigned int)(x >> 33) % 50000);
	}
}

static inline void data_noise(void)
{
	uint64_t x = 88172645463325252ULL;
	size_t i;

	for (i = 0; i < data_size / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		((uint64_t *)data_to)[i] = x;
	}
}

static inline void data_make(int set, char *to, size_t size)
{
	data_to = to;
	data_size = size;
	switch (set) {
	case SET_TEXT:
		/* Of the kernel's source: selftests/taiji/Makefile. */
		data_files("/opt/t/tests/taiji/kernel_text");
		break;
	case SET_ELF:
		data_files("/usr/lib");
		break;
	case SET_ROWS:
		data_rows();
		break;
	case SET_NOISE:
		data_noise();
		break;
	default:
		memset(to, 0, size);
	}
}

#endif

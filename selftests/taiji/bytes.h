/* SPDX-License-Identifier: GPL-2.0-only */
/* How much a test moves: what BYTES in the environment says. */
#ifndef SELFTESTS_TAIJI_BYTES_H
#define SELFTESTS_TAIJI_BYTES_H

#include <stdint.h>
#include <stdlib.h>

/* A number of bytes, of MiB with an M behind it, or of GiB with a G; or @mib MiB. */
static inline uint64_t bytes_wanted(uint64_t mib)
{
	const char *text = getenv("BYTES");
	char *end = "";
	uint64_t n = text ? strtoull(text, &end, 0) : mib << 20;

	switch (*end) {
	case 'G':
	case 'g':
		return n << 30;
	case 'M':
	case 'm':
		return n << 20;
	default:
		return n;
	}
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target V5 on the machine itself: how vmem zeroes a slice, beside a memset with
 * the widest non-temporal stores that every x86-64 has. The best of many rounds,
 * in turns, because other people's load disturbs. Prints a figure for
 * scripts/bench.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../../vmem/base/zero_fill.h"

#define SLICES	128
#define ROUNDS	40

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

#ifdef __x86_64__
#include <emmintrin.h>

static void peer_fill(void *slice)
{
	__m128i *at = slice, *end = slice + ZERO_FILL, zero = _mm_setzero_si128();

	for (; at < end; at += 4) {
		_mm_stream_si128(at, zero);
		_mm_stream_si128(at + 1, zero);
		_mm_stream_si128(at + 2, zero);
		_mm_stream_si128(at + 3, zero);
	}
	_mm_sfence();
}
#else
static void peer_fill(void *slice)
{
	memset(slice, 0, ZERO_FILL);
}
#endif

static double measure(char *memory, void (*fill)(void *slice))
{
	double start = now();
	int i;

	for (i = 0; i < SLICES; i++)
		fill(memory + i * ZERO_FILL);
	return now() - start;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

int main(void)
{
	const double gib = SLICES * ZERO_FILL / (double)(1 << 30);
	double ours = 1000, peer = 1000;
	char *memory;
	int i;

	memory = mmap(NULL, SLICES * ZERO_FILL, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	for (i = 0; i < ROUNDS; i++) {
		ours = least(ours, measure(memory, zero_fill));
		peer = least(peer, measure(memory, peer_fill));
	}
	memset(memory, 0xa5, SLICES * ZERO_FILL);
	measure(memory, zero_fill);
	for (i = 0; i < SLICES * ZERO_FILL; i++)
		if (memory[i])
			return 1;
	printf("# zeroing runs at %.2f of the peer's speed\n", peer / ours);
	printf("V5.native %.2f GiB/s %.2f %.2f %s\n", gib / ours, gib / peer,
	       0.9 * gib / peer, peer / ours >= 0.9 ? "ok" : "short");
	return 0;
}

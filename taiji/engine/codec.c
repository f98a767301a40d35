// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/lz4 is compiled from the kernel's own source, where -I$(KSRC)/lib/lz4 finds it; lz4/ stands
 * in for the kernel headers it wants.
 */
#include <linux/taiji_call.h>
#include "lz4_compress.c"
#include "lz4_decompress.c"
#include "codec.h"

bool codec_same(const void *page, u32 *pattern)
{
	const u64 *word = page;
	u64 first = word[0];

	if ((u32)first != first >> 32)
		return false;
	/* Most pages that differ do so at the end as well. */
	if (word[TAIJI_PAGE_SIZE / 8 - 1] != first)
		return false;
	for (u32 i = 1; i < TAIJI_PAGE_SIZE / 8 - 1; i++) {
		if (word[i] != first)
			return false;
	}
	*pattern = first;
	return true;
}

void codec_fill(void *page, u32 pattern)
{
	u64 *word = page;

	if (!pattern) {
		__builtin_memset(page, 0, TAIJI_PAGE_SIZE);
		return;
	}
	for (u32 i = 0; i < TAIJI_PAGE_SIZE / 8; i++)
		word[i] = (u64)pattern << 32 | pattern;
}

u32 codec_pack(void *to, u32 room, const void *page, void *workmem)
{
	BUILD_BUG_ON(CODEC_WORKMEM < LZ4_MEM_COMPRESS);
	return LZ4_compress_default(page, to, TAIJI_PAGE_SIZE, room, workmem);
}

bool codec_unpack(void *page, const void *from, u32 length)
{
	return LZ4_decompress_safe(from, page, length, TAIJI_PAGE_SIZE) == TAIJI_PAGE_SIZE;
}

u16 codec_sum(const void *page)
{
	const u64 *word = page;
	u64 sum = 0;

	for (u32 i = 0; i < TAIJI_PAGE_SIZE / 8; i++)
		sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ULL;
	return sum >> 48;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LZ4 of the kernel's lib/lz4 and the two kinds of micro-page that need no store.
 */
#ifndef TAIJI_CODEC_H
#define TAIJI_CODEC_H

#include "types.h"

/* Bytes of scratch for codec_pack(). */
#define CODEC_WORKMEM	16416

/* Is a micro-page one 32-bit pattern all over? */
bool codec_same(const void *page, u32 *pattern);
void codec_fill(void *page, u32 pattern);

/* Bytes that a micro-page packs into, 0 when that is more than @room. */
u32 codec_pack(void *to, u32 room, const void *page, void *workmem);
/* False when @length bytes at @from are not a packed micro-page. */
bool codec_unpack(void *page, const void *from, u32 length);

/* Debug builds know every micro-page that is out by this. */
u16 codec_sum(const void *page);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What lib/lz4 needs of the kernel's headers; all the others here lead to this one. */
#ifndef TAIJI_LZ4_TYPES_H
#define TAIJI_LZ4_TYPES_H

#include "../../types.h"

typedef u8 __u8;
typedef u32 __u32;
typedef u64 __u64;

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define min(a, b) ({			\
	__typeof__(a) __a = (a);	\
	__typeof__(b) __b = (b);	\
	__a < __b ? __a : __b;		\
})

#define CONFIG_64BIT	1
#define BITS_PER_LONG	64
#ifndef __LITTLE_ENDIAN
#define __LITTLE_ENDIAN	1234
#endif

#define EXPORT_SYMBOL(symbol)
#define MODULE_LICENSE(license)
#define MODULE_DESCRIPTION(description)

#define memset(s, c, n)		__builtin_memset(s, c, n)
#define memcpy(d, s, n)		__builtin_memcpy(d, s, n)
#define memmove(d, s, n)	__builtin_memmove(d, s, n)

static inline unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

#endif

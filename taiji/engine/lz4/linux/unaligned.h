/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_LZ4_UNALIGNED_H
#define TAIJI_LZ4_UNALIGNED_H

#include <linux/types.h>

#define get_unaligned(ptr) ({ \
	__auto_type __from = (ptr); \
	__typeof__(*__from + 0) __value = 0; \
	__builtin_memcpy(&__value, __from, sizeof(*__from)); \
	__value; \
})

#define put_unaligned(value, ptr) do { \
	__typeof__(*(ptr)) __value = (value); \
	__builtin_memcpy(ptr, &__value, sizeof(__value)); \
} while (0)

static inline u16 get_unaligned_le16(const void *p)
{
	u16 value;

	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

static inline void put_unaligned_le16(u16 value, void *p)
{
	__builtin_memcpy(p, &value, sizeof(value));
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's own world: no kernel header, no libc, two kinds of address that the compiler keeps
 * apart.
 */
#ifndef TAIJI_TYPES_H
#define TAIJI_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT_ULL(nr)		(1ULL << (nr))
#ifndef __aligned
#define __aligned(bytes)	__attribute__((aligned(bytes)))
#endif
#define __noreturn		__attribute__((noreturn))
#define BUILD_BUG_ON(condition)	((void)sizeof(char[1 - 2 * !!(condition)]))

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* What the switched OS takes for a physical address. */
typedef struct { u64 val; } ipa_t;
/* What the machine decodes. */
typedef struct { u64 val; } pa_t;

static inline ipa_t ipa(u64 val) { return (ipa_t){ val }; }
static inline pa_t pa(u64 val) { return (pa_t){ val }; }

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the linker puts in between: --wrap, see the Makefile.
 */
#ifndef UNIT_ENGINE_LOOKS_H
#define UNIT_ENGINE_LOOKS_H

#include <stddef.h>
#include "call.h"

bool __real_arch_irq_pending(void);
bool __wrap_arch_irq_pending(void);
void __real_arch_flush(ipa_t section);
void __wrap_arch_flush(ipa_t section);
void __real_arch_flush_sections(ipa_t first, u32 n);
void __wrap_arch_flush_sections(ipa_t first, u32 n);
void *__real_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__real_memset(void *at, int value, size_t n);
void *__wrap_memset(void *at, int value, size_t n);
s64 __real_engine_call(u64 call, u64 a, u64 b, u64 c);
s64 __wrap_engine_call(u64 call, u64 a, u64 b, u64 c);
bool __real_engine_abort(ipa_t at, enum engine_fault kind);
bool __wrap_engine_abort(ipa_t at, enum engine_fault kind);

#endif

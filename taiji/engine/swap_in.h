/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_SWAP_IN_H
#define TAIJI_SWAP_IN_H

#include "call.h"
#include "section.h"

/* Serve a fault; false when the section is not ours. @since: when it began. */
bool swap_in_fault(struct section *s, ipa_t at, enum engine_fault kind, u64 since);
/* TAIJI_CALL_IN, by the owner */
s64 swap_in_section(struct section *s, u32 from);
/* Micro-page @i, if it is out, for an owner, or for CPUs for whom one owns the section. */
void swap_in_owned(struct section *s, u32 i);
/* What is out is not wanted any more. */
void swap_in_forget(u64 e);

#endif

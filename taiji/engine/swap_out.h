/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_SWAP_OUT_H
#define TAIJI_SWAP_OUT_H

#include "section.h"

/* TAIJI_CALL_OUT, by the owner */
s64 swap_out_section(struct section *s, u32 from, u32 to);

#endif

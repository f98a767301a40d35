/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_SWAP_OUT_H
#define TAIJI_SWAP_OUT_H

#include "section.h"

/*
 * For the owner of a section that has a frame: no CPU can reach it any more. With a block,
 * -TAIJI_EADDRINUSE when a device uses it and -TAIJI_ENOMEM when there is no room for its table.
 */
s64 swap_out_prepare(struct section *s);
/*
 * Micro-page @i, if it is HELD; @word is the section's. Returns the bytes of the store that it
 * takes, or -TAIJI_ENOMEM when there is no room. Several CPUs may be at several micro-pages, as
 * long as one owns the section.
 */
s64 swap_out_page(struct section *s, u64 word, u32 i);
/* TAIJI_CALL_AWAY: how many have been looked at, up to the last in @mask, which is not 0. */
u32 swap_out_away(struct section *first, u64 mask);
/* TAIJI_CALL_OUT, by the owner */
s64 swap_out_section(struct section *s, u32 from, u32 to);

#endif

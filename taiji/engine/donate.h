/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_DONATE_H
#define TAIJI_DONATE_H

#include "section.h"

/* TAIJI_CALL_DONATE, _RECLAIM */
s64 donate_frames(struct section *s, u32 n);
s64 donate_reclaim(void);

#endif

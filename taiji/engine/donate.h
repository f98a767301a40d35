/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_DONATE_H
#define TAIJI_DONATE_H

#include "section.h"

/* TAIJI_CALL_DONATE, for one section, and TAIJI_CALL_RECLAIM */
s64 donate_section(struct section *s);
s64 donate_reclaim(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_HIDE_H
#define TAIJI_HIDE_H

#include "section.h"

/* TAIJI_CALL_HIDE, _SHOW */
s64 hide_sections(struct section *s, u32 n);
s64 hide_show(struct section *s, u32 n);

#endif

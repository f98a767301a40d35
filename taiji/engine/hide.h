/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_HIDE_H
#define TAIJI_HIDE_H

#include "section.h"

/* TAIJI_CALL_HIDE, _SHOW, for one section */
s64 hide_section(struct section *s);
s64 hide_show(struct section *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_ALLOW_H
#define TAIJI_ALLOW_H

#include "section.h"

/* TAIJI_CALL_ALLOW, for one section */
s64 allow_section(struct section *s, bool allow);

#endif

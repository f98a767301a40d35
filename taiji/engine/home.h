/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_HOME_H
#define TAIJI_HOME_H

#include "section.h"

/* TAIJI_CALL_HOME, by the owner */
s64 home_section(struct section *s, u32 from);
/*
 * Whoever is in a frame goes elsewhere: 0 when it is free, -EAGAIN when an interrupt waits, or
 * why it cannot be.
 */
s64 home_vacate(u32 frame);

#endif

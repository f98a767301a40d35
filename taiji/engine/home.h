/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_HOME_H
#define TAIJI_HOME_H

#include "section.h"

/* TAIJI_CALL_HOME, by the owner */
s64 home_section(struct section *s, u32 from);
/*
 * For the owner: the section's home frame becomes its own, and whoever is there goes elsewhere.
 * -EAGAIN when an interrupt waits, or why it cannot be.
 */
s64 home_claim(struct section *s);

#endif

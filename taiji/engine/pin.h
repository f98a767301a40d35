/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What devices use stays where it is. The host counts, for each section, the mappings that devices
 * have of it, in a word that we share:
 *
 *	>= 0		so many; the section is a block at home
 *	PIN_AWAY	it is not, or will not be in a moment: what is mapped now is bounced
 *
 * We take it from 0 to PIN_AWAY before the first thing that makes the section anything else, and
 * put it to 0 when it is a block at home again (invariant 3).
 */
#ifndef TAIJI_PIN_H
#define TAIJI_PIN_H

#include "section.h"

#define PIN_AWAY	INT32_MIN

/* Own it. False while a device uses the section. */
bool pin_take_away(struct section *s);
bool pin_is_away(const struct section *s);
/* It is a block; if that is at home, devices may have it. */
void pin_put_back(struct section *s);

#endif

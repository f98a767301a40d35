/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU that lacks a frame helps to make one.
 */
#ifndef TAIJI_RELIEF_H
#define TAIJI_RELIEF_H

#include "section.h"

/*
 * For a fault or a call that found no frame: swap out at least one micro-page of the machine's
 * victim, and more of them while no interrupt is pending. Then the fault is taken again. May be
 * called on any CPU, by any number at once, by a CPU that owns no section.
 */
void relief_step(void);

/*
 * Has the clock gone round twice, or have so many victims failed, since the last one left a frame?
 * Then what is resident does not pack, and the host has to give something up.
 */
bool relief_is_barren(void);
/* There is a frame: it is not. */
void relief_note_frame(void);

#endif

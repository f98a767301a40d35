/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU that waits for a frame helps to make one.
 */
#ifndef TAIJI_RELIEF_H
#define TAIJI_RELIEF_H

#include "section.h"

/*
 * For a fault that found no frame: swap something out, a micro-page at least, the whole of a
 * section if no interrupt waits. Then the fault is taken again.
 */
void relief_step(void);

#endif

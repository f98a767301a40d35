/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sections that faults have brought in whole, and that wait to become blocks again.
 */
#ifndef TAIJI_WHOLE_H
#define TAIJI_WHOLE_H

#include "section.h"

/* After the fault that brought in the last micro-page: one store in 512 faults. */
void whole_queue(struct section *s);
/* TAIJI_CALL_COLLAPSE without a range: up to @n of those that wait; 0 when none does. */
u32 whole_collapse(u32 n);

#endif

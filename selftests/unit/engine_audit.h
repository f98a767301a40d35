/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is everything accounted for? For when no CPU is in the engine.
 */
#ifndef UNIT_ENGINE_AUDIT_H
#define UNIT_ENGINE_AUDIT_H

#include <stdbool.h>

/*
 * Each frame has one owner, who knows of it, or is free and can be found; each section is what its
 * word, its table, the stage 2 and its count for devices say; and the figures are the sums. Says
 * what is not so.
 */
bool audit(void);

#endif

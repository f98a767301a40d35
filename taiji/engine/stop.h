/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_STOP_H
#define TAIJI_STOP_H

#include "types.h"

/* TAIJI_CALL_STOP */
s64 stop_stop(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_START_H
#define TAIJI_START_H

#include "types.h"

/* TAIJI_CALL_START, _ADOPT, _FORGET */
s64 start_start(pa_t args);
s64 start_adopt(pa_t at);
s64 start_forget(void);

#endif

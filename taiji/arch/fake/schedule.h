/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who runs. As a rule the threads of the process, as they come; or one at a time, in an order that
 * a seed decides: then a test that fails does so again.
 */
#ifndef TAIJI_FAKE_SCHEDULE_H
#define TAIJI_FAKE_SCHEDULE_H

#include "types.h"

/* One of @cpus threads at a time runs from now on, once all have entered. */
void fake_schedule(unsigned int cpus, u64 seed);
/* This thread is CPU @cpu, and waits for its turn. */
void fake_schedule_enter(unsigned int cpu);
/* It needs no more turns. */
void fake_schedule_leave(void);
/* Let somebody else run, perhaps. */
void fake_yield(void);

#endif

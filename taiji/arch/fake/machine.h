/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine in a process: RAM is one mapping, a thread is a CPU, and the host's accesses go through
 * a stage 2 and a TLB.
 *
 * It is stricter than a real one where that finds mistakes: a TLB forgets nothing that it is not
 * told to forget, and instruction fetch sees the first word of a page as it was when it was first
 * fetched, until told otherwise.
 *
 * It can be larger than the machine that it runs on: what is not touched costs nothing.
 */
#ifndef TAIJI_FAKE_MACHINE_H
#define TAIJI_FAKE_MACHINE_H

#include <linux/taiji_call.h>
#include "call.h"

#define FAKE_MAX_CPUS	TAIJI_MAX_CPUS
#define FAKE_RAM_START	0x40000000ULL

/*
 * One machine at a time. @ram: bytes of RAM from FAKE_RAM_START on; @space: bytes of IPA from
 * there on, RAM included.
 */
void fake_machine_start(u64 ram, u64 space);
void fake_machine_stop(void);
/* There is no RAM from @at on: who looks there all the same ends the program. */
void fake_hole(u64 at, u64 size);

/* This thread is CPU @cpu. */
void fake_cpu(unsigned int cpu, u64 seed);

/* One interrupt in @one_in looks at pending interrupts; 0: never. */
void fake_irq_rate(unsigned int one_in);
/* This thread's host masks its interrupts. */
void fake_mask_irqs(bool on);
/* Does the hardware set access flags, or does it fault? */
void fake_hardware_af(bool on);

/* Do others get in between where they can? On from the start; it costs time. */
void fake_stumbles(bool on);

/* How many aborts in a row an access takes before it is given up. */
#define FAKE_PATIENCE	50000000ULL
void fake_patience(u64 aborts);

/* Broadcasts so far: flushes of TLBs, renewals of fetch. */
u64 fake_flushes(void);
u64 fake_renewals(void);

/* This thread's own. */
u64 fake_random(void);

/* What the host does, a word at a time. What cannot be done ends the program. */
u64 fake_read(u64 at);
void fake_write(u64 at, u64 value);
u64 fake_fetch(u64 page);

enum fake_result {
	FAKE_DONE,
	FAKE_UNOWNED,	/* the engine says it is none of its business */
	FAKE_STALLED,	/* out of patience */
};

/* The same, for what may fail. */
enum fake_result fake_try_read(u64 at, u64 *value);
enum fake_result fake_try_write(u64 at, u64 value);
enum fake_result fake_try_fetch(u64 page, u64 *value);

#endif

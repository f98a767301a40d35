/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a machine enters the engine. Both run to completion on the calling CPU and never sleep.
 */
#ifndef TAIJI_CALL_H
#define TAIJI_CALL_H

#include <linux/taiji_call.h>
#include "types.h"

enum engine_fault {
	FAULT_TRANSLATION,	/* nothing is mapped there */
	FAULT_ACCESS_FLAG,	/* mapped, not young, and the CPU has no hardware access flag */
	FAULT_EXEC,		/* mapped, fetched from, not yet executable */
	FAULT_FETCH,		/* nothing is mapped there, and it is fetched from */
	FAULT_OTHER,
	NR_FAULTS = TAIJI_ABORT_KINDS
};

/*
 * Serve an abort of the host. True: run the access again. False: the engine does not own this
 * address; report it.
 */
bool engine_abort(ipa_t at, enum engine_fault kind);

/* Serve a call of the base (enum taiji_call). */
s64 engine_call(u64 call, u64 a, u64 b, u64 c);

#endif

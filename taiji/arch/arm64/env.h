/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM hands to every entry (struct kvm_payload_env).
 */
#ifndef TAIJI_ARM64_ENV_H
#define TAIJI_ARM64_ENV_H

#include "types.h"

#define BIT(nr)		(1UL << (nr))

struct machine_env {
	u64 window;
	u64 cpu;
	u64 flags;
};

#define MACHINE_REPEAT_TLBI	BIT(0)	/* KVM_PAYLOAD_REPEAT_TLBI */

/* Does fetch on this CPU see what is written without being told? */
bool machine_fetch_is_coherent(void);

#endif

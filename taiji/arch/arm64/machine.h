/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EL2 as the payload sees it: who it is, and the instructions it needs.
 */
#ifndef TAIJI_ARM64_MACHINE_H
#define TAIJI_ARM64_MACHINE_H

#include "types.h"

/*
 * What KVM hands to every entry (struct kvm_payload_env). entry.S keeps it in
 * x18, which the compiler leaves alone, so that the CPU is known everywhere
 * without a system register of its own.
 */
struct machine_env {
	u64 window;
	u64 cpu;
};

register struct machine_env *machine_env asm("x18");

#define BIT(nr)		(1UL << (nr))

#define read_sysreg(name) ({					\
	u64 __value;						\
	asm volatile("mrs %0, " #name : "=r" (__value));	\
	__value;						\
})

#define tlbi(op)	({ asm volatile("tlbi " #op : : : "memory"); })
#define tlbi_arg(op, x)	({ asm volatile("tlbi " #op ", %0" : : "r" (x) : "memory"); })
#define dsb(domain)	({ asm volatile("dsb " #domain : : : "memory"); })
#define isb()		({ asm volatile("isb" : : : "memory"); })

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EL2 as the payload sees it: who it is, and the instructions it needs. The unit tests have
 * another of this, which notes the instructions (selftests/unit/arm64_machine.h).
 */
#ifndef TAIJI_ARM64_MACHINE_H
#define TAIJI_ARM64_MACHINE_H

#include "types.h"

#define BIT(nr)		(1UL << (nr))

/*
 * What KVM hands to every entry (struct kvm_payload_env). entry.S keeps it in
 * x18, which the compiler leaves alone, so that the CPU is known everywhere
 * without a system register of its own.
 */
struct machine_env {
	u64 window;
	u64 cpu;
	u64 flags;
};

#define MACHINE_REPEAT_TLBI	BIT(0)	/* KVM_PAYLOAD_REPEAT_TLBI */

register struct machine_env *machine_env asm("x18");

#define read_sysreg(name) ({					\
	u64 __value;						\
	asm volatile("mrs %0, " #name : "=r" (__value));	\
	__value;						\
})

#define tlbi(op)	({ asm volatile("tlbi " #op : : : "memory"); })
#define tlbi_arg(op, x)	({ asm volatile("tlbi " #op ", %0" : : "r" (x) : "memory"); })
#define dsb(domain)	({ asm volatile("dsb " #domain : : : "memory"); })
#define isb()		({ asm volatile("isb" : : : "memory"); })
#define dc(op, at)	({ asm volatile("dc " #op ", %0" : : "r" (at) : "memory"); })
#define ic(op)		({ asm volatile("ic " #op : : : "memory"); })
#define hint(op)	({ asm volatile(#op); })

/* KVM's handler of an exception at EL2 reports the place and stops the machine. */
static inline void __noreturn machine_stop(const char *what)
{
	register const char *x0 asm("x0") = what;

	asm volatile("brk #0x7a11" : : "r" (x0));
	__builtin_unreachable();
}

/* Does fetch on this CPU see what is written without being told? */
bool machine_fetch_is_coherent(void);

#endif

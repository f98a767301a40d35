/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EL2 as the payload sees it: who it is, and the instructions it needs. The unit tests have
 * another of this, which notes the instructions (selftests/unit/arm64_machine.h).
 */
#ifndef TAIJI_ARM64_MACHINE_H
#define TAIJI_ARM64_MACHINE_H

#include "env.h"

/*
 * entry.S keeps it in x18, which the compiler leaves alone, so that the CPU is
 * known everywhere without a system register of its own.
 */
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

#endif

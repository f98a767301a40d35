/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In the place of taiji/arch/arm64/machine.h, for a process on any machine: instructions of EL2 are
 * noted instead of run, and registers read as the test has set them. Included before anything else
 * (-include), it keeps the other one out.
 */
#ifndef TAIJI_ARM64_MACHINE_H
#define TAIJI_ARM64_MACHINE_H

#include "env.h"

extern struct machine_env *machine_env;

void note(const char *instruction, u64 arg);
u64 register_value(const char *name);
void __noreturn machine_stop(const char *what);

#define read_sysreg(name)	register_value(#name)
#define tlbi(op)		note("tlbi " #op, 0)
#define tlbi_arg(op, x)		note("tlbi " #op, x)
#define dsb(domain)		note("dsb " #domain, 0)
#define isb()			note("isb", 0)
#define dc(op, at)		note("dc " #op, at)
#define ic(op)			note("ic " #op, 0)
#define hint(op)		note(#op, 0)

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What older releases of Linux 6.12 have in another form: all of it, so that it can go. */
#ifndef TAIJI_BASE_COMPAT_H
#define TAIJI_BASE_COMPAT_H

#include <linux/syscore_ops.h>

/* TAIJI_SYSCORE(end) - call void end(void *) when all devices are off, with interrupts too */
#ifdef TAIJI_STRUCT_SYSCORE	/* by Kbuild */
#define TAIJI_SYSCORE(end)						\
	static const struct syscore_ops end##_ops = { .shutdown = (end) }; \
	static struct syscore syscore = { .ops = &end##_ops }
#else
#define TAIJI_SYSCORE(end)						\
	static void end##_alone(void) { (end)(NULL); }			\
	static struct syscore_ops syscore = { .shutdown = end##_alone }

static inline void register_syscore(struct syscore_ops *ops)
{
	register_syscore_ops(ops);
}

static inline void unregister_syscore(struct syscore_ops *ops)
{
	unregister_syscore_ops(ops);
}
#endif

#endif /* TAIJI_BASE_COMPAT_H */

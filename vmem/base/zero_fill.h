/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeroing a slice, as fast as memory allows. Also compiles in user space. */
#ifndef VMEM_BASE_ZERO_FILL_H
#define VMEM_BASE_ZERO_FILL_H

#ifdef __KERNEL__
#include <linux/string.h>
#endif

#define ZERO_FILL	(2UL << 20)	/* bytes of a slice */

#ifdef __x86_64__
#ifdef __KERNEL__
#include <asm/fpu/api.h>
#define ZERO_CLOBBERS	"memory"
#else
#define kernel_fpu_begin()
#define kernel_fpu_end()
#define ZERO_CLOBBERS	"memory", "xmm0"
#endif

#define ZERO_CHUNK	(128UL << 10)	/* not preempted for so long */

/*
 * Around the cache: it holds nothing of this, and its owner may be far away.
 * Stores of 16 bytes are much faster here than those of 8, and no register but
 * those of the FPU is so wide.
 */
static inline void zero_chunk(void *at)
{
	void *end = at + ZERO_CHUNK;

	kernel_fpu_begin();
	asm volatile("pxor %%xmm0, %%xmm0\n"
		     "1:\n\t"
		     "movntdq %%xmm0, 0(%0)\n\t"
		     "movntdq %%xmm0, 16(%0)\n\t"
		     "movntdq %%xmm0, 32(%0)\n\t"
		     "movntdq %%xmm0, 48(%0)\n\t"
		     "add $64, %0\n\t"
		     "cmp %1, %0\n\t"
		     "jb 1b"
		     : "+r" (at) : "r" (end) : ZERO_CLOBBERS);
	kernel_fpu_end();
}

static inline void zero_fill(void *slice)
{
	void *end = slice + ZERO_FILL;

	for (; slice < end; slice += ZERO_CHUNK)
		zero_chunk(slice);
	/* These stores are not ordered with what makes them visible to others. */
	asm volatile("sfence" : : : "memory");
}
#else
/* On arm64 this is DC ZVA, which is as good. */
static inline void zero_fill(void *slice)
{
	memset(slice, 0, ZERO_FILL);
}
#endif

#endif /* VMEM_BASE_ZERO_FILL_H */

// SPDX-License-Identifier: GPL-2.0-only
/* Memory has tags, which the CPU compares. */

#include <asm/hwcap.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"

#define PAGE		4096
#define TAG(p, tag)	((volatile char *)((uintptr_t)(p) | (uintptr_t)(tag) << 56))

static volatile int code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	code = info->si_code;
	/* Not again: the CPU compares no more. */
	prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_NONE, 0, 0, 0);
	((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static void set_tag(volatile char *p)
{
	asm volatile("stg %0, [%0]" : : "r" (p) : "memory");
}

TEST(tags)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *p;

	ASSERT_TRUE(getauxval(AT_HWCAP2) & HWCAP2_MTE);
	ASSERT_EQ(0, prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC |
			   0xfffe << PR_MTE_TAG_SHIFT, 0, 0, 0));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_MTE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	sigaction(SIGSEGV, &action, NULL);

	set_tag(TAG(p, 5));
	*TAG(p, 5) = 42;
	EXPECT_EQ(42, *TAG(p, 5));
	EXPECT_EQ(0, code);
	*TAG(p, 6);
	EXPECT_EQ(SEGV_MTESERR, code);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What CPUs remember of the host's stage 2, and how they are made to forget it.
 */

#include "arch.h"
#include "machine.h"
#include "linux/taiji_call.h"

/*
 * No CPU uses what was invalidated any more when this returns. On some cores that takes a second
 * invalidation, of whatever it may be (see Errata in Documentation/design.rst).
 */
static void tlb_complete(void)
{
	dsb(ish);
	if (machine_env->flags & MACHINE_REPEAT_TLBI) {
		tlbi_arg(vale2is, 0UL);
		dsb(ish);
	}
	isb();
}

/*
 * A section may have been cached as one block or as up to 512 pages, and
 * combined with the host's own stage 1, which no invalidation by IPA reaches.
 * One instruction drops it all; it costs less than 512.
 */
void arch_flush_sections(ipa_t first, u32 n)
{
	(void)first;
	(void)n;
	dsb(ishst);
	tlbi(vmalls12e1is);
	tlb_complete();
}

void arch_flush(ipa_t section)
{
	arch_flush_sections(section, 1);
}

/*
 * Stage 2 first: a walk may fill in what is combined with it until it is gone. No broadcast, so
 * nothing to repeat.
 */
void arch_forget_page(ipa_t page)
{
	dsb(nshst);
	tlbi_arg(ipas2e1, page.val >> TAIJI_PAGE_SHIFT);
	dsb(nsh);
	tlbi(vmalle1);
	dsb(nsh);
	isb();
}

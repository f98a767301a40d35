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
void arch_flush(ipa_t section)
{
	(void)section;
	dsb(ishst);
	tlbi(vmalls12e1is);
	tlb_complete();
}

/* Stage 2 first: a walk may fill in what is combined with it until it is gone everywhere. */
void arch_flush_page(ipa_t page)
{
	dsb(ishst);
	tlbi_arg(ipas2e1is, page.val >> TAIJI_PAGE_SHIFT);
	dsb(ish);
	tlbi(vmalle1is);
	tlb_complete();
}

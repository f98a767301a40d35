// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU at EL2: aborts decoded, interrupts seen, time, caches.
 */

#include "arch.h"
#include "call.h"
#include "machine.h"

#define ESR_EC_SHIFT		26
#define ESR_EC_IABT_LOW		0x20
#define ESR_FSC_TYPE		0x3c
#define FSC_TRANSLATION		0x04
#define FSC_ACCESS		0x08
#define FSC_PERMISSION		0x0c

#define CTR_DMINLINE(ctr)	(((ctr) >> 16) & 15)
#define CTR_IDC			BIT(28)
#define CTR_DIC			BIT(29)

static enum engine_fault abort_kind(u64 esr)
{
	bool fetch = esr >> ESR_EC_SHIFT == ESR_EC_IABT_LOW;

	switch (esr & ESR_FSC_TYPE) {
	case FSC_TRANSLATION:
		return fetch ? FAULT_FETCH : FAULT_TRANSLATION;
	case FSC_ACCESS:
		return FAULT_ACCESS_FLAG;
	case FSC_PERMISSION:
		/* Everything is mapped read-write: only a fetch can be refused. */
		return fetch ? FAULT_EXEC : FAULT_OTHER;
	default:
		return FAULT_OTHER;
	}
}

bool machine_abort(u64 at, u64 esr);

/*
 * Entered from entry.S. @at is an IPA: KVM has resolved it where HPFAR_EL2 does
 * not tell.
 */
bool machine_abort(u64 at, u64 esr)
{
	return engine_abort(ipa(at), abort_kind(esr));
}

void *arch_va(pa_t at)
{
	return (void *)(machine_env->window + at.val);
}

unsigned int arch_cpu(void)
{
	return machine_env->cpu;
}

/* The host's interrupts are masked here, but pending ones show. */
bool arch_irq_pending(void)
{
	return read_sysreg(isr_el1) != 0;
}

bool arch_irqs_masked(void)
{
	return read_sysreg(spsr_el2) & BIT(7);
}

u64 arch_clock(void)
{
	return read_sysreg(cntvct_el0);
}

void arch_relax(void)
{
	hint(yield);
}

bool machine_fetch_is_coherent(void)
{
	return (read_sysreg(ctr_el0) & (CTR_IDC | CTR_DIC)) == (CTR_IDC | CTR_DIC);
}

void arch_clean_page(void *page)
{
	u64 ctr = read_sysreg(ctr_el0);
	u64 from = (u64)page, end = from + 4096, at;

	if (ctr & CTR_IDC)
		return;
	for (at = from; at < end; at += 4UL << CTR_DMINLINE(ctr))
		dc(cvau, at);
}

void arch_renew_fetch(void)
{
	dsb(ish);
	if (!(read_sysreg(ctr_el0) & CTR_DIC)) {
		/*
		 * The host's aliases may have other colours in a VIPT cache, so
		 * not by address.
		 */
		ic(ialluis);
		dsb(ish);
	}
	isb();
}

void arch_bug(const char *what)
{
	machine_stop(what);
}

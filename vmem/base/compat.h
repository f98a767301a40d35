/* SPDX-License-Identifier: GPL-2.0-only */
/* What Linux 6.12 has in another form: all of it, so that it can go with it. */
#ifndef VMEM_BASE_COMPAT_H
#define VMEM_BASE_COMPAT_H

#include <linux/pfn.h>
#include <linux/types.h>

#if __has_include("linux/pfn_t.h")
#include <linux/pfn_t.h>

/* What vmf_insert_pfn_pmd() and vmf_insert_pfn_pud() take. */
static inline pfn_t vmem_huge_pfn(u64 phys)
{
	return phys_to_pfn_t(phys, PFN_DEV);
}
#else
static inline unsigned long vmem_huge_pfn(u64 phys)
{
	return PHYS_PFN(phys);
}
#endif

#endif /* VMEM_BASE_COMPAT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* What Linux 6.12 has in another form: all of it, so that it can go with it. */
#ifndef VMEM_BASE_COMPAT_H
#define VMEM_BASE_COMPAT_H

#include <linux/pfn.h>
#include <linux/types.h>
#include <uapi/linux/kvm.h>

/* Bits for devices in entries, and pfn_t to ask for them: 7.3 has neither. */
#ifdef CONFIG_ARCH_HAS_PTE_DEVMAP
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

/* On arm64 KVM took page frames without struct page for a device. */
static inline bool vmem_kvm_takes_pool(void)
{
#if defined(CONFIG_ARM64) && !defined(KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED)
	return false;
#else
	return true;
#endif
}

#endif /* VMEM_BASE_COMPAT_H */

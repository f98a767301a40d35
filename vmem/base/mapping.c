// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping allocation files into user space: shared, by page frame number,
 * with the largest entries that fit.
 *
 * A mapping always starts, ends and is split at slices, so huge entries are
 * all it needs.
 */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/cpufeature.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>

#include "alloc.h"
#include "compat.h"
#include "mapping.h"
#include "poison.h"
#include "pool.h"
#include "region.h"

#ifndef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
#error vmem needs huge page frame mappings: set CONFIG_TRANSPARENT_HUGEPAGE
#endif

#define MAPPING_SLICE	BIT(VMEM_SLICE_SHIFT)

static bool mapping_aligned(unsigned long value)
{
	return IS_ALIGNED(value, MAPPING_SLICE);
}

static u64 mapping_offset(const struct vm_area_struct *vma, unsigned long addr)
{
	return ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);
}

/* The physical address of [@addr, @addr + @size) if one entry can map it. */
static bool mapping_find(const struct vm_area_struct *vma, unsigned long addr,
			 unsigned long size, u64 *phys)
{
	u64 offset = mapping_offset(vma, addr);
	const struct vmem_run *run;
	u64 in_run;

	if (addr < vma->vm_start || addr + size > vma->vm_end)
		return false;
	run = vmem_alloc_find(vma->vm_file->private_data,
			      offset >> VMEM_SLICE_SHIFT);
	if (!run)
		return false;
	in_run = offset - ((u64)run->first << VMEM_SLICE_SHIFT);
	*phys = run->phys + in_run;
	return in_run + size <= (u64)run->nr << VMEM_SLICE_SHIFT &&
	       IS_ALIGNED(*phys, size);
}

#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
/* In the entries of a CPU that has no pages of 1 GiB, a bit for them is reserved. */
static bool mapping_has_blocks(void)
{
#ifdef CONFIG_X86
	return boot_cpu_has(X86_FEATURE_GBPAGES);
#else
	return true;
#endif
}
#endif

static vm_fault_t mapping_insert(struct vm_fault *vmf, unsigned long addr,
				 u64 phys, unsigned int order)
{
	bool write = vmf->flags & FAULT_FLAG_WRITE;

	switch (order) {
	case 0:
		return vmf_insert_pfn(vmf->vma, addr, PHYS_PFN(phys));
	case PMD_ORDER:
		return vmf_insert_pfn_pmd(vmf, vmem_huge_pfn(phys), write);
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	case PUD_ORDER:
		if (mapping_has_blocks())
			return vmf_insert_pfn_pud(vmf, vmem_huge_pfn(phys),
						  write);
		fallthrough;
#endif
	default:
		return VM_FAULT_FALLBACK;
	}
}

static vm_fault_t mapping_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	unsigned long size = PAGE_SIZE << order;
	struct vm_area_struct *vma = vmf->vma;
	struct address_space *mapping = vma->vm_file->f_mapping;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);
	vm_fault_t ret;
	u64 phys;

	if (!mapping_find(vma, addr, size, &phys))
		return order ? VM_FAULT_FALLBACK : VM_FAULT_SIGBUS;
	/* Nothing bad is mapped after vmem_poison() has cleared page tables. */
	filemap_invalidate_lock_shared(mapping);
	if (vmem_poison_hits(phys, size))
		ret = order ? VM_FAULT_FALLBACK : VM_FAULT_HWPOISON;
	else
		ret = mapping_insert(vmf, addr, phys, order);
	filemap_invalidate_unlock_shared(mapping);
	return ret;
}

/* May an entry of a slice be made, or is there one? */
static bool mapping_slice_fits(const struct vm_fault *vmf)
{
	pmd_t pmd = pmdp_get_lockless(vmf->pmd);

	if (vmf->vma->vm_flags & VM_NOHUGEPAGE)
		return false;
	return pmd_none(pmd) || pmd_leaf(pmd);
}

/*
 * The kernel comes here without having asked for a huge entry where huge pages
 * are turned off: for the process by prctl(), and in early releases of 6.12 for
 * all of the machine by transparent_hugepage/enabled. Those are about memory that
 * has to be collected into huge pages, and this is huge to begin with.
 */
static vm_fault_t mapping_fault(struct vm_fault *vmf)
{
	vm_fault_t ret = VM_FAULT_FALLBACK;

	if (mapping_slice_fits(vmf))
		ret = mapping_huge_fault(vmf, PMD_ORDER);
	if (ret & VM_FAULT_FALLBACK)
		ret = mapping_huge_fault(vmf, 0);
	return ret;
}

/*
 * A mapping that is about to move, or to be cut: what moves page tables takes an
 * entry of 1 GiB for a broken one. Without entries there are none to move, and each
 * comes again by a fault.
 */
static void mapping_open(struct vm_area_struct *vma)
{
	/* The other case is a fork. */
	if (vma->vm_mm == current->mm)
		unmap_mapping_range(vma->vm_file->f_mapping,
				    mapping_offset(vma, vma->vm_start),
				    vma->vm_end - vma->vm_start, 1);
}

static int mapping_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return mapping_aligned(addr) ? 0 : -EINVAL;
}

static int mapping_mremap(struct vm_area_struct *vma)
{
	return mapping_aligned(vma->vm_start) ? 0 : -EINVAL;
}

/* For ptrace() and /proc/PID/mem, which find no page to hold on to. */
static int mapping_access(struct vm_area_struct *vma, unsigned long addr,
			  void *buf, int len, int write)
{
	int room = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(addr));
	void *at;
	u64 phys;

	if (!(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
		return -EACCES;
	if (!mapping_find(vma, ALIGN_DOWN(addr, PAGE_SIZE), PAGE_SIZE, &phys))
		return -EFAULT;
	if (vmem_poison_hits(phys, PAGE_SIZE))
		return -EFAULT;
	at = vmem_region_at(phys + offset_in_page(addr));
	if (write)
		memcpy(at, buf, room);
	else
		memcpy(buf, at, room);
	return room;
}

static const struct vm_operations_struct mapping_vm_ops = {
	.open = mapping_open,
	.fault = mapping_fault,
	.huge_fault = mapping_huge_fault,
	.may_split = mapping_may_split,
	.mremap = mapping_mremap,
	.access = mapping_access,
};

/**
 * vmem_mapping_check - what every mapping of the pool has to be
 * @vma: the mapping
 *
 * Returns -EINVAL unless it is shared and aligned to slices.
 */
int vmem_mapping_check(const struct vm_area_struct *vma)
{
	u64 offset = mapping_offset(vma, vma->vm_start);

	BUILD_BUG_ON(PMD_SHIFT != VMEM_SLICE_SHIFT);

	/* Huge page frame entries cannot be copied on write. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	return mapping_aligned(vma->vm_start | vma->vm_end | offset) ?
	       0 : -EINVAL;
}

/**
 * vmem_mmap - map an allocation file
 * @file: the file
 * @vma: where
 *
 * Returns -EINVAL unless the mapping is shared, aligned to slices and within
 * the file.
 */
int vmem_mmap(struct file *file, struct vm_area_struct *vma)
{
	u64 offset = mapping_offset(vma, vma->vm_start);
	u64 size = i_size_read(file_inode(file));
	int ret;

	ret = vmem_mapping_check(vma);
	if (ret)
		return ret;
	if (offset > size || vma->vm_end - vma->vm_start > size - offset)
		return -EINVAL;

	/* VM_HUGEPAGE: huge faults come only where THP is allowed. */
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP |
			  VM_HUGEPAGE);
	vma->vm_ops = &mapping_vm_ops;
	return 0;
}

/* A place for @len bytes where addresses and offsets agree modulo @align. */
static unsigned long mapping_place(struct file *file, unsigned long len,
				   u64 offset, unsigned long align,
				   unsigned long flags)
{
	unsigned long addr;

	if (len + align < len)
		return -ENOMEM;
	addr = thp_get_unmapped_area(file, 0, len + align, 0, flags);
	if (IS_ERR_VALUE(addr))
		return addr;
	return addr + ((offset - addr) & (align - 1));
}

/**
 * vmem_get_unmapped_area - choose an address that huge entries can map
 * @file: the file
 * @addr: a hint, or the address with MAP_FIXED
 * @len: of the mapping
 * @pgoff: its offset in the file, in pages
 * @flags: of mmap
 */
unsigned long vmem_get_unmapped_area(struct file *file, unsigned long addr,
				     unsigned long len, unsigned long pgoff,
				     unsigned long flags)
{
	u64 offset = (u64)pgoff << PAGE_SHIFT;
	unsigned long place = -ENOMEM;

	if (flags & MAP_FIXED || (addr && mapping_aligned(addr))) {
		place = thp_get_unmapped_area(file, addr, len, pgoff, flags);
		if (flags & MAP_FIXED || place == addr)
			return place;
		place = -ENOMEM;
	}
	if (len >= SZ_1G)
		place = mapping_place(file, len, offset, SZ_1G, flags);
	if (IS_ERR_VALUE(place))
		place = mapping_place(file, len, offset, MAPPING_SLICE, flags);
	return place;
}

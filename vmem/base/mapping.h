/* SPDX-License-Identifier: GPL-2.0-only */
/* Mapping allocation files into user space. */
#ifndef VMEM_BASE_MAPPING_H
#define VMEM_BASE_MAPPING_H

struct file;
struct vm_area_struct;

int vmem_mapping_check(const struct vm_area_struct *vma);
int vmem_mmap(struct file *file, struct vm_area_struct *vma);
unsigned long vmem_get_unmapped_area(struct file *file, unsigned long addr,
				     unsigned long len, unsigned long pgoff,
				     unsigned long flags);

#endif /* VMEM_BASE_MAPPING_H */

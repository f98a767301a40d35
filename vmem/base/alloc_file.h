/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMEM_BASE_ALLOC_FILE_H
#define VMEM_BASE_ALLOC_FILE_H

#include <linux/vmem_engine.h>

struct file;
struct vmem_opened;

struct file *vmem_alloc_file(const struct vmem_want *want,
			     struct vmem_opened *opened, const char *name);

#endif /* VMEM_BASE_ALLOC_FILE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* What include/linux/taiji_call.h needs of a world without a kernel or libc. */
#ifndef TAIJI_ARM64_LINUX_TYPES_H
#define TAIJI_ARM64_LINUX_TYPES_H

#include <stdint.h>

typedef uint32_t __u32;
typedef uint64_t __u64;

#endif

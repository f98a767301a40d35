/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own, seen from $(KSRC)/lib/lz4. */
#include <../../include/linux/lz4.h>

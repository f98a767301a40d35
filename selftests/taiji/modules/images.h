/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_TAIJI_IMAGES_H
#define SELFTESTS_TAIJI_IMAGES_H

#include <linux/types.h>

extern const u8 real_image[], real_image_end[];
extern const u8 declining_image[], declining_image_end[];
extern const u8 panicking_image[], panicking_image_end[];

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* The engine as it is, with another name and version. */
#define ENGINE_VERSION "9.9.9"

#include "pack.c"
#include "node.c"
#include "main.c"

// SPDX-License-Identifier: GPL-2.0-only
#include "gib.h"

static void gib_name(struct gib *gib, u32 first)
{
	u64 offset = (u64)gib & (TAIJI_SECTION_SIZE - 1);
	struct piece *piece = (void *)((u64)gib - offset);

	piece->first[offset >> PIECE_SLOT_SHIFT] = first;
}

bool gib_add(u64 at)
{
	u32 i = (at - arena->first) >> GIB_SHIFT;
	struct gib *gib;

	BUILD_BUG_ON(GIB_HEAD != 1U << PIECE_SLOT_SHIFT);
	if (arena->map[i])
		return true;
	gib = arena_alloc(sizeof(*gib), 1U << PIECE_SLOT_SHIFT);
	if (!gib)
		return false;
	gib_name(gib, i * GIB_SECTIONS);
	arena->map[i] = gib;
	arena->gibs[arena->nr_sections / GIB_SECTIONS] = gib;
	arena->nr_sections += GIB_SECTIONS;
	return true;
}

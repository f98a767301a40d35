// SPDX-License-Identifier: GPL-2.0-only
#include "arena.h"
#include "arch.h"

struct arena *arena;

bool arena_open(struct taiji_range range)
{
	struct arena *a = arch_va(pa(range.start));

	if (range.size < sizeof(*a))
		return false;
	__builtin_memset(a, 0, sizeof(*a));
	a->magic = ARENA_MAGIC;
	a->version = ARENA_VERSION;
	a->start = range.start;
	a->size = range.size;
	a->used = sizeof(*a);
	arena = a;
	return true;
}

void arena_close(void)
{
	arena->magic = 0;
	arena = NULL;
}

bool arena_adopt(pa_t at)
{
	struct arena *a = arch_va(at);

	if (a->magic != ARENA_MAGIC || a->version != ARENA_VERSION || a->start != at.val ||
	    !a->nr_cpus || a->stopped)
		return false;
	arena = a;
	return true;
}

void *arena_alloc(u64 size, u64 align)
{
	u64 at = (arena->start + arena->used + align - 1) & ~(align - 1);

	if (at + size > arena->start + arena->size)
		return NULL;
	arena->used = at + size - arena->start;
	return arch_va(pa(at));
}

pa_t arena_pa(const void *at)
{
	return pa(arena->start + (u64)((const char *)at - (const char *)arena));
}

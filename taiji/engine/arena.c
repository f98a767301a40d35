// SPDX-License-Identifier: GPL-2.0-only
#include "arena.h"
#include "arch.h"

struct arena *arena;

static struct arena *arena_in(struct piece *first)
{
	BUILD_BUG_ON(sizeof(struct piece) % __alignof__(struct arena));
	return (struct arena *)(first + 1);
}

static struct piece *piece_next(const struct piece *piece)
{
	return piece->next ? arch_va(pa(piece->next)) : NULL;
}

static void piece_init(struct piece *piece, u64 at, u32 number)
{
	piece->magic = ARENA_MAGIC;
	piece->version = ARENA_VERSION;
	piece->number = number;
	piece->self = at;
	piece->next = 0;
}

void arena_open(u64 at)
{
	struct piece *first = arch_va(pa(at));
	struct arena *a = arena_in(first);

	piece_init(first, at, 0);
	__builtin_memset(a, 0, sizeof(*a));
	a->pieces = first;
	a->last = first;
	a->filling = first;
	a->filled = sizeof(*first) + sizeof(*a);
	a->used = a->filled;
	arena = a;
}

void arena_add(u64 at)
{
	struct piece *piece = arch_va(pa(at));

	piece_init(piece, at, arena->last->number + 1);
	arena->last->next = at;
	arena->last = piece;
}

void arena_close(void)
{
	arena->pieces->magic = 0;
	arena = NULL;
}

bool arena_adopt(pa_t at)
{
	struct piece *first = arch_va(at);
	struct arena *a = arena_in(first);

	if (first->magic != ARENA_MAGIC || first->version != ARENA_VERSION || first->number ||
	    first->self != at.val || !a->nr_cpus || a->stopped)
		return false;
	arena = a;
	return true;
}

void *arena_alloc(u64 size, u64 align)
{
	u64 at = (arena->filled + align - 1) & ~(align - 1);

	if (at + size > TAIJI_SECTION_SIZE) {
		struct piece *next = piece_next(arena->filling);

		at = (sizeof(*next) + align - 1) & ~(align - 1);
		if (!next || at + size > TAIJI_SECTION_SIZE)
			return NULL;
		arena->filling = next;
	}
	arena->filled = at + size;
	arena->used += size;
	return (char *)arena->filling + at;
}

bool arena_holds(u64 section)
{
	for (const struct piece *piece = arena->pieces; piece; piece = piece_next(piece)) {
		if (piece->self == section)
			return true;
	}
	return false;
}

pa_t arena_pa(const void *at)
{
	u64 offset = (u64)at & (TAIJI_SECTION_SIZE - 1);
	const struct piece *piece = (const void *)((u64)at - offset);

	return pa(piece->self + offset);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring without a lock. Who puts takes the next slot, and overwrites what nobody has come for: the
 * base looks at all sections as well, if slowly. So what is in a slot is a hint, no more.
 */
#include "block.h"
#include "cpu.h"
#include "whole.h"

static u32 *whole_slot(u32 i)
{
	return &arena->whole[i % WHOLE_QUEUE];
}

void whole_queue(struct section *s)
{
	u32 i = __atomic_fetch_add(&arena->whole_head, 1, __ATOMIC_RELAXED);

	__atomic_store_n(whole_slot(i), section_index(s) + 1, __ATOMIC_RELEASE);
}

/* The section that has waited longest, or NULL. */
static struct section *whole_next(void)
{
	u32 tail = __atomic_load_n(&arena->whole_tail, __ATOMIC_RELAXED);
	u32 name;

	for (;;) {
		u32 head = __atomic_load_n(&arena->whole_head, __ATOMIC_RELAXED);
		u32 from = head - tail > WHOLE_QUEUE ? head - WHOLE_QUEUE : tail;

		if (from == head)
			return NULL;
		if (!__atomic_compare_exchange_n(&arena->whole_tail, &tail, from + 1, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		tail = from + 1;
		name = __atomic_exchange_n(whole_slot(from), 0, __ATOMIC_ACQUIRE);
		/* Its slot is taken, but not filled yet: it is found by the search of the base. */
		if (name)
			return section_of(name - 1);
	}
}

u32 whole_collapse(u32 n)
{
	u32 dealt = 0;

	while (dealt < n) {
		struct section *s = whole_next();

		if (!s)
			break;
		dealt++;
		/* Out of time, it waits again. */
		if (!block_collapse_sections(s, 1))
			whole_queue(s);
		if (cpu_irq_pending())
			break;
	}
	return dealt;
}

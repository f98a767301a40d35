/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sections: one word each, changed by compare-and-swap only, says everything that more than one CPU
 * must agree on.
 *
 *	frame		where it is, or FRAME_NONE
 *	resident	micro-pages whose content is in the frame; all 512 in a block
 *	users		CPUs in a fault or a scan of it right now: neither table nor frame goes away
 *	OWNED		one CPU is in a call that changes it; faults go on
 *	SEALED		the owner needs it alone: faults are taken again; section_seal() has
 *			waited for the users to leave
 *
 *	BLOCK		mapped as one
 *	TABLE		mapped by a table
 *	ABSENT		neither frame nor content; first touch takes a frame
 *	(none of them)	not ours: a hole, the arena, or donated
 *
 *	SWAPPABLE	may go out and may change frames
 *	GROWN		not RAM: it has no home
 *	DONATED		its home frame is one of the free ones
 *	MOVING		on its way from @frame to @target, see home.c
 *	KEPT		the host and the engine both use it, or RAM begins or ends in it: no call
 *			makes anything else of it
 *
 * What it is (all of these flags, and @frame but for what a fault brings in) changes by its owner
 * only, and the owner looks at it again after it has got it.
 *
 * The frame of a split section goes free when its last micro-page is out and its last user and its
 * owner have left; whoever is last sees to it. Micro-pages are unmapped and flushed long before
 * (swap_out.c), so nobody can reach the frame then.
 */
#ifndef TAIJI_SECTION_H
#define TAIJI_SECTION_H

#include "frame.h"

#define SECTION_RESIDENT_SHIFT	FRAME_BITS
#define SECTION_USERS_SHIFT	(SECTION_RESIDENT_SHIFT + 10)
#define SECTION_COUNT_MASK	1023ULL
#define SECTION_RESIDENT	BIT_ULL(SECTION_RESIDENT_SHIFT)
#define SECTION_USER		BIT_ULL(SECTION_USERS_SHIFT)
#define SECTION_OWNED		BIT_ULL(44)
#define SECTION_SEALED		BIT_ULL(45)
#define SECTION_BLOCK		BIT_ULL(46)
#define SECTION_TABLE		BIT_ULL(47)
#define SECTION_ABSENT		BIT_ULL(48)
#define SECTION_SWAPPABLE	BIT_ULL(49)
#define SECTION_RAM		BIT_ULL(50)
#define SECTION_GROWN		BIT_ULL(51)
#define SECTION_DONATED		BIT_ULL(52)
#define SECTION_MOVING		BIT_ULL(53)
#define SECTION_KEPT		BIT_ULL(54)
#define SECTION_MAPPED		(SECTION_BLOCK | SECTION_TABLE)
#define SECTION_OURS		(SECTION_MAPPED | SECTION_ABSENT)
/* Neither mapped nor free, and never anybody's: hide.c */
#define SECTION_HIDDEN		(SECTION_RAM | (u64)FRAME_NONE)

static inline u32 section_frame(u64 word)
{
	return word & FRAME_NONE;
}

static inline u32 section_resident(u64 word)
{
	return word >> SECTION_RESIDENT_SHIFT & SECTION_COUNT_MASK;
}

static inline u32 section_users(u64 word)
{
	return word >> SECTION_USERS_SHIFT & SECTION_COUNT_MASK;
}

static inline u64 section_word(const struct section *s)
{
	return __atomic_load_n(&s->word, __ATOMIC_ACQUIRE);
}

static inline bool section_change(struct section *s, u64 *old, u64 word)
{
	return __atomic_compare_exchange_n(&s->word, old, word, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static inline u32 section_index(const struct section *s)
{
	u64 offset = (u64)s & ((1U << PIECE_SLOT_SHIFT) - 1);

	return gib_first(s) + (offset - offsetof(struct gib, sections)) / sizeof(*s);
}

/* By its number, which is that of its home frame, and of its place in the IPA space. */
static inline struct section *section_of(u32 index)
{
	return &gib_of(index)->sections[index % GIB_SECTIONS];
}

/* All there are, one after the other: @i below arena->nr_sections. */
static inline struct section *section_nth(u32 i)
{
	return &arena->gibs[i / GIB_SECTIONS]->sections[i % GIB_SECTIONS];
}

/* The @n-th after it, within what section_range() has checked. */
static inline struct section *section_after(const struct section *s, u32 n)
{
	return section_of(section_index(s) + n);
}

static inline ipa_t section_ipa(const struct section *s)
{
	return ipa(arena->first + ((u64)section_index(s) << TAIJI_SECTION_SHIFT));
}

static inline bool section_at_home(const struct section *s, u64 word)
{
	return section_frame(word) == section_index(s);
}

/* A block at home is all the machine would have without us. */
static inline bool section_is_home_block(const struct section *s, u64 word)
{
	return word & SECTION_BLOCK && section_at_home(s, word);
}

static inline u64 section_with_frame(u64 word, u32 frame)
{
	return (word & ~(u64)FRAME_NONE) | frame;
}

/* The section at @at, or NULL. */
struct section *section_at(ipa_t at);
/* The first of @n sections from @at, or NULL when there are not so many there. */
struct section *section_range(u64 at, u64 n);

/* Own it; false when another CPU does, or when STOP has succeeded. */
bool section_own(struct section *s);
/* The owner keeps faults out, and waits for those in progress: one micro-page's time at most. */
void section_seal(struct section *s);
/* The owner, having sealed, changes flags, still sealed. */
void section_set_sealed(struct section *s, u64 set, u64 clear);
void section_unseal(struct section *s);
/* The owner, having sealed, says what it is from now on: no longer owned nor sealed. */
void section_become(struct section *s, u64 word);
/* No longer owned nor sealed. */
void section_disown(struct section *s);

/*
 * Look at it without changing what it is: keeps table and frame in place until section_leave().
 * False when sealed or not mapped.
 */
bool section_enter(struct section *s, u64 *word);
/* Leave, with @more micro-pages resident than before; returns the new word. */
u64 section_leave(struct section *s, u32 more);

/* The table of a split section: owner or user only. */
u64 *section_table(const struct section *s);
bool section_table_alloc(struct section *s);
void section_table_free(struct section *s);

/* A frame that was this section's goes free: see frame_put(). */
void section_put_frame(struct section *s, u32 frame);

#ifdef TAIJI_DEBUG
/* The sum of a micro-page's content, while it is out. */
u16 *section_sum(const struct section *s, u32 i);
#endif

/* Where micro-page @i of the section goes, or is, when it is in. */
pa_t section_page(const struct section *s, u64 word, u32 i);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine asks of the machine. arm64 answers with stage 2 at EL2, fake with tables walked
 * by threads of a process.
 *
 * A section is mapped as one block, or by a table of 512 entries of 8 bytes, or not at all. The
 * engine owns the entries of a table: an entry whose bit 0 is clear is invalid for the machine, and
 * its other 63 bits are the engine's. Entries are read and written with single 64-bit atomic
 * accesses. Nothing here blocks or allocates.
 */
#ifndef TAIJI_ARCH_H
#define TAIJI_ARCH_H

#include "types.h"

#define ARCH_LEAF_VALID		1ULL

/*
 * Room for the stage 2 over everything up to 2^ipa_bits, from arena_alloc(), and its root. Each
 * struct gib, which may come later, has one for an entry a section.
 * arch_stage2_fill() makes it 1:1, some hundred entries at a time, from @at = 0 on, which it moves
 * on; true when nothing is left to do.
 */
bool arch_stage2_init(unsigned int ipa_bits, pa_t *root);
bool arch_stage2_fill(u64 *at);

/*
 * What maps a section. arch_map_* replace an invalid entry (nothing to flush). arch_unmap makes the
 * entry invalid: the old mapping may live on in TLBs until arch_flush() of that section has
 * returned, which also waits for accesses in flight everywhere.
 */
void arch_map_block(ipa_t section, pa_t frame);
void arch_map_table(ipa_t section, pa_t table);
void arch_unmap(ipa_t section);
void arch_flush(ipa_t section);
/* The same for @n sections in a row, at the price of one. */
void arch_flush_sections(ipa_t first, u32 n);

/*
 * Was a section that is one block touched? Clears the flag; the caller flushes (or accepts to
 * miss a touch).
 */
bool arch_block_test_clear_young(ipa_t section);
/* The access flag of a block after an access-flag fault. */
void arch_block_set_young(ipa_t section);

/* A valid entry of a table: present, read-write, young, and executable or not. */
u64 arch_leaf(pa_t page, bool exec);
bool arch_leaf_exec(u64 leaf);
bool arch_leaf_young(u64 leaf);
u64 arch_leaf_mkyoung(u64 leaf);
u64 arch_leaf_mkold(u64 leaf);

/* Order a written table entry before the return to the host. */
void arch_publish(void);
/*
 * On this CPU alone, forget an entry of this micro-page that permits less than the table does. A
 * CPU that still has one takes a fault of its own.
 */
void arch_forget_page(ipa_t page);
/*
 * Instruction fetch sees what was written to pages: clean each one, then once, for all CPUs and all
 * that have been cleaned on this one, make fetch forget what it knew.
 */
void arch_clean_page(void *page);
void arch_renew_fetch(void);

/* Where the engine can read and write a frame, a table, the store. */
void *arch_va(pa_t at);

unsigned int arch_cpu(void);
bool arch_irq_pending(void);
/* During an abort: is this CPU the host's only hope, as it has masked its interrupts? */
bool arch_irqs_masked(void);
u64 arch_clock(void);
void arch_relax(void);
/* An invariant is broken: report and stop the machine. Never returns. */
void __noreturn arch_bug(const char *what);

#endif

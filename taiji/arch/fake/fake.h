/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAIJI_FAKE_H
#define TAIJI_FAKE_H

#include "machine.h"

/*
 * An entry: ARCH_LEAF_VALID, these, and an address. In the stage 2 of sections FAKE_TABLE leads
 * to a table.
 */
#define FAKE_TABLE	BIT_ULL(1)
#define FAKE_YOUNG	BIT_ULL(2)
#define FAKE_EXEC	BIT_ULL(3)
#define FAKE_ADDRESS	(~(TAIJI_PAGE_SIZE - 1))

/* More than the pages of a test, so that nothing stale is lost by chance. */
#define FAKE_TLB_SIZE	32768

struct fake_tlb {
	u64 page;
	u64 generation;
	u64 at;
	bool exec;
};

struct fake_icache {
	u64 word;
	u64 valid;
};

/**
 * struct fake_cpu - a thread
 * @active: odd during an access
 * @irqs_masked: by the host
 * @cleaned: pages that fetch does not see anew yet
 */
struct fake_cpu {
	u64 active;
	u64 random;
	bool irqs_masked;
	unsigned int nr_cleaned;
	u64 cleaned[TAIJI_SECTION_PAGES];
	struct fake_tlb tlb[FAKE_TLB_SIZE];
} __aligned(64);

struct fake_machine {
	char *ram;
	u64 ram_size;
	u64 nr_sections;
	u64 *stage2;
	u64 *generations;
	u8 *stale;
	struct fake_icache *icache;
	unsigned int irq_rate;
	bool hardware_af;
	bool stumbles;
	u64 patience;
	u64 flushes;
	u64 renewals;
	struct fake_cpu *cpus;
	unsigned int nr_cpus;
};

extern struct fake_machine fake;
extern __thread struct fake_cpu *fake_me;

void fake_icache_drop(u64 at);
/* This CPU's own entry for this page. */
void fake_tlb_drop(u64 at);

#endif

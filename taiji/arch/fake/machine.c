// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side: accesses.
 *
 * An access is active from before it looks at its TLB until after it has touched memory.
 * arch_flush() raises the section's generation and then waits for who is active: either the access
 * sees the new generation, and walks, or the flush sees the access, and waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arch.h"
#include "fake.h"
#include "schedule.h"

struct fake_machine fake;
__thread struct fake_cpu *fake_me;

static void *sparse(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		arch_bug("fake: no memory");
	/* A page that is touched is one page, however large its neighbourhood is. */
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

/* As a machine has it: an address is as aligned in the process as it is in the machine. */
static char *sparse_ram(u64 size)
{
	char *p = sparse(size + TAIJI_SECTION_SIZE);
	u64 skip = -(u64)p & (TAIJI_SECTION_SIZE - 1);

	munmap(p + skip + size, TAIJI_SECTION_SIZE - skip);
	if (skip)
		munmap(p, skip);
	return p + skip;
}

#define FAKE_GIB	(1ULL << 30)

void fake_machine_start(u64 ram, u64 space)
{
	fake = (struct fake_machine){
		.patience = FAKE_PATIENCE, .hardware_af = true, .stumbles = true
	};
	fake.ram_size = ram;
	fake.nr_sections = ((space + FAKE_GIB - 1) & ~(FAKE_GIB - 1)) >> TAIJI_SECTION_SHIFT;
	fake.ram = sparse_ram(ram);
	fake.generations = sparse(fake.nr_sections * sizeof(u64));
	fake.stale = sparse(fake.nr_sections * sizeof(u8));
	fake.icache = sparse((ram >> TAIJI_PAGE_SHIFT) * sizeof(*fake.icache));
	fake.cpus = sparse(FAKE_MAX_CPUS * sizeof(*fake.cpus));
}

void fake_machine_stop(void)
{
	munmap(fake.ram, fake.ram_size);
	munmap(fake.generations, fake.nr_sections * sizeof(u64));
	munmap(fake.stale, fake.nr_sections * sizeof(u8));
	munmap(fake.icache, (fake.ram_size >> TAIJI_PAGE_SHIFT) * sizeof(*fake.icache));
	munmap(fake.cpus, FAKE_MAX_CPUS * sizeof(*fake.cpus));
}

void fake_hole(u64 at, u64 size)
{
	if (mprotect(fake.ram + (at - FAKE_RAM_START), size, PROT_NONE))
		arch_bug("fake: no such hole");
}

void fake_cpu(unsigned int cpu, u64 seed)
{
	unsigned int nr = __atomic_load_n(&fake.nr_cpus, __ATOMIC_SEQ_CST);

	fake_me = &fake.cpus[cpu];
	fake_me->random = seed * 2 + 1;
	while (nr <= cpu && !__atomic_compare_exchange_n(&fake.nr_cpus, &nr, cpu + 1, false,
							 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

void fake_irq_rate(unsigned int one_in)
{
	fake.irq_rate = one_in;
}

void fake_patience(u64 aborts)
{
	fake.patience = aborts;
}

void fake_mask_irqs(bool on)
{
	fake_me->irqs_masked = on;
}

void fake_hardware_af(bool on)
{
	fake.hardware_af = on;
}

void fake_stumbles(bool on)
{
	fake.stumbles = on;
}

u64 fake_random(void)
{
	fake_me->random ^= fake_me->random << 13;
	fake_me->random ^= fake_me->random >> 7;
	fake_me->random ^= fake_me->random << 17;
	return fake_me->random;
}

static struct fake_tlb *tlb_slot(u64 at)
{
	return &fake_me->tlb[at >> TAIJI_PAGE_SHIFT & (FAKE_TLB_SIZE - 1)];
}

void fake_tlb_drop(u64 at)
{
	struct fake_tlb *tlb = tlb_slot(at);

	if (tlb->page == at >> TAIJI_PAGE_SHIFT)
		*tlb = (struct fake_tlb){ 0 };
}

u64 fake_flushes(void)
{
	return __atomic_load_n(&fake.flushes, __ATOMIC_RELAXED);
}

u64 fake_renewals(void)
{
	return __atomic_load_n(&fake.renewals, __ATOMIC_RELAXED);
}

static u64 section_number(u64 at)
{
	return (at - FAKE_RAM_START) >> TAIJI_SECTION_SHIFT;
}

/* Set the access flag, as the machine does or as it asks for; false: fault. */
static bool walk_young(u64 *entry, u64 e)
{
	if (e & FAKE_YOUNG)
		return true;
	return fake.hardware_af &&
	       __atomic_compare_exchange_n(entry, &e, e | FAKE_YOUNG, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static bool walk(u64 at, bool exec, struct fake_tlb *tlb, enum engine_fault *fault)
{
	u64 gib = fake.stage2[section_number(at) >> (30 - TAIJI_SECTION_SHIFT)];
	u64 offset = at & (TAIJI_SECTION_SIZE - TAIJI_PAGE_SIZE);
	u64 *entry;
	u64 e;

	/* What the engine does not look after is where it seems to be. */
	if (!(gib & ARCH_LEAF_VALID)) {
		tlb->page = at >> TAIJI_PAGE_SHIFT;
		tlb->at = at & FAKE_ADDRESS;
		return true;
	}
	entry = (u64 *)arch_va(pa(gib & FAKE_ADDRESS)) + (section_number(at) & 511);
	e = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
	*fault = exec ? FAULT_FETCH : FAULT_TRANSLATION;
	if (!(e & ARCH_LEAF_VALID))
		return false;
	if (e & FAKE_TABLE) {
		entry = (u64 *)arch_va(pa(e & FAKE_ADDRESS)) + (offset >> TAIJI_PAGE_SHIFT);
		e = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
		offset = 0;
		if (!(e & ARCH_LEAF_VALID))
			return false;
	}
	*fault = FAULT_ACCESS_FLAG;
	if (!walk_young(entry, e))
		return false;
	*fault = FAULT_EXEC;
	if (exec && !(e & FAKE_EXEC))
		return false;
	tlb->page = at >> TAIJI_PAGE_SHIFT;
	tlb->at = (e & FAKE_ADDRESS) + offset;
	tlb->exec = e & FAKE_EXEC;
	return true;
}

/* Active. The address for the machine, or a fault. */
static bool translate(u64 at, bool exec, u64 *to, enum engine_fault *fault)
{
	struct fake_tlb *tlb = tlb_slot(at);
	u64 generation = __atomic_load_n(&fake.generations[section_number(at)], __ATOMIC_SEQ_CST);

	if (tlb->page != at >> TAIJI_PAGE_SHIFT || tlb->generation != generation) {
		struct fake_tlb fresh = { .generation = generation };

		if (!walk(at, exec, &fresh, fault))
			return false;
		*tlb = fresh;
	}
	*fault = FAULT_EXEC;
	if (exec && !tlb->exec)
		return false;
	*to = tlb->at | (at & (TAIJI_PAGE_SIZE - 1));
	return true;
}

static void active(void)
{
	__atomic_fetch_add(&fake_me->active, 1, __ATOMIC_SEQ_CST);
}

static u64 icache_read(u64 at)
{
	struct fake_icache *line = &fake.icache[(at - FAKE_RAM_START) >> TAIJI_PAGE_SHIFT];
	u64 value;

	if (__atomic_load_n(&line->valid, __ATOMIC_ACQUIRE))
		return __atomic_load_n(&line->word, __ATOMIC_RELAXED);
	value = *(u64 *)arch_va(pa(at));
	__atomic_store_n(&line->word, value, __ATOMIC_RELAXED);
	__atomic_store_n(&line->valid, 1, __ATOMIC_RELEASE);
	return value;
}

void fake_icache_drop(u64 at)
{
	struct fake_icache *line = &fake.icache[(at - FAKE_RAM_START) >> TAIJI_PAGE_SHIFT];

	__atomic_store_n(&line->valid, 0, __ATOMIC_RELEASE);
}

enum access { READ, WRITE, FETCH };

static bool access_once(u64 at, enum access access, u64 *value, enum engine_fault *fault)
{
	bool done;
	u64 to;

	active();
	done = translate(at, access == FETCH, &to, fault);
	if (done) {
		switch (access) {
		case READ:
			*value = *(u64 *)arch_va(pa(to));
			break;
		case WRITE:
			*(u64 *)arch_va(pa(to)) = *value;
			/*
			 * The host keeps fetch and data in step itself, when it is the one who
			 * writes.
			 */
			fake_icache_drop(to);
			break;
		case FETCH:
			*value = icache_read(to);
			break;
		}
	}
	active();
	return done;
}

static enum fake_result access_memory(u64 at, enum access access, u64 *value)
{
	enum engine_fault fault;

	for (u64 tries = 0; tries < fake.patience; tries++) {
		if (access_once(at, access, value, &fault))
			return FAKE_DONE;
		if (!engine_abort(ipa(at), fault))
			return FAKE_UNOWNED;
		/* A real CPU would take its interrupts here. */
		if (tries > 4)
			fake_yield();
	}
	return FAKE_STALLED;
}

static void access_or_die(u64 at, enum access access, u64 *value)
{
	enum fake_result result = access_memory(at, access, value);

	if (result == FAKE_DONE)
		return;
	fprintf(stderr, "fake: cpu %ld, %#llx: %s\n", (long)(fake_me - fake.cpus),
		(unsigned long long)at, result == FAKE_STALLED ? "no end of aborts" : "unowned");
	abort();
}

u64 fake_read(u64 at)
{
	u64 value;

	access_or_die(at, READ, &value);
	return value;
}

void fake_write(u64 at, u64 value)
{
	access_or_die(at, WRITE, &value);
}

u64 fake_fetch(u64 page)
{
	u64 value;

	access_or_die(page, FETCH, &value);
	return value;
}

enum fake_result fake_try_read(u64 at, u64 *value)
{
	return access_memory(at, READ, value);
}

enum fake_result fake_try_write(u64 at, u64 value)
{
	return access_memory(at, WRITE, &value);
}

enum fake_result fake_try_fetch(u64 page, u64 *value)
{
	return access_memory(page, FETCH, value);
}

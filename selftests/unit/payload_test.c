// SPDX-License-Identifier: GPL-2.0-only
/*
 * The series' payload.c at EL1, on KVM's own page tables of EL2: whatever memory was before, what
 * EL2 executes cannot be written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <asm/kvm_payload.h>
#include <asm/kvm_pgtable.h>

#include "payload_host.h"
#include "tap.h"

#define RAM_PA		0x40000000UL
#define RAM_SIZE	(1UL << 30)
#define WINDOW		BIT(46)
#define LINEAR		BIT(47)
#define TEXT_SIZE	(2 * PAGE_SIZE)
#define MEM_SIZE	(4 * PAGE_SIZE)

struct kvm_nvhe_init_params kvm_init_params;
s64 host_s2_cpu;

/* Memory: only what is touched of it is there. */
static char *ram;
static u64 next_block;
static unsigned int blocks;		/* that are given out */
static bool gone[RAM_SIZE / PAGE_SIZE];	/* from the kernel's linear map */
static bool stale;			/* the kernel's TLB */
static unsigned int warnings, flushes;
static bool stays_shown;		/* to EL2, whatever is freed */

/* Tables, and how many entries each has. */
static u64 tables[64][PTRS_PER_PTE] __attribute__((aligned(4096)));
static unsigned int counts[64], nr_tables;
static struct kvm_pgtable el2;

bool warned(const char *what)
{
	(void)what;
	warnings++;
	return true;
}

u64 virt_to_phys(void *at)
{
	return (char *)at - ram + RAM_PA;
}

u64 kern_hyp_va(u64 at)
{
	return virt_to_phys((void *)at) | LINEAR;
}

static void *zalloc_page(void *arg)
{
	(void)arg;
	if (nr_tables == 64)
		return NULL;
	memset(tables[nr_tables], 0, PAGE_SIZE);
	counts[nr_tables] = 1;
	return tables[nr_tables++];
}

static unsigned int *count_of(void *entry)
{
	return &counts[((u64)entry - (u64)tables) / PAGE_SIZE];
}

static void get_page(void *entry)
{
	++*count_of(entry);
}

static void put_page(void *entry)
{
	--*count_of(entry);
}

static u64 table_phys(void *table)
{
	return (u64)table;
}

static void *table_virt(u64 phys)
{
	return (void *)phys;
}

static struct kvm_pgtable_mm_ops mm_ops = {
	.zalloc_page = zalloc_page, .get_page = get_page, .put_page = put_page,
	.virt_to_phys = table_phys, .phys_to_virt = table_virt,
};

struct kvm_pgtable *kvm_hyp_pgtable_lock(void)
{
	return &el2;
}

void kvm_hyp_pgtable_unlock(void)
{
}

int __create_hyp_mappings(u64 at, u64 size, u64 phys, u64 prot)
{
	return kvm_pgtable_hyp_map(&el2, at, size, phys, prot);
}

int hyp_alloc_private_va_range(u64 size, u64 *at)
{
	static u64 next = 0x3fe00000;

	*at = next -= size;
	return 0;
}

/* What EL2 has of a range of physical memory: the rights, and how many entries. */
struct view {
	u64 from;
	u64 to;
	enum kvm_pgtable_prot rights;
	unsigned int entries;
};

static int look(const struct kvm_pgtable_visit_ctx *ctx, enum kvm_pgtable_walk_flags visit)
{
	u64 pa = kvm_pte_to_phys(ctx->old), size = kvm_granule_size(ctx->level);
	struct view *view = ctx->arg;

	(void)visit;
	if (kvm_pte_valid(ctx->old) && pa < view->to && view->from < pa + size) {
		view->rights |= kvm_pgtable_hyp_pte_prot(ctx->old);
		view->entries++;
	}
	return 0;
}

static struct view view_of(u64 from, u64 size)
{
	struct view view = { .from = from, .to = from + size };
	struct kvm_pgtable_walker walker = {
		.cb = look, .arg = &view, .flags = KVM_PGTABLE_WALK_LEAF,
	};

	CHECK_EQ(kvm_pgtable_walk(&el2, 0, BIT(48), &walker), 0);
	return view;
}

int hypercall(const char *name)
{
	flushes += !strcmp(name, "__kvm_payload_flush");
	return 0;
}

u64 __get_free_pages(int flags, int order)
{
	(void)flags;
	CHECK_EQ(order, 9);
	if (!next_block)
		return 0;
	blocks++;
	memset(ram + next_block - RAM_PA, 0, SZ_2M);
	return (u64)ram + next_block - RAM_PA;
}

/* Whoever has it next finds it in the linear map, and EL2 sees nothing of it. */
void free_pages(u64 at, int order)
{
	u64 pa = virt_to_phys((void *)at), i;

	CHECK_EQ(order, 9);
	CHECK(stays_shown || !view_of(pa, SZ_2M).entries);
	CHECK(flushes);
	CHECK(!stale);
	for (i = 0; i < 512; i++)
		CHECK(!gone[(pa - RAM_PA) / PAGE_SIZE + i]);
	blocks--;
}

int set_direct_map_invalid_noflush(void *page)
{
	gone[((char *)page - ram) / PAGE_SIZE] = true;
	stale = true;
	return 0;
}

/* The kernel can write it from here on, so EL2 cannot execute it any more. */
int set_direct_map_default_noflush(void *page)
{
	CHECK(stays_shown || !view_of(virt_to_phys(page), PAGE_SIZE).entries);
	gone[((char *)page - ram) / PAGE_SIZE] = false;
	return 0;
}

void flush_tlb_kernel_range(u64 from, u64 to)
{
	CHECK_EQ(to - from, TEXT_SIZE);
	stale = false;
}

void caches_clean_inval_pou(u64 from, u64 to)
{
	(void)from;
	(void)to;
}

void kvm_flush_dcache_to_poc(void *at, u64 size)
{
	(void)at;
	(void)size;
}

u64 kvm_get_vtcr(u64 mmfr0, u64 mmfr1, u32 bits)
{
	return mmfr0 + mmfr1 + bits;
}

bool kvm_arm_hyp_is_ready(void)
{
	return true;
}

void kvm_arm_hyp_start(void)
{
}

static struct kvm_payload_header image[MEM_SIZE / sizeof(struct kvm_payload_header)] = { {
	.magic = KVM_PAYLOAD_MAGIC, .abi = KVM_PAYLOAD_ABI, .text_size = TEXT_SIZE,
	.file_size = 3 * PAGE_SIZE, .mem_size = MEM_SIZE, .call = 64, .abort = 68,
} };

static int load(unsigned int slot, u64 at)
{
	next_block = at;
	flushes = 0;
	return kvm_payload_load(slot, image, 3 * PAGE_SIZE);
}

/* Read and executed through one mapping, and nobody else's. */
static void text_is_sealed(u64 at)
{
	struct view text = view_of(at, TEXT_SIZE);
	unsigned int i;

	CHECK_EQ(text.rights, KVM_PGTABLE_PROT_R | KVM_PGTABLE_PROT_X);
	CHECK_EQ(text.entries, TEXT_SIZE / PAGE_SIZE);
	for (i = 0; i < TEXT_SIZE / PAGE_SIZE; i++)
		CHECK(gone[(at - RAM_PA) / PAGE_SIZE + i]);
	CHECK(!stale);
	CHECK_EQ(view_of(at + TEXT_SIZE, SZ_2M - TEXT_SIZE).rights, PAGE_HYP);
}

static void start(void)
{
	kvm_payload_unload(0);
	kvm_payload_unload(1);
	CHECK_EQ(blocks, 0);
	memset(tables, 0, sizeof(tables));
	nr_tables = 0;
	CHECK_EQ(kvm_pgtable_hyp_init(&el2, 48, &mm_ops), 0);
	warnings = 0;
	flushes = 0;
}

static void an_image_is_sealed(void)
{
	start();
	CHECK_EQ(load(0, RAM_PA + 8 * SZ_2M), 0);
	text_is_sealed(RAM_PA + 8 * SZ_2M);
	CHECK_EQ(load(1, RAM_PA + 3 * SZ_2M), 0);
	text_is_sealed(RAM_PA + 3 * SZ_2M);
	text_is_sealed(RAM_PA + 8 * SZ_2M);
	CHECK_EQ(load(1, RAM_PA), -EBUSY);
	kvm_payload_unload(0);
	CHECK_EQ(blocks, 1);
	text_is_sealed(RAM_PA + 3 * SZ_2M);
	CHECK_EQ(view_of(RAM_PA + 8 * SZ_2M, SZ_2M).entries, 0);
	CHECK_EQ(warnings, 0);
}

static void what_was_in_the_window_is_not(void)
{
	start();
	CHECK_EQ(kvm_payload_map_window(RAM_PA + 4 * SZ_2M, 3 * SZ_2M), 0);
	CHECK_EQ(load(0, RAM_PA + 5 * SZ_2M), 0);
	text_is_sealed(RAM_PA + 5 * SZ_2M);
	CHECK_EQ(view_of(RAM_PA + 4 * SZ_2M, SZ_2M).rights, PAGE_HYP);
	CHECK_EQ(view_of(RAM_PA + 6 * SZ_2M, SZ_2M).rights, PAGE_HYP);
	CHECK_EQ(warnings, 0);
}

static void what_kvm_left_is_not(void)
{
	u64 at = RAM_PA + 7 * SZ_2M;

	start();
	CHECK_EQ(__create_hyp_mappings(at | LINEAR, PAGE_SIZE, at, PAGE_HYP), 0);
	CHECK_EQ(__create_hyp_mappings((at + 5 * PAGE_SIZE) | LINEAR, 2 * PAGE_SIZE,
				       at + 5 * PAGE_SIZE, PAGE_HYP), 0);
	CHECK_EQ(load(0, at), 0);
	text_is_sealed(at);
}

static void the_window_does_not_show_an_image(void)
{
	u64 at = RAM_PA + 9 * SZ_2M;

	start();
	CHECK_EQ(load(1, at), 0);
	CHECK_EQ(kvm_payload_map_window(at, PAGE_SIZE), -EPERM);
	CHECK_EQ(kvm_payload_map_window(at + SZ_2M - PAGE_SIZE, 2 * PAGE_SIZE), -EPERM);
	CHECK_EQ(kvm_payload_map_window(at - PAGE_SIZE, 2 * PAGE_SIZE), -EPERM);
	CHECK_EQ(kvm_payload_map_window(RAM_PA, 64 * SZ_2M), -EPERM);
	CHECK_EQ(kvm_payload_map_window(at - SZ_2M, SZ_2M), 0);
	CHECK_EQ(kvm_payload_map_window(at + SZ_2M, SZ_2M), 0);
	text_is_sealed(at);
	kvm_payload_unload(1);
	CHECK_EQ(kvm_payload_map_window(at, SZ_2M), 0);
}

static void a_block_that_others_use_is_in_the_way(void)
{
	start();
	CHECK_EQ(kvm_payload_map_window(RAM_PA, RAM_SIZE), 0);
	CHECK_EQ(view_of(RAM_PA, RAM_SIZE).entries, 1);
	stays_shown = true;
	CHECK_EQ(load(0, RAM_PA + 5 * SZ_2M), -EBUSY);
	stays_shown = false;
	CHECK_EQ(blocks, 0);
	CHECK_EQ(view_of(RAM_PA, RAM_SIZE).rights, PAGE_HYP);
	CHECK_EQ(kvm_payload_map_window(RAM_PA + RAM_SIZE, PAGE_SIZE), 0);
	kvm_payload_unmap_window(RAM_PA + SZ_2M, SZ_2M);
	CHECK_EQ(warnings, 1);
	CHECK_EQ(view_of(RAM_PA, RAM_SIZE).entries, 1);
	kvm_payload_unmap_window(RAM_PA, RAM_SIZE + PAGE_SIZE);
	CHECK_EQ(warnings, 1);
	CHECK_EQ(view_of(0, BIT(47)).entries, 0);
}

static void what_is_unmapped_is_flushed(void)
{
	start();
	CHECK_EQ(kvm_payload_map_window(RAM_PA + PAGE_SIZE, PAGE_SIZE), 0);
	CHECK_EQ(kvm_payload_map_window(RAM_PA + 2 * SZ_2M, 2 * SZ_2M), 0);
	kvm_payload_unmap_window(RAM_PA + 2 * SZ_2M, SZ_2M);
	CHECK_EQ(flushes, 1);
	CHECK_EQ(view_of(RAM_PA, RAM_SIZE).entries, 2);
	/* All there is, more than the window can show, and what never was. */
	kvm_payload_unmap_window(0, ~0UL >> 1);
	CHECK_EQ(flushes, 2);
	CHECK_EQ(view_of(0, BIT(47)).entries, 0);
	kvm_payload_unmap_window(BIT(46), SZ_2M);
	CHECK_EQ(flushes, 2);
	CHECK_EQ(warnings, 0);
	/* And the tables serve again. */
	CHECK_EQ(kvm_payload_map_window(RAM_PA, 4 * SZ_2M), 0);
	CHECK_EQ(view_of(RAM_PA, 4 * SZ_2M).rights, PAGE_HYP);
}

static void a_wrong_range_is_refused(void)
{
	start();
	CHECK_EQ(kvm_payload_map_window(RAM_PA + 8, PAGE_SIZE), -EINVAL);
	CHECK_EQ(kvm_payload_map_window(RAM_PA, PAGE_SIZE + 8), -EINVAL);
	CHECK_EQ(kvm_payload_map_window(RAM_PA, 0), -EINVAL);
	CHECK_EQ(kvm_payload_map_window(BIT(46) - PAGE_SIZE, 2 * PAGE_SIZE), -ERANGE);
	CHECK_EQ(kvm_payload_map_window(-PAGE_SIZE, 2 * PAGE_SIZE), -ERANGE);
	CHECK_EQ(load(2, RAM_PA), -EINVAL);
	CHECK_EQ(load(0, 0), -ENOMEM);
	CHECK_EQ(view_of(0, BIT(48)).entries, 0);
}

int main(void)
{
	ram = mmap(NULL, RAM_SIZE + SZ_2M, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED)
		return 1;
	ram = (char *)(((u64)ram + SZ_2M - 1) & ~(SZ_2M - 1));
	kvm_payload_init();
	tap_begin();
	TAP_RUN(an_image_is_sealed);
	TAP_RUN(what_was_in_the_window_is_not);
	TAP_RUN(what_kvm_left_is_not);
	TAP_RUN(the_window_does_not_show_an_image);
	TAP_RUN(a_block_that_others_use_is_in_the_way);
	TAP_RUN(what_is_unmapped_is_flushed);
	TAP_RUN(a_wrong_range_is_refused);
	return tap_end();
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel for arch/arm64/kvm/payload.c of the series, and for KVM's page tables of EL2, in a
 * process: there are no locks, an array stands for memory, and the test is the allocator, the
 * linear map and EL2. Stands for all headers that these include but kvm_payload.h and
 * kvm_pgtable.h.
 */
#ifndef UNIT_PAYLOAD_HOST_H
#define UNIT_PAYLOAD_HOST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int64_t s64;
typedef u64 phys_addr_t;
typedef u64 kvm_pfn_t;
struct kvm_mmu_memory_cache;

typedef struct { int counter; } atomic_t;

#define __init
#define __rcu
#define __ro_after_init
#define CONFIG_ARM64_4K_PAGES	1
#define IS_ENABLED(CONFIG_option)	0
#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL
#define PTRS_PER_PTE		512
#define SZ_2M			(2UL << 20)
#define BIT(nr)			(1UL << (nr))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))
#define ALIGN_DOWN(x, a)	((x) & ~((u64)(a) - 1))
#define IS_ALIGNED(x, a)	(!((x) & ((u64)(a) - 1)))
#define PAGE_ALIGN(x)		ALIGN_DOWN((x) + PAGE_SIZE - 1, PAGE_SIZE)
#define PAGE_ALIGNED(x)		IS_ALIGNED(x, PAGE_SIZE)
#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, v)	((x) = (v))
#define unlikely(x)		(x)
#define __phys_to_pfn(x)	((x) >> PAGE_SHIFT)
#define smp_store_release(p, v)	(*(p) = (v))	/* one CPU */
#define EXPORT_SYMBOL_GPL(x)	extern int exported_##x

static inline u64 FIELD_GET(u64 mask, u64 v)
{
	return (v & mask) / (mask & -mask);
}

static inline u64 FIELD_PREP(u64 mask, u64 v)
{
	return v * (mask & -mask) & mask;
}

static inline u64 min(u64 a, u64 b)
{
	return a < b ? a : b;
}

#define ARM64_HW_PGTABLE_LEVELS(bits)		(((bits) - 4) / 9)
#define ARM64_HW_PGTABLE_LEVEL_SHIFT(n)		(9 * (4 - (n)) + 3)
#define ID_AA64MMFR0_EL1_PARANGE_48		5
#define ID_AA64MMFR0_EL1_PARANGE_52		6
#define ID_AA64MMFR0_EL1_PARANGE_SHIFT		0
#define SYS_ID_AA64MMFR0_EL1			0
#define SYS_ID_AA64MMFR1_EL1			1
#define VTCR_EL2_DS				BIT(32)
#define HCR_VM					BIT(0)
#define MT_NORMAL				0
#define MT_DEVICE_nGnRE				4
#define ARM64_KVM_HVHE				0
#define TLBI_TTL_UNKNOWN			0

#define cpuid_feature_extract_unsigned_field(v, shift)	((v) >> (shift) & 0xf)
#define id_aa64mmfr0_parange_to_phys_shift(v)		((v) == 5 ? 48 : 52)
#define read_sanitised_ftr_reg(r)			((r) * 0UL)
#define system_supports_lpa2()				false
#define system_supports_bti_kernel()			true
#define cpus_have_final_cap(cap)			((cap) != 0)
#define rcu_dereference_check(p, condition)		(p)
#define rcu_read_lock()					((void)0)
#define rcu_read_unlock()				((void)0)
#define rcu_read_lock_held()				true
#define is_protected_kvm_enabled()			false

/* There is one CPU and one thread. */
#define DEFINE_MUTEX(name)		int name
#define guard(what)			(guard_##what)
#define scoped_guard(what)
#define lockdep_assert_held(lock)	((void)(lock))
#define smp_processor_id()		0
#define on_each_cpu(f, arg, wait)	({ (f)(arg); })
#define ATOMIC_INIT(v)			{ v }
#define cpuhp_setup_state_nocalls(...)	((void)payload_starting, 0)
#define cpuhp_remove_state_nocalls(...)
#define DECLARE_KVM_NVHE_PER_CPU(type, name)	extern int declared_##name
#define per_cpu_ptr_nvhe_sym(name, cpu)	((void)(cpu), &(name))

static inline void guard_mutex(void *lock)
{
}

static inline void guard_preempt(void)
{
}

static inline void guard_cpus_read_lock(void)
{
}

static inline void atomic_set(atomic_t *a, int value)
{
	a->counter = value;
}

static inline void atomic_dec(atomic_t *a)
{
	a->counter--;
}

static inline int atomic_cmpxchg(atomic_t *a, int old, int new)
{
	int was = a->counter;

	if (was == old)
		a->counter = new;
	return was;
}

static inline bool atomic_inc_unless_negative(atomic_t *a)
{
	if (a->counter < 0)
		return false;
	a->counter++;
	return true;
}

struct kvm_nvhe_init_params {
	u64 hcr_el2;
	u64 vttbr;
	u64 vtcr;
};

extern struct kvm_nvhe_init_params kvm_init_params;
extern s64 host_s2_cpu;
extern char __hyp_idmap_text_start[];

#define vabits_actual		48
#define __pa_symbol(s)		0x40001000UL

#define GFP_KERNEL		0
#define __GFP_ZERO		0
#define get_order(size)		((size) == SZ_2M ? 9 : 0)
#define virt_to_page(at)	((void *)(at))
#define dsb(domain)
#define isb()
#define __tlbi_level(op, address, level)	((void)(address))
#define __TLBI_VADDR(address, asid)		(address)
#define __tlbi_sync_s1ish_hyp()

#define WARN_ON(x)		(!!(x) && warned(#x))
#define WARN_ON_ONCE(x)		WARN_ON(x)
#define kvm_err(...)		((void)warned("kvm_err"))
#define kvm_call_hyp_nvhe(f, ...)	hypercall(#f)

bool warned(const char *what);
int hypercall(const char *name);
u64 __get_free_pages(int flags, int order);
void free_pages(u64 at, int order);
u64 virt_to_phys(void *at);
u64 kern_hyp_va(u64 at);
int set_direct_map_invalid_noflush(void *page);
int set_direct_map_default_noflush(void *page);
void flush_tlb_kernel_range(u64 from, u64 to);
void caches_clean_inval_pou(u64 from, u64 to);
void kvm_flush_dcache_to_poc(void *at, u64 size);
int hyp_alloc_private_va_range(u64 size, u64 *at);
int __create_hyp_mappings(u64 at, u64 size, u64 phys, u64 prot);

struct kvm_pgtable;
struct kvm_pgtable *kvm_hyp_pgtable_lock(void);
void kvm_hyp_pgtable_unlock(void);

#endif

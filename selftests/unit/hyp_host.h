/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EL2 for arch/arm64/kvm/hyp/nvhe/payload.c of the series in a process of any machine: one CPU,
 * whose instructions are noted and whose registers are what the test says. Stands for all headers
 * that the file includes but the series' own two. Values are those of the Arm ARM.
 */
#ifndef UNIT_HYP_HOST_H
#define UNIT_HYP_HOST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef u64 phys_addr_t;

#define __init
#define BIT(nr)			(1UL << (nr))
#define SZ_4K			4096UL
#define SZ_2M			(2UL << 20)

/* The only CPU's; all are of one type. */
#define DEFINE_PER_CPU(type, name)	s64 name
#define this_cpu_ptr(p)		(p)

struct kvm_nvhe_init_params {
	u64 before;
	u64 hcr_el2;
	u64 vttbr;
	u64 vtcr;
	u64 after;
};

extern struct kvm_nvhe_init_params kvm_init_params;
extern s64 host_s2_cpu;

struct kvm_cpu_context {
	struct {
		u64 regs[31];
	} regs;
};

#define cpu_reg(context, r)	((context)->regs.regs[r])
#define DECLARE_REG(type, name, context, reg)	u64 name = (type)cpu_reg(context, reg)

struct kvm_vcpu_fault_info {
	u64 far_el2;
	u64 hpfar_el2;
};

enum cap {
	ARM64_HAS_PAN,
	ARM64_WORKAROUND_REPEAT_TLBI,
	ARM64_WORKAROUND_SPECULATIVE_UNPRIV_LOAD,
	NR_CAPS
};

void note(const char *instruction);
u64 *reg_of(const char *name);
void reg_write(u64 value, const char *name);
bool cpus_have_final_cap(enum cap cap);
void *load_acquire(void *at);
bool __get_fault_info(u64 esr, struct kvm_vcpu_fault_info *fault);
void note_clean(u64 at);

/* The only instruction that the file spells out: "dc civac" of what @at says. */
#define asm
#define volatile(...)		note_clean(at)

#define read_sysreg(r)		(*reg_of(#r))
#define read_sysreg_el1(r)	(*reg_of("el1 " #r))
#define read_sysreg_el2(r)	(*reg_of("el2 " #r))
#define write_sysreg(v, r)	reg_write(v, #r)
#define write_sysreg_el1(v, r)	reg_write(v, "el1 " #r)
#define write_sysreg_el2(v, r)	reg_write(v, "el2 " #r)
#define __tlbi(op, ...)		note("tlbi " #op)
#define dsb(domain)		note("dsb " #domain)
#define isb()			note("isb")
/* Pairs with the next. */
#define smp_load_acquire(p)	({ typeof(p) __p = (p); (typeof(*__p))load_acquire(__p); })
/* Pairs with the one before. */
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

#define SMCCC_RET_NOT_SUPPORTED	-1

#define HCR_VM			BIT(0)
#define HPFAR_MASK		(~0xfUL)

#define ESR_ELx_EC_SHIFT	26
#define ESR_ELx_EC(esr)		((esr) >> ESR_ELx_EC_SHIFT & 0x3f)
#define ESR_ELx_EC_IABT_LOW	0x20UL
#define ESR_ELx_EC_IABT_CUR	0x21UL
#define ESR_ELx_EC_DABT_LOW	0x24UL
#define ESR_ELx_EC_DABT_CUR	0x25UL
#define ESR_ELx_IL		BIT(25)
#define ESR_ELx_WNR		BIT(6)
#define ESR_ELx_FSC_EXTABT	0x10UL

#define PSR_MODE_MASK		0xfUL
#define PSR_MODE_EL0t		0x0UL
#define PSR_MODE_EL1h		0x5UL
#define PSR_MODE32_BIT		BIT(4)
#define PSR_F_BIT		BIT(6)
#define PSR_I_BIT		BIT(7)
#define PSR_A_BIT		BIT(8)
#define PSR_D_BIT		BIT(9)
#define PSR_SSBS_BIT		BIT(12)
#define PSR_PAN_BIT		BIT(22)
#define SCTLR_EL1_SPAN		BIT(23)
#define SCTLR_ELx_DSSBS		BIT(44)

#define CURRENT_EL_SP_ELx_VECTOR	0x200
#define LOWER_EL_AArch64_VECTOR		0x400
#define LOWER_EL_AArch32_VECTOR		0x600
#define except_type_sync		0

#endif

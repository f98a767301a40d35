/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvm_guest.h needs of an arm64 CPU: one at EL1, with MMU and caches on
 * and all of the first 16 GiB mapped as write-back memory, one to one.
 */
#ifndef SELFTESTS_VMEM_KVM_GUEST_ARM64_H
#define SELFTESTS_VMEM_KVM_GUEST_ARM64_H

#include <stddef.h>

#define KVM_GUEST_TABLE		0x2000
#define KVM_GUEST_END		(16ULL << 30)	/* stores here are exits */

#ifndef KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED
#define KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED	243
#endif

/* Hidden: what is local to assembly has no entry of its own in a GOT. */
#define KVM_GUEST_ASM	extern __attribute__((visibility("hidden"))) const char

KVM_GUEST_ASM kvm_guest_vector[], kvm_guest_code[], kvm_guest_load[];
KVM_GUEST_ASM kvm_guest_store[], kvm_guest_code_end[];

/*
 * x0: address, x1: how many words, x2: key or value, x4: KVM_GUEST_END. What
 * was loaded is stored at the end.
 */
asm(".pushsection .rodata\n"
	"\t.balign 8\n"
	"kvm_guest_vector:\n"
	"\tstr w0, [x4, #8]\n"
	"kvm_guest_code:\n"
	"1:\teor w3, w0, w2\n"
	"\tstr w3, [x0], #4\n"
	"\tsubs x1, x1, #1\n"
	"\tb.ne 1b\n"
	"\tstr w0, [x4]\n"
	"kvm_guest_load:\n"
	"\tldr w1, [x0]\n"
	"\tstr w1, [x4]\n"
	"kvm_guest_store:\n"
	"\tstr x2, [x0]\n"
	"\tstr w0, [x4]\n"
	"kvm_guest_code_end:\n"
	".popsection");

static inline bool kvm_guest_set(struct kvm_guest *guest, uint64_t id,
				 uint64_t value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | id,
		.addr = (uintptr_t)&value,
	};

	return !ioctl(guest->cpu, KVM_SET_ONE_REG, &reg);
}

/* A register of struct kvm_regs, in words. */
#define KVM_GUEST_CORE(reg)	(KVM_REG_ARM_CORE | \
	offsetof(struct kvm_regs, regs.reg) / sizeof(uint32_t))
#define KVM_GUEST_SYSREG(...)	(ARM64_SYS_REG(__VA_ARGS__) & \
	~(KVM_REG_ARM64 | KVM_REG_SIZE_U64))

#define KVM_GUEST_SCTLR		KVM_GUEST_SYSREG(3, 0, 1, 0, 0)
#define KVM_GUEST_MMU_OFF	0x30d00800
#define KVM_GUEST_MMU_ON	(KVM_GUEST_MMU_OFF | 1 << 12 | 1 << 2 | 1)

static inline void kvm_guest_table(uint64_t *table)
{
	const uint64_t block = 1 << 10 | 3 << 8 | 1; /* accessed, shared */
	int i;

	for (i = 0; i < 16; i++)
		table[i] = (uint64_t)i << 30 | block;
	table[16] = KVM_GUEST_END | block | 1 << 2;
}

static inline bool kvm_guest_cpu_init(struct kvm_guest *guest)
{
	struct kvm_vcpu_init init;

	memcpy(guest->memory + 0x200, kvm_guest_vector, 4);
	memcpy(guest->memory + KVM_GUEST_CODE, kvm_guest_code,
	       kvm_guest_code_end - kvm_guest_code);
	kvm_guest_table((uint64_t *)(guest->memory + KVM_GUEST_TABLE));
	if (ioctl(guest->vm, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(guest->cpu, KVM_ARM_VCPU_INIT, &init))
		return false;
	/* Write-back or a device; 39 bits of 4 KiB pages, 40 bits of output. */
	return kvm_guest_set(guest, KVM_GUEST_SYSREG(3, 0, 10, 2, 0), 0xff) &&
	       kvm_guest_set(guest, KVM_GUEST_SYSREG(3, 0, 2, 0, 2),
			     2ULL << 32 | 1 << 23 | 3 << 12 | 1 << 10 |
			     1 << 8 | 25) &&
	       kvm_guest_set(guest, KVM_GUEST_SYSREG(3, 0, 2, 0, 0),
			     KVM_GUEST_TABLE) &&
	       kvm_guest_set(guest, KVM_GUEST_SCTLR, KVM_GUEST_MMU_ON);
}

/* False with an errno when KVM failed, false with 0 after another exit. */
static inline bool kvm_guest_run(struct kvm_guest *guest, const char *code,
				 uint64_t x0, uint64_t x1, uint64_t x2)
{
	uint64_t pc = KVM_GUEST_CODE + (code - kvm_guest_code);
	struct kvm_run *run = guest->run;
	bool good;
	int ret;

	if (!kvm_guest_set(guest, KVM_GUEST_CORE(pc), pc) ||
	    !kvm_guest_set(guest, KVM_GUEST_CORE(regs[0]), x0) ||
	    !kvm_guest_set(guest, KVM_GUEST_CORE(regs[1]), x1) ||
	    !kvm_guest_set(guest, KVM_GUEST_CORE(regs[2]), x2) ||
	    !kvm_guest_set(guest, KVM_GUEST_CORE(regs[4]), KVM_GUEST_END))
		return false;
	do
		ret = ioctl(guest->cpu, KVM_RUN, 0);
	while (ret && errno == EINTR);
	if (ret)
		return false;
	errno = 0;
	/* Exceptions of the guest end 8 bytes later. */
	good = run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write &&
	       run->mmio.phys_addr == KVM_GUEST_END;
	/* KVM finishes the store when it is entered again. */
	run->immediate_exit = 1;
	ioctl(guest->cpu, KVM_RUN, 0);
	run->immediate_exit = 0;
	errno = 0;
	return good;
}

static inline bool kvm_guest_write(struct kvm_guest *guest, uint64_t start,
				   uint64_t length)
{
	return kvm_guest_run(guest, kvm_guest_code, start, length / 4,
			     KVM_GUEST_KEY);
}

static inline bool kvm_guest_read(struct kvm_guest *guest, uint64_t at,
				  uint32_t *value)
{
	bool good = kvm_guest_run(guest, kvm_guest_load, at, 0, 0);

	memcpy(value, guest->run->mmio.data, sizeof(*value));
	return good;
}

/* ---- how large the pages of stage 2 are: as many faults as that makes ---- */

#define KVM_TRACING	"/sys/kernel/tracing/"
#define KVM_FAULT	KVM_TRACING "events/kvm/kvm_guest_fault/"

static inline void kvm_pages_watch(uint64_t start, uint64_t end)
{
	char memory[80];

	snprintf(memory, sizeof(memory), "ipa >= %#" PRIx64 " && ipa < %#" PRIx64,
		 start, end);
	sysfs_write(KVM_FAULT "filter", memory);
	sysfs_write(KVM_FAULT "enable", "1");
	close(open(KVM_TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static inline uint64_t kvm_faults(void)
{
	char line[512];
	uint64_t n = 0;
	FILE *f;

	sysfs_write(KVM_FAULT "enable", "0");
	f = fopen(KVM_TRACING "trace", "re");
	while (f && fgets(line, sizeof(line), f))
		n += line[0] != '#';
	if (f)
		fclose(f);
	return n;
}

/*
 * @least: bytes that were written, @most: that may have been touched. Code and table
 * are some more.
 */
static inline bool kvm_pages_were(uint64_t page_size, uint64_t least, uint64_t most)
{
	uint64_t n = kvm_faults();

	return n >= least / page_size && n <= most / page_size + 8;
}

#endif /* SELFTESTS_VMEM_KVM_GUEST_ARM64_H */

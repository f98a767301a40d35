/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvm_guest.h needs of an x86 CPU: one in flat 32-bit mode. */
#ifndef SELFTESTS_VMEM_KVM_GUEST_X86_H
#define SELFTESTS_VMEM_KVM_GUEST_X86_H

/*
 * for (; ecx; ecx--, edi += 4)
 *	*edi = edi ^ KVM_GUEST_KEY;
 */
static const uint8_t kvm_guest_code[] = {
	0x89, 0xf8,				/* mov %edi, %eax */
	0x35, 0xa5, 0xa5, 0x5a, 0x5a,		/* xor $KEY, %eax */
	0xab,					/* stos %eax, (%edi) */
	0x49,					/* dec %ecx */
	0x75, 0xf5,				/* jnz to the start */
	0xf4,					/* hlt */
};

static inline bool kvm_guest_set_registers(struct kvm_guest *guest)
{
	struct kvm_sregs sregs;
	struct kvm_segment flat = {
		.limit = 0xffffffff,
		.selector = 8,
		.type = 11,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};

	if (ioctl(guest->cpu, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cr0 |= 1;
	sregs.cs = flat;
	flat.type = 3;
	flat.selector = 16;
	sregs.ds = flat;
	sregs.es = flat;
	sregs.ss = flat;
	return !ioctl(guest->cpu, KVM_SET_SREGS, &sregs);
}

static inline bool kvm_guest_cpu_init(struct kvm_guest *guest)
{
	memcpy(guest->memory + KVM_GUEST_CODE, kvm_guest_code,
	       sizeof(kvm_guest_code));
	return kvm_guest_set_registers(guest);
}

static inline bool kvm_guest_write(struct kvm_guest *guest, uint32_t start,
				   uint32_t length)
{
	struct kvm_regs regs = {
		.rip = KVM_GUEST_CODE,
		.rflags = 2,
		.rdi = start,
		.rcx = length / 4,
	};
	int ret;

	if (ioctl(guest->cpu, KVM_SET_REGS, &regs))
		return false;
	do
		ret = ioctl(guest->cpu, KVM_RUN, 0);
	while (ret && errno == EINTR);
	return !ret && guest->run->exit_reason == KVM_EXIT_HLT;
}

/* One of KVM's counters, over all VMs. */
static inline uint64_t kvm_stat(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s", name);
	return sysfs_number(path);
}

/* ---- how large the pages are that guests run in ---- */

static uint64_t kvm_pages_before[2];

static inline uint64_t kvm_pages(uint64_t page_size)
{
	return kvm_stat(page_size == BLOCK ? "pages_1g" : "pages_2m");
}

static inline void kvm_pages_watch(uint64_t start, uint64_t end)
{
	kvm_pages_before[0] = kvm_pages(SLICE);
	kvm_pages_before[1] = kvm_pages(BLOCK);
}

static inline bool kvm_pages_were(uint64_t page_size, uint64_t least, uint64_t most)
{
	return kvm_pages(page_size) > kvm_pages_before[page_size == BLOCK];
}

#endif /* SELFTESTS_VMEM_KVM_GUEST_X86_H */

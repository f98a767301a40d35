/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smallest guest: one CPU in flat 32-bit mode, whose memory is given,
 * and which writes a pattern over a part of it.
 */
#ifndef SELFTESTS_VMEM_KVM_GUEST_H
#define SELFTESTS_VMEM_KVM_GUEST_H

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KVM_GUEST_CODE	0x1000
#define KVM_GUEST_KEY	0x5a5aa5a5u

struct kvm_guest {
	int kvm;
	int vm;
	int cpu;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *memory;
};

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

/* @memory becomes the guest's memory from address 0 on. */
static inline bool kvm_guest_start(struct kvm_guest *guest, void *memory,
				   uint64_t length)
{
	struct kvm_userspace_memory_region slot = {
		.memory_size = length,
		.userspace_addr = (uintptr_t)memory,
	};

	guest->memory = memory;
	guest->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	guest->vm = ioctl(guest->kvm, KVM_CREATE_VM, 0);
	if (guest->vm < 0)
		return false;
	if (ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &slot))
		return false;
	guest->cpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
	guest->run_size = ioctl(guest->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	guest->run = mmap(NULL, guest->run_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, guest->cpu, 0);
	if (guest->run == MAP_FAILED)
		return false;
	memcpy(memory + KVM_GUEST_CODE, kvm_guest_code, sizeof(kvm_guest_code));
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

static inline bool kvm_guest_wrote(const uint8_t *memory, uint32_t start,
				   uint32_t length)
{
	const uint32_t *p = (const uint32_t *)(memory + start);
	uint32_t i;

	for (i = 0; i < length / 4; i++)
		if (p[i] != ((start + i * 4) ^ KVM_GUEST_KEY))
			return false;
	return true;
}

static inline void kvm_guest_stop(struct kvm_guest *guest)
{
	munmap(guest->run, guest->run_size);
	close(guest->cpu);
	close(guest->vm);
	close(guest->kvm);
}

/* One of KVM's counters, over all VMs. */
static inline uint64_t kvm_stat(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s", name);
	return sysfs_number(path);
}

static inline bool kvm_usable(void)
{
	return !access("/dev/kvm", R_OK | W_OK) ||
	       (!system("modprobe -q kvm-amd || modprobe -q kvm-intel") &&
		!access("/dev/kvm", R_OK | W_OK));
}

#endif /* SELFTESTS_VMEM_KVM_GUEST_H */

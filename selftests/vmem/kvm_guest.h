/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smallest guest: one CPU, whose memory is given, and which writes a
 * pattern over a part of it.
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

#ifdef __x86_64__
#include "kvm_guest_x86.h"
#else
#include "kvm_guest_arm64.h"
#endif

static inline bool kvm_guest_slot(struct kvm_guest *guest, uint32_t slot,
				  uint64_t at, void *memory, uint64_t length)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = at,
		.memory_size = length,
		.userspace_addr = (uintptr_t)memory,
	};

	return !ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* @memory becomes the guest's memory from address 0 on. */
static inline bool kvm_guest_start(struct kvm_guest *guest, void *memory,
				   uint64_t length)
{
	guest->memory = memory;
	guest->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	guest->vm = ioctl(guest->kvm, KVM_CREATE_VM, 0);
	if (guest->vm < 0)
		return false;
	if (!kvm_guest_slot(guest, 0, 0, memory, length))
		return false;
	guest->cpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
	guest->run_size = ioctl(guest->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	guest->run = mmap(NULL, guest->run_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, guest->cpu, 0);
	if (guest->run == MAP_FAILED)
		return false;
	return kvm_guest_cpu_init(guest);
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

static inline bool kvm_usable(void)
{
	return !access("/dev/kvm", R_OK | W_OK) ||
	       (!system("modprobe -q kvm-amd || modprobe -q kvm-intel") &&
		!access("/dev/kvm", R_OK | W_OK));
}

#endif /* SELFTESTS_VMEM_KVM_GUEST_H */

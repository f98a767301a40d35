/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A real virtual machine: unmodified QEMU on KVM, with edu passed through, and
 * vm_guest as its only program. One at a time.
 */
#ifndef SELFTESTS_VMEM_QEMU_H
#define SELFTESTS_VMEM_QEMU_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define QEMU_INITRD	"/tmp/vm_initrd"

/*
 * Firmware is what takes long in a guest of a guest: qboot has little. Memory starts
 * at QEMU_MEMORY.
 */
#ifdef __x86_64__
#define QEMU		"qemu-system-x86_64", "-bios", "qboot.rom"
#define QEMU_MACHINE	"q35,memory-backend=mem"
#define QEMU_KERNEL	"/boot/vmlinux"
#define QEMU_CONSOLE	"ttyS0 reboot=t"
#define QEMU_MEMORY	0
#else
#define QEMU		"qemu-system-aarch64"
#define QEMU_MACHINE	"virt,gic-version=host,memory-backend=mem"
#define QEMU_KERNEL	"/boot/Image"
#define QEMU_CONSOLE	"ttyAMA0"
#define QEMU_MEMORY	0x40000000
#endif

/* What the memory of a machine can be. */
#define QEMU_VMEM	"memory-backend-file,mem-path=/dev/vmem,share=on,align=1G"
#define QEMU_PRIVATE	"memory-backend-file,mem-path=/dev/vmem,share=off,align=1G"
#define QEMU_HUGETLB_2M	"memory-backend-memfd,hugetlb=on,hugetlbsize=2M"
#define QEMU_HUGETLB_1G	"memory-backend-memfd,hugetlb=on,hugetlbsize=1G"
#define QEMU_ANON	"memory-backend-ram"

struct qemu {
	pid_t pid;
	int in;			/* its console */
	int out;
	char line[512];		/* the last line of it */
	size_t length;
	bool quiet;		/* nobody wants to read it all */
};

/* Is there KVM? Makes an initrd: the bed's, and vm_guest on top. */
static inline bool qemu_usable(void)
{
	if (access("/dev/kvm", R_OK | W_OK) &&
	    system("modprobe -q kvm-amd || modprobe -q kvm-intel"))
		return false;
	return !system("cat /boot/initrd > " QEMU_INITRD) &&
	       !system("cd /opt/t/tests/vmem && echo vm_guest | cpio -o -H newc >> " QEMU_INITRD);
}

/* The first of QEMU's arguments is its name. */
static inline void qemu_exec(const char *memory, unsigned int mib,
			     const char *device, const char *job)
{
	char size[16], object[128], host[64], append[256];
	char *const argv[] = {
		QEMU, "-machine", QEMU_MACHINE, "-accel", "kvm", "-cpu", "host",
		"-m", size, "-object", object, "-device", host, "-nodefaults",
		"-display", "none", "-no-reboot", "-serial", "stdio",
		"-kernel", QEMU_KERNEL, "-initrd", QEMU_INITRD,
		"-append", append, NULL
	};

	snprintf(size, sizeof(size), "%u", mib);
	snprintf(object, sizeof(object), "%s,id=mem,size=%uM", memory, mib);
	snprintf(host, sizeof(host), "vfio-pci,host=%s", device);
	snprintf(append, sizeof(append),
		 "console=" QEMU_CONSOLE " quiet panic=-1 INNER=\"%s\"", job);
	execvp(argv[0], argv);
	_exit(127);
}

/**
 * qemu_start - start a machine
 * @vm: is filled in
 * @memory: the object that its memory is, without id and size
 * @mib: how much
 * @device: the PCI address of what is passed through
 * @job: what its shell runs, on the console, before it ends
 */
static inline bool qemu_start(struct qemu *vm, const char *memory,
			      unsigned int mib, const char *device,
			      const char *job)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	vm->length = 0;
	vm->pid = fork();
	if (!vm->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		qemu_exec(memory, mib, device, job);
	}
	close(in[0]);
	close(out[1]);
	vm->in = in[1];
	vm->out = out[0];
	return vm->pid > 0;
}

#define QEMU_TRACING	"/sys/kernel/tracing/"
#define QEMU_ENTRY	QEMU_TRACING "events/kvm/kvm_entry/enable"

static inline uint64_t qemu_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* When KVM entered a guest for the first time: [...] SECONDS: kvm_entry: [...] */
static inline uint64_t qemu_entered(const struct qemu *vm, int trace)
{
	struct pollfd fd = { .fd = trace, .events = POLLIN };
	char text[4096], *at;
	ssize_t n;

	while (!waitpid(vm->pid, NULL, WNOHANG)) {
		if (poll(&fd, 1, 1000) <= 0)
			continue;
		n = read(trace, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = 0;
		at = strstr(text, ": kvm_entry:");
		while (at && at > text && at[-1] != ' ')
			at--;
		if (at)
			return strtod(at, NULL) * 1e9;
	}
	return 0;
}

/* As qemu_start(). Returns how many nanoseconds passed until its guest ran, or 0. */
static inline uint64_t qemu_start_timed(struct qemu *vm, const char *memory,
					unsigned int mib, const char *device,
					const char *job)
{
	uint64_t start, entered = 0;
	int trace;

	sysfs_write(QEMU_TRACING "trace_clock", "mono");
	sysfs_write(QEMU_TRACING "trace", "\n");
	trace = open(QEMU_TRACING "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	sysfs_write(QEMU_ENTRY, "1");
	start = qemu_clock();
	if (qemu_start(vm, memory, mib, device, job))
		entered = qemu_entered(vm, trace);
	sysfs_write(QEMU_ENTRY, "0");
	close(trace);
	return entered ? entered - start : 0;
}

/* The next byte of the console, or -1 at the end, or after @seconds. */
static inline int qemu_getc(struct qemu *vm, int seconds)
{
	struct pollfd fd = { .fd = vm->out, .events = POLLIN };
	unsigned char c;

	if (poll(&fd, 1, seconds * 1000) <= 0 || read(vm->out, &c, 1) != 1)
		return -1;
	return c;
}

/* Read the console until a line with @text; it is in vm->line then. */
static inline bool qemu_expect(struct qemu *vm, const char *text, int seconds)
{
	int c;

	while ((c = qemu_getc(vm, seconds)) >= 0) {
		if (c != '\n' && vm->length < sizeof(vm->line) - 1) {
			vm->line[vm->length++] = c;
			continue;
		}
		vm->line[vm->length] = 0;
		vm->length = 0;
		if (!vm->quiet)
			fprintf(stderr, "# vm: %s\n", vm->line);
		if (strstr(vm->line, text))
			return true;
	}
	return false;
}

static inline bool qemu_say(struct qemu *vm, const char *line)
{
	return write(vm->in, line, strlen(line)) == strlen(line);
}

/* Until it has ended; returns its exit status, or minus the signal. */
static inline int qemu_wait(struct qemu *vm)
{
	int status;

	close(vm->in);
	close(vm->out);
	if (waitpid(vm->pid, &status, 0) != vm->pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Where QEMU has the memory of the machine mapped, or 0. */
static inline uint64_t qemu_memory_at(const struct qemu *vm)
{
	char path[64], line[512];
	uint64_t at = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", vm->pid);
	f = fopen(path, "re");
	while (f && !at && fgets(line, sizeof(line), f))
		if (strstr(line, "[vmem]"))
			at = strtoull(line, NULL, 16);
	if (f)
		fclose(f);
	return at;
}

/* Read the machine's memory as the host sees it. */
static inline bool qemu_peek(const struct qemu *vm, uint64_t address, void *to,
			     size_t length)
{
	uint64_t at = qemu_memory_at(vm);
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", vm->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = at ? pread(fd, to, length, at + address - QEMU_MEMORY) : -1;
	close(fd);
	return n == length;
}

#endif /* SELFTESTS_VMEM_QEMU_H */

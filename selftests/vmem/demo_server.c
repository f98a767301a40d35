// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server half of the demonstration: a pool is carved, the same virtual machine
 * with the same device starts on hugetlb and on the pool, the engine is replaced
 * under it, every byte is verified, and the next owner sees zeros.
 */
#include <linux/vmem.h>
#include <stdarg.h>
#include <sys/utsname.h>

#include "vmem_test.h"
#include "edu.h"
#include "kvm_guest.h"
#include "qemu.h"

#define MIB		((uint64_t)1 << 20)
#define PAGE		4096
#define VM_MIB		1024
#define JOB		"/vm_guest 800"		/* of them have a known content */
#define SECONDS		200			/* between two lines of a console */
#define UPGRADES	10

static struct region region;
static struct qemu vm = { .quiet = true };
static char device[EDU_ADDRESS_LEN];
static int dev;

static void die(const char *why, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "FAILED: ");
	va_start(args, why);
	vfprintf(stderr, why, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static void say(const char *what, const char *how, ...)
{
	va_list args;

	printf("  %-16s", what);
	va_start(args, how);
	vprintf(how, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static double ms_since(uint64_t start)
{
	return (qemu_clock() - start) / 1e6;
}

static void carve(void)
{
	uint64_t start;
	int ret;

	if (!region_find(&region))
		die("VMEM_BASE and VMEM_SIZE do not say where the memory is");
	engine_unload();
	module_unload("vmem");
	start = qemu_clock();
	ret = base_load(region_text(region.size, region.start));
	if (ret)
		die("vmem.ko: %s", strerror(ret));
	say("pool", "%" PRIu64 " MiB at %#" PRIx64 ", claimed in %.1f ms",
	    region.size / MIB, region.start, ms_since(start));
	ret = engine_load();
	if (ret)
		die("vmem_engine.ko: %s", strerror(ret));
	dev = vmem_open();
	if (dev < 0)
		die("/dev/vmem: %s", strerror(errno));
}

/* The number behind the first line of a file that begins with @name. */
static uint64_t number_of(const char *path, const char *name)
{
	char line[256];
	uint64_t value = 0;
	FILE *f = fopen(path, "re");

	while (f && !value && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			value = strtoull(line + strlen(name), NULL, 0);
	if (f)
		fclose(f);
	return value;
}

/* Both counted: by vmem, and by the kernel for the memory it manages. */
static void count_metadata(void)
{
	struct vmem_info info = { .size = sizeof(info) };
	uint64_t pages = number_of("/proc/vmstat", "nr_memmap_boot_pages ");
	uint64_t present = 0, theirs, ours;
	char line[256];
	FILE *f = fopen("/proc/zoneinfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " present "))
			present += strtoull(strstr(line, " present ") + 9, NULL, 0);
	if (f)
		fclose(f);
	if (ioctl(dev, VMEM_IOC_INFO, &info) || !pages || !present)
		die("no figures of metadata");
	ours = info.metadata * BLOCK / info.total;
	theirs = BLOCK * pages / present;
	say("metadata", "%" PRIu64 " bytes a GiB; this kernel's struct pages: %"
	    PRIu64 " KiB a GiB", ours, theirs / 1024);
	say("to sell", "of each GiB %.3f MiB, on hugetlb %.3f MiB: %.2f%% more",
	    (BLOCK - ours) / 1048576.0, (BLOCK - theirs) / 1048576.0,
	    100.0 * (theirs - ours) / (BLOCK - theirs));
}

static double start_on(const char *memory)
{
	uint64_t took = qemu_start_timed(&vm, memory, VM_MIB, device, JOB);

	if (!took)
		die("QEMU does not start: %s", vm.line);
	return took / 1e6;
}

static void stop(void)
{
	kill(vm.pid, SIGKILL);
	qemu_wait(&vm);
}

/* QEMU itself comes from the disk once, which is not what is compared. */
static void start_both(void)
{
	double hugetlb, vmem;

	if (!edu_find(device) || edu_bind(device) < 0 || !qemu_usable())
		die("no edu device, vfio-pci, or KVM");
	start_on(QEMU_ANON);
	stop();
	if (!hugepages(HUGEPAGES_2M, VM_MIB / 2))
		die("no memory for hugetlb");
	hugetlb = start_on(QEMU_HUGETLB_2M);
	say("VM on hugetlb", "%d MiB and a PCI device: its guest ran after %.0f ms",
	    VM_MIB, hugetlb);
	stop();
	hugepages(HUGEPAGES_2M, 0);
	if (!wait_clean())
		die("zeroing does not end");
	vmem = start_on(QEMU_VMEM);
	say("VM on vmem", "the same: after %.0f ms, %.1f times as fast", vmem,
	    hugetlb / vmem);
	say("", "(an emulated CPU clears slowly; see make bench B=vfio-vm)");
}

/* A line of the guest's console without its end, from "guest: " on. */
static const char *guest_line(const char *text)
{
	char *at;

	if (!qemu_expect(&vm, text, SECONDS))
		die("the guest says: %s", vm.line);
	at = strstr(vm.line, "guest: ") + strlen("guest: ");
	at[strcspn(at, "\r")] = 0;
	return at;
}

static void run(void)
{
	uint64_t page[PAGE / 8];
	char *first;

	say("Linux boots", "%s", guest_line("guest: ready"));
	first = strstr(vm.line, "first at ");
	if (!first || !qemu_peek(&vm, strtoull(first + 9, NULL, 0), page, PAGE) ||
	    !pattern_check(page, PAGE, 1))
		die("the host does not see what the guest wrote");
	say("", "the host sees it too; %" PRIu64 " pages of 1 GiB and %" PRIu64
	    " of 2 MiB in KVM", kvm_stat("pages_1g"), kvm_stat("pages_2m"));
}

static void upgrade(void)
{
	uint64_t start = qemu_clock();
	char engine[64];
	int i;

	for (i = 0; i < UPGRADES; i++) {
		if (test_module_load("vmem_engine_next", "") ||
		    module_unload("vmem_engine"))
			die("the next engine does not take over");
		sysfs_read(VMEM_SYSFS "engine", engine, sizeof(engine));
		if (engine_load() || module_unload("vmem_engine_next"))
			die("the engine does not take over");
	}
	say("engine", "replaced %d times under the VM in %.0f ms, also by %s",
	    2 * UPGRADES, ms_since(start), engine);
}

static void verify(void)
{
	if (!qemu_say(&vm, "end\n"))
		die("the guest's console: %s", strerror(errno));
	say("the guest", "%s", guest_line("guest: verified"));
	if (qemu_wait(&vm))
		die("QEMU failed");
}

static void next_owner(void)
{
	uint64_t start;
	void *memory;

	if (pool_value("free_bytes") != region.size)
		die("memory was not given back");
	start = qemu_clock();
	memory = vmem_map(dev, region.size);
	if (memory == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	say("next owner", "has all %" PRIu64 " MiB %.0f ms later", region.size / MIB,
	    ms_since(start));
	if (!is_zero(memory, region.size))
		die("the next owner sees what the last one left");
	say("", "and sees zeros in every byte");
	munmap(memory, region.size);
	close(dev);
	if (vmem_unload())
		die("the modules are still in use");
}

int main(void)
{
	struct utsname name;

	uname(&name);
	printf("vmem on Linux %s, %s\n", name.release, name.machine);
	carve();
	count_metadata();
	start_both();
	run();
	upgrade();
	verify();
	next_owner();
	return 0;
}

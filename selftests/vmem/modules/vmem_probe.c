// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space cannot see or do: how an address of the caller is cached, how
 * large its entry is, and on arm64 a memory error as the firmware would report it.
 */
#include <linux/debugfs.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>

static struct dentry *probe_dir;
static u64 probe_cached;	/* 1 write-back, 0 not, 2 not mapped */
static u64 probe_size;		/* of the entry, 0 if there is none */

static bool probe_is_write_back(pgprot_t prot)
{
#ifdef CONFIG_X86
	return !(pgprot_val(prot) & (_PAGE_PWT | _PAGE_PCD | _PAGE_PAT_LARGE));
#else
	return (pgprot_val(prot) & PTE_ATTRINDX_MASK) ==
	       PTE_ATTRINDX(MT_NORMAL);
#endif
}

/* There is one. */
static u64 probe_entry_size(struct mm_struct *mm, unsigned long address)
{
	p4d_t *p4d = p4d_offset(pgd_offset(mm, address), address);
	pud_t *pud = pud_offset(p4d, address);

	if (pud_leaf(*pud))
		return PUD_SIZE;
	return pmd_leaf(*pmd_offset(pud, address)) ? PMD_SIZE : PAGE_SIZE;
}

static int probe_address(void *data, u64 address)
{
	struct follow_pfnmap_args args = { .address = address };

	probe_cached = 2;
	probe_size = 0;
	mmap_read_lock(current->mm);
	args.vma = vma_lookup(current->mm, address);
	if (args.vma && !follow_pfnmap_start(&args)) {
		probe_cached = probe_is_write_back(args.pgprot);
		probe_size = probe_entry_size(current->mm, address);
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(current->mm);
	return 0;
}

static int probe_result(void *data, u64 *cached)
{
	*cached = probe_cached;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(probe_cached_fops, probe_result, probe_address,
			 "%llu\n");

static int probe_entry(void *data, u64 *size)
{
	*size = probe_size;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(probe_entry_fops, probe_entry, probe_address,
			 "%llu\n");

#if defined(CONFIG_ARM64) && defined(CONFIG_ACPI_APEI_GHES)
#include <acpi/ghes.h>
#include <linux/cper.h>

/* The address of a symbol that is not exported: of the kprobe's own helper. */
static void *probe_symbol(const char *name)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*lookup)(const char *name);

	if (register_kprobe(&kp))
		return NULL;
	lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	return (void *)lookup(name);
}

static int probe_report(u64 phys, u64 valid, unsigned long severity)
{
	struct atomic_notifier_head *chain = probe_symbol("ghes_report_chain");
	struct cper_sec_mem_err err = {
		.validation_bits = valid,
		.physical_addr = phys,
	};

	if (!chain)
		return -ENOENT;
	atomic_notifier_call_chain(chain, severity, &err);
	return 0;
}

static int probe_bad(void *data, u64 phys)
{
	return probe_report(phys, CPER_MEM_VALID_PA, GHES_SEV_RECOVERABLE);
}
DEFINE_DEBUGFS_ATTRIBUTE(probe_bad_fops, NULL, probe_bad, "%llu\n");

/* What is no reason to retire anything. */
static int probe_harmless(void *data, u64 phys)
{
	return probe_report(phys, CPER_MEM_VALID_PA, GHES_SEV_CORRECTED) ?:
	       probe_report(phys, 0, GHES_SEV_RECOVERABLE);
}
DEFINE_DEBUGFS_ATTRIBUTE(probe_harmless_fops, NULL, probe_harmless, "%llu\n");

static void probe_add_ghes(void)
{
	debugfs_create_file_unsafe("ghes_bad", 0200, probe_dir, NULL,
				   &probe_bad_fops);
	debugfs_create_file_unsafe("ghes_harmless", 0200, probe_dir, NULL,
				   &probe_harmless_fops);
}
#else
static void probe_add_ghes(void) { }
#endif

static int __init probe_init(void)
{
	probe_dir = debugfs_create_dir("vmem_probe", NULL);
	debugfs_create_file_unsafe("cached", 0600, probe_dir, NULL,
				   &probe_cached_fops);
	debugfs_create_file_unsafe("entry", 0600, probe_dir, NULL,
				   &probe_entry_fops);
	probe_add_ghes();
	return 0;
}
module_init(probe_init);

static void __exit probe_exit(void)
{
	debugfs_remove(probe_dir);
}
module_exit(probe_exit);

MODULE_DESCRIPTION("A look behind vmem's mappings, for tests");
MODULE_LICENSE("GPL");

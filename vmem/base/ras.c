// SPDX-License-Identifier: GPL-2.0-only
/* Where the news of bad memory come from: the machine, or a test. */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/align.h>
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/vmem_engine.h>

#include "poison.h"
#include "region.h"

static struct dentry *ras_dir;

/* All pages of a range of at most a slice. */
static void ras_poison(u64 phys, u64 size)
{
	u64 at = ALIGN_DOWN(phys, max_t(u64, size, PAGE_SIZE));
	u64 end = at + clamp_t(u64, size, PAGE_SIZE, 1ULL << VMEM_SLICE_SHIFT);

	for (; at < end; at += PAGE_SIZE)
		if (vmem_poison(at))
			return;
}

#ifdef CONFIG_X86_MCE
#include <asm/mce.h>

/* Process context: the chain runs from a work item. */
static int ras_mce(struct notifier_block *nb, unsigned long val, void *data)
{
	struct mce *mce = data;
	u64 size = PAGE_SIZE;

	if (!mce || !mce_is_memory_error(mce) || mce_is_correctable(mce) ||
	    !mce_usable_address(mce) || !vmem_region_of(mce->addr))
		return NOTIFY_DONE;
	if (mce->status & MCI_STATUS_MISCV)
		size = 1ULL << MCI_MISC_ADDR_LSB(mce->misc);
	ras_poison(mce->addr, size);
	return NOTIFY_OK;
}

static struct notifier_block ras_nb = {
	.notifier_call = ras_mce,
	.priority = MCE_PRIO_NFIT,
};

static void ras_listen(void)
{
	mce_register_decode_chain(&ras_nb);
}

static void ras_ignore(void)
{
	mce_unregister_decode_chain(&ras_nb);
}
#elif defined(CONFIG_ACPI_APEI_GHES)
#include <acpi/ghes.h>
#include <linux/cper.h>
#include <linux/kfifo.h>
#include <linux/workqueue.h>

/* The chain is atomic, and retiring a slice sleeps. */
static DEFINE_KFIFO(ras_pages, u64, 64);
static DEFINE_SPINLOCK(ras_pages_lock);

static void ras_work(struct work_struct *work)
{
	u64 phys;

	while (kfifo_out_spinlocked(&ras_pages, &phys, 1, &ras_pages_lock))
		ras_poison(phys, PAGE_SIZE);
}

static DECLARE_WORK(ras_pages_work, ras_work);

static int ras_ghes(struct notifier_block *nb, unsigned long severity,
		    void *data)
{
	const struct cper_sec_mem_err *err = data;
	u64 phys = err->physical_addr;

	if (severity < GHES_SEV_RECOVERABLE ||
	    !(err->validation_bits & CPER_MEM_VALID_PA) ||
	    !vmem_region_of(phys))
		return NOTIFY_DONE;
	if (!kfifo_in_spinlocked(&ras_pages, &phys, 1, &ras_pages_lock))
		pr_err_ratelimited("too many errors at once, %#llx stays in use\n",
				   phys);
	schedule_work(&ras_pages_work);
	return NOTIFY_OK;
}

static struct notifier_block ras_nb = { .notifier_call = ras_ghes };

static void ras_listen(void)
{
	ghes_register_report_chain(&ras_nb);
}

static void ras_ignore(void)
{
	ghes_unregister_report_chain(&ras_nb);
	flush_work(&ras_pages_work);
}
#else
static void ras_listen(void) { }
static void ras_ignore(void) { }
#endif

static int ras_inject(void *data, u64 phys)
{
	return vmem_poison(phys);
}

DEFINE_DEBUGFS_ATTRIBUTE(ras_inject_fops, NULL, ras_inject, "%llu\n");

/**
 * vmem_ras_init - listen to the machine, and make debugfs vmem/poison
 */
void vmem_ras_init(void)
{
	/* Errors do not matter: without debugfs there is no injection. */
	ras_dir = debugfs_create_dir("vmem", NULL);
	debugfs_create_file_unsafe("poison", 0200, ras_dir, NULL,
				   &ras_inject_fops);
	ras_listen();
}

/**
 * vmem_ras_exit - undo vmem_ras_init()
 */
void vmem_ras_exit(void)
{
	ras_ignore();
	debugfs_remove(ras_dir);
}

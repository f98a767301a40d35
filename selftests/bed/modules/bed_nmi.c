// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads when an interrupt of the PMU comes through while interrupts are off, and says
 * ENXIO when none does.
 */
#include <linux/delay.h>
#include <linux/hardirq.h>
#include <linux/module.h>
#include <linux/perf_event.h>

#define CYCLES	1000000

static unsigned int bed_nmi_seen;

static void bed_nmi_overflow(struct perf_event *event, struct perf_sample_data *data,
			     struct pt_regs *regs)
{
	if (in_nmi())
		bed_nmi_seen++;
}

/* The counter is this CPU's, and so is what waits for it. */
static int bed_nmi_wait(struct perf_event_attr *attr)
{
	struct perf_event *event;
	int i;

	event = perf_event_create_kernel_counter(attr, smp_processor_id(), NULL,
						 bed_nmi_overflow, NULL);
	if (IS_ERR(event))
		return PTR_ERR(event);
	local_irq_disable();
	for (i = 0; i < 10000 && !READ_ONCE(bed_nmi_seen); i++)
		udelay(5);
	local_irq_enable();
	perf_event_release_kernel(event);
	return 0;
}

static int __init bed_nmi_init(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof(attr),
		.pinned = 1,
		.sample_period = CYCLES,
	};
	int err;

	migrate_disable();
	err = bed_nmi_wait(&attr);
	migrate_enable();
	if (err)
		return err;
	pr_info("%u NMIs while interrupts were off\n", bed_nmi_seen);
	return bed_nmi_seen ? 0 : -ENXIO;
}
module_init(bed_nmi_init);

static void __exit bed_nmi_exit(void)
{
}
module_exit(bed_nmi_exit);

MODULE_DESCRIPTION("What an interrupt does to a CPU that takes none");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests, in debugfs: what nobody may touch, and a CPU that fails.
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/smp.h>

#include "taiji.h"

#define NO_CPU	U32_MAX

static u32 fail_cpu = NO_CPU;

/* Is this the CPU that shall fail to go below stage 2? */
bool taiji_debug_fails_here(void)
{
	return READ_ONCE(fail_cpu) == smp_processor_id();
}

static int hidden_show(struct seq_file *m, void *unused)
{
	u64 image;
	u32 i;

	guard(mutex)(&taiji_lock);

	if (!taiji.on)
		return 0;

	image = taiji_engine_image();
	for (i = 0; i < taiji.start->nr_pieces; i++)
		seq_printf(m, "%#llx-%#llx state\n", taiji.pieces[i],
			   taiji.pieces[i] + TAIJI_SECTION_SIZE - 1);
	seq_printf(m, "%#llx-%#llx engine\n", image, image + TAIJI_SECTION_SIZE - 1);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hidden);

void taiji_debug_init(struct dentry *dir)
{
	fail_cpu = NO_CPU;
	debugfs_create_file("hidden", 0400, dir, NULL, &hidden_fops);
	debugfs_create_u32("fail_cpu", 0600, dir, &fail_cpu);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs come, go and sleep while the OS is a guest: KVM takes them back under
 * the stage 2 before they do anything that could miss it (see the series, "Keep
 * a host stage 2 while CPUs come, go and sleep"). What is left for us is the end
 * of the machine, and the one sleep that takes memory along.
 */

#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "compat.h"
#include "taiji.h"

/* The image would hold what the OS takes for physical memory, written from where it is not. */
static int refuse_hibernation(struct notifier_block *nb, unsigned long event, void *data)
{
	if (!READ_ONCE(taiji.on) || event != PM_HIBERNATION_PREPARE)
		return NOTIFY_OK;

	pr_err("no hibernation while the system is switched: echo off > /sys/kernel/mm/taiji/switch\n");
	return notifier_from_errno(-EBUSY);
}

static bool another_kernel;	/* comes next, by kexec */

/*
 * A reboot, a power-off, and another kernel by kexec. If the way back is barred,
 * firmware does not mind a stage 2, and the last interrupts may still touch what
 * moved; but another kernel starts on the machine itself.
 */
static int switch_off_at_end(struct notifier_block *nb, unsigned long event, void *cmd)
{
	if (READ_ONCE(taiji.on))
		taiji_switch_off();
	another_kernel = cmd && !strcmp(cmd, "kexec reboot");
	return NOTIFY_OK;
}

/* Late: who starts another kernel has seen to it that devices are off. KVM comes after this. */
static void abandon_at_end(void *unused)
{
	if (READ_ONCE(taiji.on) && another_kernel)
		taiji_switch_abandon();
}

static struct notifier_block sleep_nb = { .notifier_call = refuse_hibernation };
static struct notifier_block reboot_nb = { .notifier_call = switch_off_at_end };
TAIJI_SYSCORE(abandon_at_end);

int taiji_cpu_init(void)
{
	int err;

	err = register_pm_notifier(&sleep_nb);
	if (err)
		return err;

	err = register_reboot_notifier(&reboot_nb);
	if (err) {
		unregister_pm_notifier(&sleep_nb);
		return err;
	}

	register_syscore(&syscore);
	return 0;
}

void taiji_cpu_exit(void)
{
	unregister_syscore(&syscore);
	unregister_reboot_notifier(&reboot_nb);
	unregister_pm_notifier(&sleep_nb);
}

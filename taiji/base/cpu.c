// SPDX-License-Identifier: GPL-2.0-only
/*
 * While the OS is a guest, a CPU that is started by firmware would run it
 * without stage 2. So no CPU goes: offline, into an idle state that loses its
 * registers, or to sleep. A reboot switches back first.
 */

#include <linux/cpu_pm.h>
#include <linux/cpuhotplug.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "taiji.h"

static int hp_state;

static int refuse_offline(unsigned int cpu)
{
	if (!READ_ONCE(taiji.on))
		return 0;

	pr_err("CPU %u must stay online while the system is switched\n", cpu);
	return -EBUSY;
}

static int refuse_power_down(struct notifier_block *nb, unsigned long event, void *data)
{
	return event == CPU_PM_ENTER && READ_ONCE(taiji.on) ? NOTIFY_BAD : NOTIFY_OK;
}

static int refuse_sleep(struct notifier_block *nb, unsigned long event, void *data)
{
	if (!READ_ONCE(taiji.on) ||
	    (event != PM_SUSPEND_PREPARE && event != PM_HIBERNATION_PREPARE))
		return NOTIFY_OK;

	pr_err("no sleep while the system is switched: echo off > /sys/kernel/mm/taiji/switch\n");
	return notifier_from_errno(-EBUSY);
}

static int switch_off_at_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	if (READ_ONCE(taiji.on) && taiji_switch_off())
		pr_warn("rebooting while switched\n");
	return NOTIFY_OK;
}

/* Before KVM's, which would take the CPU's vectors away. */
static struct notifier_block pm_nb = { .notifier_call = refuse_power_down, .priority = 1 };
static struct notifier_block sleep_nb = { .notifier_call = refuse_sleep };
static struct notifier_block reboot_nb = { .notifier_call = switch_off_at_reboot };

int taiji_cpu_init(void)
{
	int err;

	hp_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "mm/taiji:online", NULL,
					     refuse_offline);
	if (hp_state < 0)
		return hp_state;

	err = cpu_pm_register_notifier(&pm_nb);
	if (err)
		goto out_hp;

	err = register_pm_notifier(&sleep_nb);
	if (err)
		goto out_pm;

	err = register_reboot_notifier(&reboot_nb);
	if (err)
		goto out_sleep;

	return 0;

out_sleep:
	unregister_pm_notifier(&sleep_nb);
out_pm:
	cpu_pm_unregister_notifier(&pm_nb);
out_hp:
	cpuhp_remove_state_nocalls(hp_state);
	return err;
}

void taiji_cpu_exit(void)
{
	unregister_reboot_notifier(&reboot_nb);
	unregister_pm_notifier(&sleep_nb);
	cpu_pm_unregister_notifier(&pm_nb);
	cpuhp_remove_state_nocalls(hp_state);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hot switch. The engine builds an identity stage 2; every CPU takes itself
 * under it with one hypercall and waits for nobody, since before and after mean
 * the same memory. Only when all are under it may anything move (invariant 1).
 * Back again, everything is brought home first, and again the two sides mean
 * the same.
 */

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpufeature.h>
#include <linux/mm.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

struct cpu_switch {
	u64 vttbr;
	u64 vtcr;
	atomic_t failed;
};

static void cpu_on(void *arg)
{
	struct cpu_switch *sw = arg;

	taiji_pause_begin();
	if (taiji_debug_fails_here() || kvm_host_s2_enable(sw->vttbr, sw->vtcr))
		atomic_inc(&sw->failed);
	taiji_pause_end();
}

static void cpu_off(void *unused)
{
	kvm_host_s2_disable();
}

/* All CPUs, or none. */
static int all_cpus_on(void)
{
	struct cpu_switch sw = {
		.vttbr = taiji.shared->stage2_root,
		.vtcr = kvm_host_s2_vtcr(taiji.start->ipa_bits),
	};

	guard(cpus_read_lock)();

	if (!cpumask_equal(cpu_online_mask, cpu_present_mask)) {
		pr_err("CPU %*pbl only of %*pbl is online: bring all online first\n",
		       cpumask_pr_args(cpu_online_mask), cpumask_pr_args(cpu_present_mask));
		return -EBUSY;
	}

	WRITE_ONCE(taiji.on, true);
	on_each_cpu(cpu_on, &sw, true);
	if (!atomic_read(&sw.failed))
		return 0;

	pr_err("%d CPUs did not switch\n", atomic_read(&sw.failed));
	on_each_cpu(cpu_off, NULL, true);
	WRITE_ONCE(taiji.on, false);
	return -ENODEV;
}

static void all_cpus_off(void)
{
	unsigned int cpu;

	guard(cpus_read_lock)();

	on_each_cpu(cpu_off, NULL, true);
	for_each_present_cpu(cpu) {
		if (!cpu_online(cpu))
			kvm_host_s2_forget(cpu);
	}
	WRITE_ONCE(taiji.on, false);
}

/*
 * The way back, from any point after the CPUs have switched. On an error the
 * system is switched and whole.
 */
static int come_home(void)
{
	int err;

	err = taiji_swap_all_in();
	if (err)
		return err;

	err = taiji_reserve_take_back() ?: taiji_call_again(TAIJI_CALL_STOP, 0);
	if (err)
		return taiji_reserve_donate() ?: err;

	all_cpus_off();
	WARN_ON(kvm_payload_call(TAIJI_CALL_FORGET, 0, 0, 0));
	return 0;
}

static int switch_on(void)
{
	int err;

	err = taiji_state_alloc() ?: taiji_pause_alloc() ?: taiji_state_map();
	if (err)
		return err;

	err = taiji_call_again(TAIJI_CALL_START, virt_to_phys(taiji.start));
	if (err) {
		pr_err("the engine does not start: %d\n", err);
		return err;
	}

	err = taiji_engine_hide() ?: all_cpus_on();
	if (err)
		goto out_stop;

	err = taiji_reserve_donate() ?: taiji_state_allow() ?: taiji_manage_start();
	if (!err)
		return 0;

	WARN_ON(come_home());
	return err;

out_stop:
	WARN_ON(taiji_call_again(TAIJI_CALL_STOP, 0) ?:
		kvm_payload_call(TAIJI_CALL_FORGET, 0, 0, 0));
	return err;
}

static void report(void)
{
	pr_info("switched %u CPUs, longest pause %llu ns, %lu of %llu MiB swappable\n",
		num_online_cpus(), taiji_pause_longest(),
		taiji.nr_swappable << (TAIJI_SECTION_SHIFT - 20),
		taiji_layout_ram(taiji.start) >> 20);
}

/**
 * taiji_switch_on - turn the running OS into a guest
 *
 * Context: may sleep.
 * Return: 0, -EBUSY when it is one already, while there are VMs or while CPUs
 * are offline, -ENODEV without an engine or KVM, -EOPNOTSUPP on CPUs of different
 * kinds, -ENOMEM. On an error nothing has changed.
 */
int taiji_switch_on(void)
{
	int err;

	guard(mutex)(&taiji_lock);

	if (taiji.on) {
		pr_err("the system is switched already\n");
		return -EBUSY;
	}

	/* The engine believes what the CPU it runs on says of all. */
	if (cpus_have_final_cap(ARM64_MISMATCHED_CACHE_TYPE)) {
		pr_err("CPUs have caches of different kinds (CTR_EL0): that is not supported\n");
		return -EOPNOTSUPP;
	}

	err = taiji_engine_get();
	if (err)
		return err;

	err = kvm_host_s2_get();
	if (err) {
		pr_err("VMs are running: stop them first\n");
		goto out_engine;
	}

	scoped_guard(rwsem_write, &taiji_gate)
		err = switch_on();
	if (!err) {
		report();
		return 0;
	}

	/* If the way back failed as well, what there is has to stay. */
	if (taiji.on)
		return err;

	taiji_state_free();
	kvm_host_s2_put();
out_engine:
	taiji_engine_put();
	return err;
}

/**
 * taiji_switch_off - bring everything home and let the OS run on the machine
 * itself again
 *
 * Context: may sleep.
 * Return: 0, also when it is off, -EBUSY while memory is added, -ENOMEM when
 * what is out does not fit. On an error the system stays switched and whole.
 */
int taiji_switch_off(void)
{
	int err;

	guard(mutex)(&taiji_lock);

	if (!taiji.on)
		return 0;

	if (taiji.grown) {
		pr_err("%llu MiB are added: echo 0 > /sys/kernel/mm/taiji/expand first\n",
		       taiji.grown >> 20);
		return -EBUSY;
	}

	taiji_manage_stop();
	scoped_guard(rwsem_write, &taiji_gate) {
		err = come_home();
		if (!err)
			taiji_state_free();
	}
	if (err) {
		pr_err("not switched back (%d): %llu MiB are out, %llu MiB of frames free, %llu MiB of store; all stays as it was\n",
		       err, READ_ONCE(taiji.shared->sections_out) << 1,
		       READ_ONCE(taiji.shared->free_frames) << 1,
		       READ_ONCE(taiji.shared->store_frames) << 1);
		return taiji_manage_start() ?: err;
	}

	kvm_host_s2_put();
	taiji_engine_put();
	pr_info("switched back\n");
	return 0;
}

/**
 * taiji_switch_abandon - leave stage 2 with nothing brought home
 *
 * For another kernel that takes over when it was not possible to switch back. What
 * this one needs to get there is at home at all times; what moved or is out is lost,
 * and devices are off already.
 *
 * Context: may sleep; no task matters any more.
 */
void taiji_switch_abandon(void)
{
	pr_warn("going down while switched: %llu MiB are left behind\n",
		READ_ONCE(taiji.shared->sections_out) << (TAIJI_SECTION_SHIFT - 20));
	taiji_manage_stop();
	all_cpus_off();
}

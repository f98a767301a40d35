// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hot switch. The engine builds an identity stage 2; every CPU takes itself
 * under it with one hypercall and waits for nobody, since before and after mean
 * the same memory. Only when all are under it may anything move (invariant 1).
 * Back again, everything is brought home first, and again the two sides mean
 * the same.
 */

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/taiji_engine.h>

#include <asm/kvm_payload.h>
#include <asm/virt.h>

#include "taiji.h"

/* Big and rare: worth some compaction, not worth a process. */
#define GFP_STATE	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct cpu_switch {
	u64 vttbr;
	u64 vtcr;
	atomic_t failed;
};

static void cpu_on(void *arg)
{
	struct cpu_switch *sw = arg;
	u64 begin = ktime_get_mono_fast_ns();

	if (kvm_host_s2_enable(sw->vttbr, sw->vtcr))
		atomic_inc(&sw->failed);
	else
		this_cpu_write(*taiji.pause, ktime_get_mono_fast_ns() - begin);
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
	guard(cpus_read_lock)();

	on_each_cpu(cpu_off, NULL, true);
	WRITE_ONCE(taiji.on, false);
}

static size_t shared_size(void)
{
	return PAGE_ALIGN(ALIGN(sizeof(struct taiji_shared), 64) +
			  nr_cpu_ids * sizeof(struct taiji_cpu_stats));
}

static void free_state(void)
{
	struct taiji_start *start = taiji.start;

	if (start && start->arena.size)
		free_pages_exact(phys_to_virt(start->arena.start), start->arena.size);
	if (taiji.shared)
		free_pages_exact(taiji.shared, shared_size());
	free_percpu(taiji.pause);
	bitmap_free(taiji.swappable);
	free_page((unsigned long)start);
	memset(&taiji, 0, sizeof(taiji));
}

static int alloc_state(void)
{
	struct taiji_start *start;
	void *arena;
	u64 size;
	int err;

	/* A page of its own, since EL2 sees pages. */
	start = (void *)get_zeroed_page(GFP_KERNEL);
	if (!start)
		return -ENOMEM;
	taiji.start = start;

	start->abi = TAIJI_ABI;
	start->nr_cpus = nr_cpu_ids;
	err = taiji_layout_find(start);
	if (err)
		return err;

	size = taiji_arena_size(taiji_nr_sections(), start->nr_cpus);
	arena = alloc_pages_exact(size, GFP_STATE);
	taiji.shared = alloc_pages_exact(shared_size(), GFP_KERNEL | __GFP_ZERO);
	taiji.swappable = bitmap_zalloc(taiji_nr_sections(), GFP_KERNEL);
	taiji.pause = alloc_percpu(u64);
	if (arena) {
		start->arena.start = virt_to_phys(arena);
		start->arena.size = size;
	}
	if (!arena || !taiji.shared || !taiji.swappable || !taiji.pause) {
		pr_err("no %llu MiB of contiguous memory for the engine's state\n", size >> 20);
		return -ENOMEM;
	}

	start->shared.start = virt_to_phys(taiji.shared);
	start->shared.size = shared_size();
	taiji.cpus = (void *)taiji.shared + ALIGN(sizeof(struct taiji_shared), 64);
	return 0;
}

/* Let EL2 see its state, the figures, and every section that may move. */
static int map_window(void)
{
	struct taiji_start *start = taiji.start;
	u64 at, end;
	int err;

	BUILD_BUG_ON(sizeof(*start) > PAGE_SIZE);
	err = kvm_payload_map_window(virt_to_phys(start), PAGE_SIZE) ?:
	      kvm_payload_map_window(start->arena.start, start->arena.size) ?:
	      kvm_payload_map_window(start->shared.start, start->shared.size);

	for (at = start->first; !err && at < start->end; at = end) {
		end = at + TAIJI_SECTION_SIZE;
		if (!taiji_layout_is_movable(at))
			continue;
		while (end < start->end && taiji_layout_is_movable(end))
			end += TAIJI_SECTION_SIZE;
		err = kvm_payload_map_window(at, end - at);
	}
	return err;
}

static int allow_movable(void)
{
	u64 at, end;
	int err = 0;

	if (!taiji_dma_is_safe()) {
		pr_warn("so nothing is swappable\n");
		return 0;
	}

	for (at = taiji.start->first; !err && at < taiji.start->end; at = end) {
		end = at + TAIJI_SECTION_SIZE;
		if (!taiji_layout_is_movable(at))
			continue;
		while (end < taiji.start->end && taiji_layout_is_movable(end))
			end += TAIJI_SECTION_SIZE;
		err = taiji_swap_allow(at, (end - at) >> TAIJI_SECTION_SHIFT, true);
	}
	return err;
}

/*
 * Frames that are there from the start, so that the first swap-out has a place
 * for what it compresses.
 */
static int donate_reserve(void)
{
	unsigned int nr = 8 + 4 * num_online_cpus();
	unsigned int order = TAIJI_SECTION_SHIFT - PAGE_SHIFT;
	struct page *page;
	phys_addr_t at;
	int err;

	while (taiji.donated < nr) {
		page = alloc_pages(GFP_STATE, order);
		if (!page) {
			pr_err("no %u MiB of memory for the reserve\n",
			       nr << (TAIJI_SECTION_SHIFT - 20));
			return -ENOMEM;
		}

		at = page_to_phys(page);
		err = kvm_payload_map_window(at, TAIJI_SECTION_SIZE) ?:
		      kvm_payload_call(TAIJI_CALL_DONATE, at, 1, 0);
		if (err) {
			__free_pages(page, order);
			return err;
		}
		taiji.donated++;
	}
	return 0;
}

static int take_back_reserve(void)
{
	s64 at;

	while (taiji.donated) {
		at = kvm_payload_call(TAIJI_CALL_RECLAIM, 0, 0, 0);
		if (at == -EAGAIN) {
			cond_resched();
			continue;
		}
		if (at < 0)
			return at;

		__free_pages(phys_to_page(at), TAIJI_SECTION_SHIFT - PAGE_SHIFT);
		taiji.donated--;
	}
	return 0;
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

	err = take_back_reserve() ?: kvm_payload_call(TAIJI_CALL_STOP, 0, 0, 0);
	if (err)
		return donate_reserve() ?: err;

	all_cpus_off();
	return 0;
}

static int switch_on(void)
{
	int err;

	err = alloc_state() ?: map_window();
	if (err)
		return err;

	err = kvm_payload_call(TAIJI_CALL_START, virt_to_phys(taiji.start), 0, 0);
	if (err) {
		pr_err("the engine does not start: %d\n", err);
		return err;
	}

	err = all_cpus_on();
	if (err)
		goto out_stop;

	err = donate_reserve() ?: allow_movable() ?: taiji_reclaim_start();
	if (!err)
		return 0;

	WARN_ON(come_home());
	return err;

out_stop:
	kvm_payload_call(TAIJI_CALL_STOP, 0, 0, 0);
	return err;
}

/**
 * taiji_switch_pause - the longest that a CPU took to go below stage 2, in ns
 *
 * Context: taiji_gate held, system switched.
 */
u64 taiji_switch_pause(void)
{
	u64 longest = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		longest = max(longest, *per_cpu_ptr(taiji.pause, cpu));
	return longest;
}

static void report(void)
{
	pr_info("switched %u CPUs, longest pause %llu ns, %lu of %llu MiB swappable\n",
		num_online_cpus(), taiji_switch_pause(),
		taiji.nr_swappable << (TAIJI_SECTION_SHIFT - 20),
		taiji_layout_ram(taiji.start) >> 20);
}

/**
 * taiji_switch_on - turn the running OS into a guest
 *
 * Context: may sleep.
 * Return: 0, also when it is one already, -ENODEV without an engine or KVM,
 * -EBUSY while there are VMs or CPUs are offline, -ENOMEM. On an error nothing
 * has changed.
 */
int taiji_switch_on(void)
{
	int err;

	guard(mutex)(&taiji_lock);

	if (taiji.on)
		return 0;

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

	free_state();
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

	taiji_reclaim_stop();
	scoped_guard(rwsem_write, &taiji_gate) {
		err = come_home();
		if (!err)
			free_state();
	}
	if (err) {
		pr_err("not switched back (%d): %llu MiB are out, %llu MiB of frames free, %llu MiB of store; all stays as it was\n",
		       err, READ_ONCE(taiji.shared->sections_out) << 1,
		       READ_ONCE(taiji.shared->free_frames) << 1,
		       READ_ONCE(taiji.shared->store_frames) << 1);
		return taiji_reclaim_start() ?: err;
	}

	kvm_host_s2_put();
	taiji_engine_put();
	pr_info("switched back\n");
	return 0;
}

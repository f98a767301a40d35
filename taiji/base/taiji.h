/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of taiji.ko know of each other.
 *
 * Lock order:
 *	taiji_lock	the system's state changes: engine, switch, expand
 *	  taiji_gate	read: the system stays as it is, and when it is switched
 *			the engine may be called;
 *			write: nobody is about to call it
 */
#ifndef TAIJI_BASE_H
#define TAIJI_BASE_H

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/taiji_call.h>

struct attribute_group;
struct dentry;
struct device;
struct taiji_ioc_range;
struct taiji_pinned;

/**
 * struct taiji - the system, while it is switched
 * @on:		every CPU is under stage 2
 * @start:	what the engine was told; also the layout of memory
 * @pieces:	of the engine's arena: @start->nr_pieces addresses
 * @shared:	its figures
 * @cpus:	and each CPU's
 * @swappable:	one bit a section from @start.first on
 * @nr_swappable: bits set
 * @movable_from: nothing below it is swappable: devices reach it uncounted
 * @donated:	frames that the host gave
 * @grown:	bytes added beyond RAM, from taiji_layout_grow_base() on
 */
struct taiji {
	bool on;
	struct taiji_start *start;
	u64 *pieces;
	struct taiji_shared *shared;
	struct taiji_cpu_stats *cpus;
	unsigned long *swappable;
	unsigned long nr_swappable;
	u64 movable_from;
	unsigned long donated;
	u64 grown;
};

/* Big and rare: worth some compaction, not worth a process. */
#define TAIJI_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

extern struct taiji taiji;
extern struct mutex taiji_lock;
extern struct rw_semaphore taiji_gate;

static inline unsigned long taiji_index(u64 ipa)
{
	return (ipa - taiji.start->first) >> TAIJI_SECTION_SHIFT;
}

static inline u64 taiji_ipa(unsigned long index)
{
	return taiji.start->first + ((u64)index << TAIJI_SECTION_SHIFT);
}

static inline unsigned long taiji_nr_sections(void)
{
	return (taiji.start->end - taiji.start->first) >> TAIJI_SECTION_SHIFT;
}

static inline bool taiji_is_swappable(u64 ipa)
{
	return ipa >= taiji.start->first && ipa < taiji.start->end &&
	       test_bit(taiji_index(ipa), taiji.swappable);
}

/* engine_slot.c */
int taiji_engine_get(void);
void taiji_engine_put(void);
int taiji_engine_hide(void);
u64 taiji_engine_image(void);
const char *taiji_engine_version(void);

/* layout.c */
struct taiji_start *taiji_layout_find(void);
void taiji_layout_free(struct taiji_start *start);
size_t taiji_layout_size(const struct taiji_start *start);
u64 taiji_layout_ram(const struct taiji_start *start);

/* state.c */
int taiji_state_alloc(void);
void taiji_state_free(void);
int taiji_state_map(void);
int taiji_state_allow(void);

/* reserve.c */
int taiji_reserve_donate(void);
int taiji_reserve_take_back(void);

/* switch.c */
int taiji_switch_on(void);
int taiji_switch_off(void);
void taiji_switch_abandon(void);

/* pause.c */
int taiji_pause_alloc(void);
void taiji_pause_free(void);
void taiji_pause_begin(void);
void taiji_pause_end(void);
u64 taiji_pause_ns(unsigned int cpu);
u64 taiji_pause_instructions(unsigned int cpu);
u64 taiji_pause_longest(void);

/* cpu.c */
int taiji_cpu_init(void);
void taiji_cpu_exit(void);

/* swap.c */
s64 taiji_call_again(enum taiji_call func, u64 arg);
int taiji_call_range(enum taiji_call func, u64 ipa, unsigned long nr, bool flag);
int taiji_swap(enum taiji_call func, u64 ipa);
int taiji_swap_out_if_worth(u64 ipa);
void taiji_swap_away(u64 ipa, u64 mask);
int taiji_swap_allow(u64 ipa, unsigned long nr, bool allow);
int taiji_swap_all_in(void);

/* reclaim.c */
int taiji_reclaim(u64 bytes);
int taiji_reclaim_start(void);
void taiji_reclaim_stop(void);
void taiji_reclaim_wake(void);
void taiji_reclaim_fill(void);
void taiji_reclaim_compact(void);
unsigned long taiji_reclaim_tried(void);
unsigned long taiji_reclaim_dry(void);

/* manage.c */
int taiji_manage_start(void);
void taiji_manage_stop(void);

/**
 * struct taiji_policy - what can be set in /sys/kernel/mm/taiji/policy
 * @low, @high:	watermarks, in free frames; 0 is our choice
 * @cpu_percent: of a CPU that reclaim may use there in the background
 * @promotion_limit: pages a second that may come in for each GiB that is out
 * @scan_ms:	between two looks at all access flags
 */
struct taiji_policy {
	u32 low;
	u32 high;
	u32 cpu_percent;
	u32 promotion_limit;
	u32 scan_ms;
};

enum taiji_pressure {
	TAIJI_PRESSURE_NONE,
	TAIJI_PRESSURE_LOW,
	TAIJI_PRESSURE_CRITICAL,
};

/* policy.c */
extern struct taiji_policy taiji_policy;
extern const struct attribute_group taiji_policy_group;
u64 taiji_free_frames(void);
u32 taiji_policy_critical(void);
u32 taiji_policy_low(void);
u32 taiji_policy_high(void);
enum taiji_pressure taiji_pressure(void);
void taiji_policy_start(void);
void taiji_policy_steer(void);
unsigned int taiji_policy_level(void);

/* lru.c */
#define TAIJI_LRU_LEVELS	9

int taiji_lru_start(void);
void taiji_lru_stop(void);
void taiji_lru_look(unsigned long first, unsigned long nr, bool scan);
bool taiji_lru_scan(void);
bool taiji_lru_is_half_in(unsigned long index);
int taiji_lru_level(unsigned long index);
void taiji_lru_leave_alone(unsigned long index);
bool taiji_lru_is_left_alone(unsigned long index);
void taiji_lru_count(unsigned long *levels);

/* budget.c */
void taiji_budget_watch(void);
bool taiji_budget_io_busy(void);
void taiji_budget_rest(u64 since);

/* balloon.c */
int taiji_balloon_start(void);
void taiji_balloon_stop(void);
void taiji_balloon_want(void);
void taiji_balloon_relax(void);
u64 taiji_balloon_size(void);

/* free_pages.c */
void taiji_free_pages_start(void);
void taiji_free_pages_stop(void);
void taiji_free_pages_drop(void);

/* expand.c */
int taiji_expand(u64 bytes);

/* device.c */
int taiji_device_init(void);
void taiji_device_exit(void);
struct device *taiji_device(void);

/* longterm.c */
int taiji_longterm_pin(struct taiji_ioc_range *range, struct taiji_pinned **held);
void taiji_longterm_unpin(struct taiji_pinned *pinned);
int taiji_longterm_release(struct taiji_ioc_range *range);

/* dma.c */
void taiji_dma_units(struct taiji_start *start);
bool taiji_dma_is_safe(void);

/* stats.c */
u64 taiji_stats_sum(size_t offset);
void taiji_stats_init(void);
void taiji_stats_exit(void);

/* debug.c */
bool taiji_debug_fails_here(void);
void taiji_debug_init(struct dentry *dir);

/* sysfs.c */
int taiji_sysfs_init(void);
void taiji_sysfs_exit(void);

#endif /* TAIJI_BASE_H */

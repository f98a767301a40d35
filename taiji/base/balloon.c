// SPDX-License-Identifier: GPL-2.0-only
/*
 * More memory can be promised than its content compresses to. When swapping out
 * makes no more frames, this takes memory from Linux and gives up its content:
 * free memory first, then what Linux can reclaim, and when that is not enough,
 * Linux's OOM killer ends somebody. So Linux runs out of memory in the way it
 * knows, and nobody waits for a frame for ever.
 *
 * Whole sections where Linux has them, else single pages, since only those make
 * it reclaim and kill. They go back when there are frames to spare.
 *
 * Lock order: taiji_gate, balloon_lock, then what the page allocator takes.
 */

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include <asm/kvm_payload.h>

#include "taiji.h"

#define SECTION_ORDER	(TAIJI_SECTION_SHIFT - PAGE_SHIFT)
#define PAGES_AT_ONCE	64
#define DYING		(2 * HZ)	/* how long somebody takes to die */

static DEFINE_MUTEX(balloon_lock);
static LIST_HEAD(sections);
static LIST_HEAD(pages);
static LIST_HEAD(others);		/* not swappable: of no use, but Linux has to miss them */
static unsigned long nr_pages;		/* in the first two */
static unsigned long nr_others;

static DECLARE_WAIT_QUEUE_HEAD(wait);
static struct task_struct *thread;
static bool wanted;
static bool killing;		/* Linux kills somebody, */
static unsigned long killed;	/* since then */

u64 taiji_balloon_size(void)
{
	return (u64)(READ_ONCE(nr_pages) + READ_ONCE(nr_others)) << PAGE_SHIFT;
}

/*
 * With this much taken, everything that is left fits into the frames as it is,
 * in whatever pages it lies.
 */
static bool is_full(void)
{
	u64 ram = taiji_layout_ram(taiji.start);

	return (u64)nr_pages << PAGE_SHIFT >= taiji.grown + ram / 16;
}

static void count(struct list_head *list, long nr)
{
	unsigned long *counter = list == &others ? &nr_others : &nr_pages;

	WRITE_ONCE(*counter, *counter + nr);
}

static void keep(struct page *page, unsigned int order, struct list_head *list)
{
	list_add(&page->lru, list);
	count(list, 1L << order);
}

static void give_back(struct page *page, unsigned int order, struct list_head *list)
{
	list_del(&page->lru);
	count(list, -(1L << order));
	__free_pages(page, order);
}

static bool take_section(void)
{
	struct page *page = alloc_pages(GFP_TRANSHUGE_LIGHT, SECTION_ORDER);

	if (!page)
		return false;
	if (!taiji_is_swappable(page_to_phys(page))) {
		__free_pages(page, SECTION_ORDER);
		return false;
	}

	taiji_call_range(TAIJI_CALL_DROP, page_to_phys(page), 1, false);
	keep(page, SECTION_ORDER, &sections);
	return true;
}

/* This may reclaim, and kill. */
static bool take_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN);

	if (!page)
		return false;
	if (!taiji_is_swappable(page_to_phys(page))) {
		keep(page, 0, &others);
		return true;
	}

	/* What is in takes a frame already, and will pack well when it goes out. */
	if (kvm_payload_call(TAIJI_CALL_DISCARD, page_to_phys(page), 0, 0) == 1)
		clear_highpage(page);
	keep(page, 0, &pages);
	return true;
}

/* Who was killed just now has memory that is not free yet. */
static bool is_somebody_dying(void)
{
	return READ_ONCE(killing) && time_before(jiffies, READ_ONCE(killed) + DYING);
}

static bool take_some(void)
{
	unsigned int i;

	guard(rwsem_read)(&taiji_gate);
	guard(mutex)(&balloon_lock);

	if (is_full() || kthread_should_stop())
		return false;
	if (take_section())
		return true;

	if (is_somebody_dying()) {
		schedule_timeout_idle(1);
		return true;
	}

	for (i = 0; i < PAGES_AT_ONCE && !is_somebody_dying(); i++) {
		if (!take_page())
			return false;
	}
	return true;
}

static void give_back_list(struct list_head *list, unsigned int order, unsigned long max)
{
	while (max-- && !list_empty(list))
		give_back(list_first_entry(list, struct page, lru), order, list);
}

static void inflate(void)
{
	while (taiji_free_frames() < taiji_policy_low() && take_some())
		cond_resched();

	guard(mutex)(&balloon_lock);
	give_back_list(&others, 0, ULONG_MAX);
}

/**
 * taiji_balloon_want - frames are short, and swapping out makes no more
 *
 * Context: any.
 */
void taiji_balloon_want(void)
{
	WRITE_ONCE(wanted, true);
	wake_up(&wait);
}

/**
 * taiji_balloon_relax - give back what the free frames allow
 *
 * Context: may sleep; taiji_gate held.
 */
void taiji_balloon_relax(void)
{
	u64 frames = taiji_free_frames();
	u32 high = taiji_policy_high();
	unsigned long n;

	if (!taiji_balloon_size() || READ_ONCE(wanted) || frames <= high)
		return;
	/* Linux is being asked for memory right now. */
	if (!mutex_trylock(&balloon_lock))
		return;

	n = DIV_ROUND_UP_ULL(frames - high, 4);
	give_back_list(&others, 0, ULONG_MAX);
	if (list_empty(&pages))
		give_back_list(&sections, SECTION_ORDER, n);
	else
		give_back_list(&pages, 0, n << SECTION_ORDER);
	mutex_unlock(&balloon_lock);
}

static int balloon(void *unused)
{
	/* Others wait for what this does, at whatever priority. */
	set_user_nice(current, MIN_NICE);

	while (!kthread_should_stop()) {
		wait_event_idle(wait, READ_ONCE(wanted) || kthread_should_stop());
		if (kthread_should_stop())
			break;
		inflate();
		WRITE_ONCE(wanted, false);
	}
	return 0;
}

static void give_back_range(struct list_head *list, unsigned int order, unsigned long from,
			    unsigned long to)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		if (page_to_pfn(page) >= from && page_to_pfn(page) < to)
			give_back(page, order, list);
	}
}

/* Linux takes memory offline: what it could not migrate must not be there. */
static int memory_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct memory_notify *range = data;
	unsigned long from = range->start_pfn, to = from + range->nr_pages;

	if (event != MEM_GOING_OFFLINE)
		return NOTIFY_OK;

	guard(mutex)(&balloon_lock);
	give_back_range(&sections, SECTION_ORDER, from, to);
	give_back_range(&pages, 0, from, to);
	give_back_range(&others, 0, from, to);
	return NOTIFY_OK;
}

/* Linux is about to kill. */
static int oom_event(struct notifier_block *nb, unsigned long unused, void *freed)
{
	WRITE_ONCE(killed, jiffies);
	WRITE_ONCE(killing, true);
	return NOTIFY_OK;
}

static struct notifier_block oom_nb = { .notifier_call = oom_event };
static struct notifier_block memory_nb = { .notifier_call = memory_event };

int taiji_balloon_start(void)
{
	struct task_struct *task;
	int err;

	err = register_memory_notifier(&memory_nb);
	if (err)
		return err;
	err = register_oom_notifier(&oom_nb);
	if (err)
		goto out_memory;

	killing = false;
	wanted = false;
	task = kthread_run(balloon, NULL, "taiji_balloon");
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
		goto out_oom;
	}
	thread = task;
	return 0;

out_oom:
	unregister_oom_notifier(&oom_nb);
out_memory:
	unregister_memory_notifier(&memory_nb);
	return err;
}

/* Gives all back. Not with taiji_gate held for writing. */
void taiji_balloon_stop(void)
{
	if (!thread)
		return;

	kthread_stop(thread);
	thread = NULL;
	unregister_oom_notifier(&oom_nb);
	unregister_memory_notifier(&memory_nb);

	guard(mutex)(&balloon_lock);
	give_back_list(&others, 0, ULONG_MAX);
	give_back_list(&pages, 0, ULONG_MAX);
	give_back_list(&sections, SECTION_ORDER, ULONG_MAX);
}

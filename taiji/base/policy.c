// SPDX-License-Identifier: GPL-2.0-only
/*
 * When memory is taken, and which. The watermarks are in free frames:
 *
 *	high		reclaim rests
 *	low		reclaim begins, in the background: within its budget, and only
 *			what has not been touched for long
 *	critical	memory touched for the first time has to wait, or is about to:
 *			reclaim takes all the CPU there is, and anything
 *
 * How long is long follows from what comes back: when more is swapped in than
 * @promotion_limit, only older sections are taken, and when much less is,
 * younger ones as well.
 */

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "taiji.h"

#define LEVEL_FIRST	2

struct taiji_policy taiji_policy = {
	.cpu_percent = 25,
	.promotion_limit = 512,
	.scan_ms = 1000,
};

static unsigned int level;	/* below this nothing is taken in the background */
static u64 last_in;		/* faults for want of a page, a second ago */

u64 taiji_free_frames(void)
{
	return READ_ONCE(taiji.shared->free_frames);
}

u32 taiji_policy_critical(void)
{
	return taiji_floor_touch(taiji.start->nr_cpus) + 2;
}

u32 taiji_policy_high(void)
{
	return READ_ONCE(taiji_policy.high) ?: max_t(u32, taiji.donated,
						     taiji_policy_critical() + 4);
}

u32 taiji_policy_low(void)
{
	return min(READ_ONCE(taiji_policy.low) ?:
		   (taiji_policy_critical() + taiji_policy_high()) / 2, taiji_policy_high());
}

enum taiji_pressure taiji_pressure(void)
{
	u64 frames = taiji_free_frames();

	if (frames <= taiji_policy_critical())
		return TAIJI_PRESSURE_CRITICAL;
	return frames < taiji_policy_low() ? TAIJI_PRESSURE_LOW : TAIJI_PRESSURE_NONE;
}

void taiji_policy_start(void)
{
	level = LEVEL_FIRST;
	last_in = 0;
}

/* Called about once a second, by one thread. Context: taiji_gate held. */
void taiji_policy_steer(void)
{
	u64 in = taiji_stats_sum(offsetof(struct taiji_cpu_stats, kinds[0]));
	u64 gib_out = DIV_ROUND_UP_ULL(READ_ONCE(taiji.shared->sections_out), 512);
	u64 limit = READ_ONCE(taiji_policy.promotion_limit) * max(gib_out, 1ULL);

	if (in - last_in > limit && level < TAIJI_LRU_LEVELS - 1)
		WRITE_ONCE(level, level + 1);
	else if (in - last_in < limit / 2 && level > 1)
		WRITE_ONCE(level, level - 1);
	last_in = in;
}

unsigned int taiji_policy_level(void)
{
	return READ_ONCE(level);
}

struct knob {
	struct kobj_attribute attr;
	u32 *value;
	u32 from;
	u32 to;
};

static ssize_t knob_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct knob *knob = container_of(attr, struct knob, attr);

	return sysfs_emit(buf, "%u\n", READ_ONCE(*knob->value));
}

static ssize_t knob_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			  size_t len)
{
	struct knob *knob = container_of(attr, struct knob, attr);
	u32 n;
	int err;

	err = kstrtou32(buf, 0, &n);
	if (err)
		return err;
	if (n < knob->from || n > knob->to)
		return -ERANGE;

	WRITE_ONCE(*knob->value, n);
	return len;
}

#define KNOB(_name, _value, _from, _to) { \
	.attr = { \
		.attr = { .name = (_name), .mode = 0644 }, \
		.show = knob_show, \
		.store = knob_store, \
	}, \
	.value = (_value), .from = (_from), .to = (_to), \
}

static struct knob low = KNOB("low", &taiji_policy.low, 0, U32_MAX);
static struct knob high = KNOB("high", &taiji_policy.high, 0, U32_MAX);
static struct knob cpu_percent = KNOB("cpu_percent", &taiji_policy.cpu_percent, 1, 100);
static struct knob promotion_limit =
	KNOB("promotion_limit", &taiji_policy.promotion_limit, 1, U32_MAX / 2);
static struct knob scan_ms = KNOB("scan_ms", &taiji_policy.scan_ms, 10, 1000 * 1000);

static ssize_t level_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", taiji_policy_level());
}

static struct kobj_attribute level_attr = __ATTR_RO(level);

static struct attribute *attrs[] = {
	&low.attr.attr,
	&high.attr.attr,
	&cpu_percent.attr.attr,
	&promotion_limit.attr.attr,
	&scan_ms.attr.attr,
	&level_attr.attr,
	NULL
};

const struct attribute_group taiji_policy_group = { .name = "policy", .attrs = attrs };

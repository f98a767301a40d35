// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/mm/taiji, see Documentation/ABI/testing/sysfs-kernel-mm-taiji.
 */

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/string_choices.h>
#include <linux/sysfs.h>
#include <linux/sysfs_mm.h>
#include <linux/taiji_engine.h>

#include "taiji.h"

static struct kobject *dir;

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", TAIJI_VERSION);
}

static ssize_t engine_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	guard(mutex)(&taiji_lock);
	return sysfs_emit(buf, "%s\n", taiji_engine_version());
}

static ssize_t switch_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", str_on_off(READ_ONCE(taiji.on)));
}

static ssize_t switch_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t len)
{
	bool on;
	int err;

	err = kstrtobool(buf, &on);
	if (err)
		return err;

	err = on ? taiji_switch_on() : taiji_switch_off();
	return err ?: len;
}

static ssize_t expand_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(taiji.grown));
}

/* Bytes, with the usual suffixes, or a percentage of the RAM. */
static int parse_size(const char *buf, u64 *bytes)
{
	char *end;

	*bytes = memparse(buf, &end);
	if (end == buf)
		return -EINVAL;

	if (*end == '%') {
		if (*bytes > 100)
			return -ERANGE;
		scoped_guard(rwsem_read, &taiji_gate) {
			if (!taiji.on)
				return -ENODEV;
			*bytes = taiji_layout_ram(taiji.start) * *bytes / 100;
		}
		end++;
	}
	return *skip_spaces(end) ? -EINVAL : 0;
}

static ssize_t expand_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t len)
{
	u64 bytes;
	int err;

	err = parse_size(buf, &bytes) ?: taiji_expand(bytes);
	return err ?: len;
}

static ssize_t reclaim_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			     size_t len)
{
	u64 bytes;
	int err;

	err = parse_size(buf, &bytes) ?: taiji_reclaim(bytes);
	return err ?: len;
}

static struct kobj_attribute version = __ATTR_RO(version);
static struct kobj_attribute engine = __ATTR_RO(engine);
static struct kobj_attribute switch_attr = __ATTR(switch, 0644, switch_show, switch_store);
static struct kobj_attribute expand = __ATTR_RW(expand);
static struct kobj_attribute reclaim = __ATTR_WO(reclaim);

/* The engine's figures; 0 while the system is not switched. */
#define FIGURE(name, value)								\
static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)	\
{											\
	guard(rwsem_read)(&taiji_gate);							\
	return sysfs_emit(buf, "%llu\n", taiji.on ? (u64)(value) : 0ULL);		\
}											\
static struct kobj_attribute name##_attr = __ATTR_RO(name)

FIGURE(swappable, (u64)taiji.nr_swappable << TAIJI_SECTION_SHIFT);
FIGURE(reserve, (u64)taiji.donated << TAIJI_SECTION_SHIFT);
FIGURE(balloon, taiji_balloon_size());
FIGURE(pause_ns, taiji_pause_longest());
FIGURE(free_frames, READ_ONCE(taiji.shared->free_frames));
FIGURE(store_frames, READ_ONCE(taiji.shared->store_frames));
FIGURE(sections_out, READ_ONCE(taiji.shared->sections_out));
FIGURE(sections_absent, READ_ONCE(taiji.shared->sections_absent));
FIGURE(pages_zero, READ_ONCE(taiji.shared->pages_zero));
FIGURE(pages_same, READ_ONCE(taiji.shared->pages_same));
FIGURE(pages_lz4, READ_ONCE(taiji.shared->pages_lz4));
FIGURE(pages_raw, READ_ONCE(taiji.shared->pages_raw));
FIGURE(bytes_stored, READ_ONCE(taiji.shared->bytes_stored));
FIGURE(metadata, READ_ONCE(taiji.shared->metadata));
FIGURE(calls, taiji_stats_sum(offsetof(struct taiji_cpu_stats, calls)));
FIGURE(aborts, taiji_stats_sum(offsetof(struct taiji_cpu_stats, aborts)));
FIGURE(swap_in, taiji_stats_sum(offsetof(struct taiji_cpu_stats, swap_in)));
FIGURE(swap_out, taiji_stats_sum(offsetof(struct taiji_cpu_stats, swap_out)));
FIGURE(in_zero, taiji_stats_sum(offsetof(struct taiji_cpu_stats, in_zero)));
FIGURE(retries, taiji_stats_sum(offsetof(struct taiji_cpu_stats, retries)));
FIGURE(stalls, taiji_stats_sum(offsetof(struct taiji_cpu_stats, stalls)));
FIGURE(collapsed, taiji_stats_sum(offsetof(struct taiji_cpu_stats, collapsed)));
FIGURE(exec, taiji_stats_sum(offsetof(struct taiji_cpu_stats, exec)));
FIGURE(unowned, taiji_stats_sum(offsetof(struct taiji_cpu_stats, unowned)));
FIGURE(relieved, taiji_stats_sum(offsetof(struct taiji_cpu_stats, relieved)));
FIGURE(touched, taiji_stats_sum(offsetof(struct taiji_cpu_stats, touched)));
FIGURE(compacted, taiji_stats_sum(offsetof(struct taiji_cpu_stats, compacted)));
FIGURE(bytes_out, taiji_stats_sum(offsetof(struct taiji_cpu_stats, bytes_out)));

static struct attribute *attrs[] = {
	&version.attr,
	&engine.attr,
	&switch_attr.attr,
	&expand.attr,
	&reclaim.attr,
	&swappable_attr.attr,
	&reserve_attr.attr,
	&balloon_attr.attr,
	&pause_ns_attr.attr,
	NULL
};

static const struct attribute_group control = { .attrs = attrs };

static struct attribute *figure_attrs[] = {
	&free_frames_attr.attr,
	&store_frames_attr.attr,
	&sections_out_attr.attr,
	&sections_absent_attr.attr,
	&pages_zero_attr.attr,
	&pages_same_attr.attr,
	&pages_lz4_attr.attr,
	&pages_raw_attr.attr,
	&bytes_stored_attr.attr,
	&metadata_attr.attr,
	&calls_attr.attr,
	&aborts_attr.attr,
	&swap_in_attr.attr,
	&swap_out_attr.attr,
	&in_zero_attr.attr,
	&retries_attr.attr,
	&stalls_attr.attr,
	&collapsed_attr.attr,
	&exec_attr.attr,
	&unowned_attr.attr,
	&relieved_attr.attr,
	&touched_attr.attr,
	&bytes_out_attr.attr,
	&compacted_attr.attr,
	NULL
};

static const struct attribute_group figures = { .name = "stats", .attrs = figure_attrs };

static const struct attribute_group *groups[] = {
	&control, &figures, &taiji_policy_group, NULL
};

int taiji_sysfs_init(void)
{
	int err;

	dir = kobject_create_and_add("taiji", sysfs_mm_kobj());
	if (!dir)
		return -ENOMEM;

	err = sysfs_create_groups(dir, groups);
	if (err)
		kobject_put(dir);
	return err;
}

void taiji_sysfs_exit(void)
{
	sysfs_remove_groups(dir, groups);
	kobject_put(dir);
}

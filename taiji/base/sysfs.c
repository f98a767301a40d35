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

static struct kobj_attribute version = __ATTR_RO(version);
static struct kobj_attribute engine = __ATTR_RO(engine);
static struct kobj_attribute switch_attr = __ATTR(switch, 0644, switch_show, switch_store);
static struct kobj_attribute expand = __ATTR_RW(expand);

/* The engine's figures; 0 while the system is not switched. */
#define FIGURE(name, value)								\
static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)	\
{											\
	guard(rwsem_read)(&taiji_gate);							\
	return sysfs_emit(buf, "%llu\n", taiji.on ? (u64)(value) : 0ULL);		\
}											\
static struct kobj_attribute name = __ATTR_RO(name)

#define SHARED(name)	FIGURE(name, READ_ONCE(taiji.shared->name))
#define COUNTER(name)	FIGURE(name, taiji_stats_sum(offsetof(struct taiji_cpu_stats, name)))

FIGURE(swappable, (u64)taiji.nr_swappable << TAIJI_SECTION_SHIFT);
FIGURE(reserve, (u64)taiji.donated << TAIJI_SECTION_SHIFT);
SHARED(free_frames);
SHARED(store_frames);
SHARED(sections_out);
SHARED(sections_absent);
SHARED(pages_zero);
SHARED(pages_same);
SHARED(pages_lz4);
SHARED(pages_raw);
SHARED(bytes_stored);
SHARED(metadata);
COUNTER(calls);
COUNTER(aborts);
COUNTER(swap_in);
COUNTER(swap_out);
COUNTER(in_zero);
COUNTER(retries);
COUNTER(stalls);
COUNTER(collapsed);
COUNTER(exec);
COUNTER(unowned);

static struct attribute *attrs[] = {
	&version.attr,
	&engine.attr,
	&switch_attr.attr,
	&expand.attr,
	&swappable.attr,
	&reserve.attr,
	NULL
};

static const struct attribute_group control = { .attrs = attrs };

static struct attribute *figure_attrs[] = {
	&free_frames.attr,
	&store_frames.attr,
	&sections_out.attr,
	&sections_absent.attr,
	&pages_zero.attr,
	&pages_same.attr,
	&pages_lz4.attr,
	&pages_raw.attr,
	&bytes_stored.attr,
	&metadata.attr,
	&calls.attr,
	&aborts.attr,
	&swap_in.attr,
	&swap_out.attr,
	&in_zero.attr,
	&retries.attr,
	&stalls.attr,
	&collapsed.attr,
	&exec.attr,
	&unowned.attr,
	NULL
};

static const struct attribute_group figures = { .name = "stats", .attrs = figure_attrs };

static const struct attribute_group *groups[] = { &control, &figures, NULL };

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

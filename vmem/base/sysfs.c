// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/mm/vmem, see Documentation/ABI/testing/sysfs-kernel-mm-vmem. */
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sysfs.h>
#include <linux/sysfs_mm.h>
#include <linux/vmem_engine.h>

#include "engine_slot.h"
#include "opened.h"
#include "pool.h"
#include "sysfs.h"
#include "zero.h"

static struct kobject *vmem_kobj;
static const char *sysfs_version;

#define VMEM_ATTR_RO(_name) \
	static struct kobj_attribute _name##_attr = __ATTR_RO(_name)
#define VMEM_ATTR_RW(_name) \
	static struct kobj_attribute _name##_attr = __ATTR_RW(_name)

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", sysfs_version);
}
VMEM_ATTR_RO(version);

static ssize_t engine_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	int ret;

	mutex_lock(&vmem_pool_lock);
	ret = vmem_engine_describe(buf);
	mutex_unlock(&vmem_pool_lock);
	return ret;
}

static ssize_t engine_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t len)
{
	if (!sysfs_streq(buf, "none"))
		return -EINVAL;
	vmem_engine_drop();
	return len;
}
VMEM_ATTR_RW(engine);

static ssize_t metadata_bytes_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	size_t bytes;

	mutex_lock(&vmem_pool_lock);
	bytes = vmem_pool_metadata() + vmem_engine_metadata();
	mutex_unlock(&vmem_pool_lock);
	return sysfs_emit(buf, "%zu\n", bytes);
}
VMEM_ATTR_RO(metadata_bytes);

static ssize_t zero_percent_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", vmem_zeroer_percent());
}

static ssize_t zero_percent_store(struct kobject *kobj,
				  struct kobj_attribute *attr, const char *buf,
				  size_t len)
{
	unsigned int percent;

	return kstrtouint(buf, 0, &percent) ?:
	       vmem_zeroer_set_percent(percent) ?: len;
}
VMEM_ATTR_RW(zero_percent);

static ssize_t open_limit_bytes_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	u64 limit = min_t(u64, vmem_opened_limit(), U64_MAX >> VMEM_SLICE_SHIFT);

	return sysfs_emit(buf, "%llu\n", limit << VMEM_SLICE_SHIFT);
}

static ssize_t open_limit_bytes_store(struct kobject *kobj,
				      struct kobj_attribute *attr,
				      const char *buf, size_t len)
{
	u64 bytes;

	if (kstrtou64(buf, 0, &bytes))
		return -EINVAL;
	vmem_opened_set_limit(bytes >> VMEM_SLICE_SHIFT);
	return len;
}
VMEM_ATTR_RW(open_limit_bytes);

static struct attribute *vmem_attrs[] = {
	&version_attr.attr,
	&engine_attr.attr,
	&metadata_bytes_attr.attr,
	&zero_percent_attr.attr,
	&open_limit_bytes_attr.attr,
	NULL,
};

static const struct attribute_group vmem_group = { .attrs = vmem_attrs };

/**
 * vmem_sysfs_init - create /sys/kernel/mm/vmem
 * @version: for the file of that name
 */
int vmem_sysfs_init(const char *version)
{
	int ret;

	sysfs_version = version;
	vmem_kobj = kobject_create_and_add("vmem", sysfs_mm_kobj());
	if (!vmem_kobj)
		return -ENOMEM;
	ret = sysfs_create_group(vmem_kobj, &vmem_group) ?:
	      vmem_sysfs_add_nodes(vmem_kobj);
	if (ret)
		vmem_sysfs_exit();
	return ret;
}

/**
 * vmem_sysfs_exit - remove /sys/kernel/mm/vmem
 */
void vmem_sysfs_exit(void)
{
	vmem_sysfs_remove_nodes();
	kobject_put(vmem_kobj);
}

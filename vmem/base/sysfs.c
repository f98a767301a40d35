// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/mm/vmem, see Documentation/ABI/testing/sysfs-kernel-mm-vmem. */
#include <linux/kobject.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/sysfs_mm.h>
#include <linux/vmem_engine.h>

#include "engine_slot.h"
#include "pool.h"
#include "region.h"
#include "sysfs.h"

struct sysfs_node {
	struct kobject kobj;
	int nid;
};

static struct kobject *vmem_kobj;
static struct sysfs_node **sysfs_nodes;	/* one for each region, some NULL */
static const char *sysfs_version;

#define VMEM_ATTR_RO(_name) \
	static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

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
VMEM_ATTR_RO(engine);

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

static struct attribute *vmem_attrs[] = {
	&version_attr.attr,
	&engine_attr.attr,
	&metadata_bytes_attr.attr,
	NULL,
};

static const struct attribute_group vmem_group = { .attrs = vmem_attrs };

/* A file of a node's directory that shows one count. */
#define NODE_ATTR(_name, _expr)						\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	struct sysfs_node *node = container_of(kobj, struct sysfs_node,	\
					       kobj);			\
	struct vmem_counts counts;					\
									\
	vmem_pool_count(node->nid, &counts);				\
	return sysfs_emit(buf, "%llu\n", (_expr));			\
}									\
VMEM_ATTR_RO(_name)

NODE_ATTR(total_bytes, counts.total << VMEM_SLICE_SHIFT);
NODE_ATTR(free_bytes, counts.free << VMEM_SLICE_SHIFT);
NODE_ATTR(clean_bytes, counts.clean << VMEM_SLICE_SHIFT);
NODE_ATTR(largest_free_bytes, counts.largest_run << VMEM_SLICE_SHIFT);
NODE_ATTR(free_blocks, counts.free_blocks);

static struct attribute *node_attrs[] = {
	&total_bytes_attr.attr,
	&free_bytes_attr.attr,
	&clean_bytes_attr.attr,
	&largest_free_bytes_attr.attr,
	&free_blocks_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(node);

static void sysfs_node_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct sysfs_node, kobj));
}

static const struct kobj_type sysfs_node_type = {
	.release = sysfs_node_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = node_groups,
};

static bool sysfs_has_node(int nid)
{
	unsigned int i;

	for (i = 0; i < vmem_nr_regions; i++)
		if (sysfs_nodes[i] && sysfs_nodes[i]->nid == nid)
			return true;
	return false;
}

static struct sysfs_node *sysfs_add_node(int nid)
{
	struct sysfs_node *node = kzalloc(sizeof(*node), GFP_KERNEL);
	int ret;

	if (!node)
		return ERR_PTR(-ENOMEM);
	node->nid = nid;
	ret = kobject_init_and_add(&node->kobj, &sysfs_node_type, vmem_kobj,
				   "node%d", nid);
	if (ret) {
		kobject_put(&node->kobj);
		return ERR_PTR(ret);
	}
	return node;
}

static int sysfs_add_nodes(void)
{
	unsigned int i;

	sysfs_nodes = kcalloc(vmem_nr_regions, sizeof(*sysfs_nodes),
			      GFP_KERNEL);
	if (!sysfs_nodes)
		return -ENOMEM;
	for (i = 0; i < vmem_nr_regions; i++) {
		struct sysfs_node *node;

		if (sysfs_has_node(vmem_regions[i].nid))
			continue;
		node = sysfs_add_node(vmem_regions[i].nid);
		if (IS_ERR(node))
			return PTR_ERR(node);
		sysfs_nodes[i] = node;
	}
	return 0;
}

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
	ret = sysfs_create_group(vmem_kobj, &vmem_group) ?: sysfs_add_nodes();
	if (ret)
		vmem_sysfs_exit();
	return ret;
}

/**
 * vmem_sysfs_exit - remove /sys/kernel/mm/vmem
 */
void vmem_sysfs_exit(void)
{
	unsigned int i;

	for (i = 0; sysfs_nodes && i < vmem_nr_regions; i++)
		if (sysfs_nodes[i])
			kobject_put(&sysfs_nodes[i]->kobj);
	kfree(sysfs_nodes);
	sysfs_nodes = NULL;
	kobject_put(vmem_kobj);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The directories node0, node1... of /sys/kernel/mm/vmem. */
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vmem_engine.h>

#include "lend.h"
#include "pool.h"
#include "region.h"
#include "sysfs.h"

struct sysfs_node {
	struct kobject kobj;
	int nid;
};

static struct sysfs_node **sysfs_nodes;	/* one for each region, some NULL */

static ssize_t node_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf);
static ssize_t lent_bytes_store(struct kobject *kobj,
				struct kobj_attribute *attr, const char *buf,
				size_t len);

#define NODE_FILE(_var, _name)						\
	static struct kobj_attribute _var =				\
		__ATTR(_name, 0444, node_show, NULL)

NODE_FILE(node_total, total_bytes);
NODE_FILE(node_free, free_bytes);
NODE_FILE(node_clean, clean_bytes);
NODE_FILE(node_dirty, dirty_bytes);
NODE_FILE(node_poisoned, poisoned_bytes);
NODE_FILE(node_largest, largest_free_bytes);
NODE_FILE(node_blocks, free_blocks);
static struct kobj_attribute node_lent =
	__ATTR(lent_bytes, 0644, node_show, lent_bytes_store);

static u64 node_value(const struct kobj_attribute *attr,
		      const struct vmem_counts *counts)
{
	if (attr == &node_blocks)
		return counts->free_blocks;
	if (attr == &node_total)
		return counts->total << VMEM_SLICE_SHIFT;
	if (attr == &node_free)
		return counts->free << VMEM_SLICE_SHIFT;
	if (attr == &node_clean)
		return counts->clean << VMEM_SLICE_SHIFT;
	if (attr == &node_dirty)
		return (counts->free - counts->clean) << VMEM_SLICE_SHIFT;
	if (attr == &node_lent)
		return counts->lent << VMEM_SLICE_SHIFT;
	if (attr == &node_poisoned)
		return counts->poisoned << VMEM_SLICE_SHIFT;
	return counts->largest_run << VMEM_SLICE_SHIFT;
}

static ssize_t node_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	const struct sysfs_node *node = container_of(kobj, struct sysfs_node,
						     kobj);
	struct vmem_counts counts;

	vmem_pool_count(node->nid, &counts);
	return sysfs_emit(buf, "%llu\n", node_value(attr, &counts));
}

static ssize_t lent_bytes_store(struct kobject *kobj,
				struct kobj_attribute *attr, const char *buf,
				size_t len)
{
	struct sysfs_node *node = container_of(kobj, struct sysfs_node, kobj);
	u64 bytes;

	if (kstrtou64(buf, 0, &bytes))
		return -EINVAL;
	return vmem_lend_set(node->nid, bytes) ?: len;
}

static struct attribute *node_attrs[] = {
	&node_total.attr,
	&node_free.attr,
	&node_clean.attr,
	&node_dirty.attr,
	&node_lent.attr,
	&node_poisoned.attr,
	&node_largest.attr,
	&node_blocks.attr,
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

static struct sysfs_node *sysfs_add_node(struct kobject *parent, int nid)
{
	struct sysfs_node *node = kzalloc(sizeof(*node), GFP_KERNEL);
	int ret;

	if (!node)
		return ERR_PTR(-ENOMEM);
	node->nid = nid;
	ret = kobject_init_and_add(&node->kobj, &sysfs_node_type, parent,
				   "node%d", nid);
	if (ret) {
		kobject_put(&node->kobj);
		return ERR_PTR(ret);
	}
	return node;
}

/**
 * vmem_sysfs_add_nodes - make the directories of the nodes
 * @parent: where
 *
 * Returns 0, or an error with some of them made.
 */
int vmem_sysfs_add_nodes(struct kobject *parent)
{
	unsigned int i;

	sysfs_nodes = kcalloc(vmem_nr_regions, sizeof(*sysfs_nodes),
			      GFP_KERNEL);
	if (!sysfs_nodes)
		return -ENOMEM;
	for (i = 0; i < vmem_nr_regions; i++) {
		struct sysfs_node *node;

		if (!vmem_region_first_of_node(i))
			continue;
		node = sysfs_add_node(parent, vmem_regions[i].nid);
		if (IS_ERR(node))
			return PTR_ERR(node);
		sysfs_nodes[i] = node;
	}
	return 0;
}

/**
 * vmem_sysfs_remove_nodes - remove them
 */
void vmem_sysfs_remove_nodes(void)
{
	unsigned int i;

	for (i = 0; sysfs_nodes && i < vmem_nr_regions; i++)
		if (sysfs_nodes[i])
			kobject_put(&sysfs_nodes[i]->kobj);
	kfree(sysfs_nodes);
	sysfs_nodes = NULL;
}

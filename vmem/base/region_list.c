// SPDX-License-Identifier: GPL-2.0-only
/* Which regions there ought to be: of the module parameter and the device tree. */
#define pr_fmt(fmt) "vmem: " fmt

#include <linux/kernel.h>
#include <linux/numa.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "firmware.h"
#include "region.h"

/* One SIZE@ADDR. */
static int list_parse(struct vmem_region *region, char *word)
{
	char *p = word;

	region->nid = NUMA_NO_NODE;
	region->size = memparse(p, &p);
	if (p == word || *p != '@')
		goto bad;
	word = ++p;
	region->start = memparse(p, &p);
	if (p == word || *p)
		goto bad;
	if (region->size && region->start + region->size > region->start)
		return 0;
bad:
	pr_err("regions= takes SIZE@ADDR[,SIZE@ADDR...], for example regions=1G@4G\n");
	return -EINVAL;
}

static int list_add_param(char *param)
{
	char *rest = strim(param), *word;
	int ret = 0;

	while (!ret && *param && (word = strsep(&rest, ",")))
		ret = list_parse(&vmem_regions[vmem_nr_regions++], word);
	return ret;
}

static int list_node(const struct device_node *np)
{
	u32 nid;

	return of_property_read_u32(np, "numa-node-id", &nid) ? NUMA_NO_NODE :
								nid;
}

/* Counts them if there is no list yet. */
static unsigned int list_add_device_tree(void)
{
	struct device_node *np;
	struct resource res;
	unsigned int nr = 0;
	int i;

	for_each_compatible_node(np, NULL, VMEM_DT_COMPATIBLE) {
		if (!of_device_is_available(np))
			continue;
		for (i = 0; !of_address_to_resource(np, i, &res); i++, nr++) {
			if (!vmem_regions)
				continue;
			vmem_regions[vmem_nr_regions++] = (struct vmem_region){
				.start = res.start,
				.size = resource_size(&res),
				.nid = list_node(np),
			};
		}
	}
	return nr;
}

/**
 * vmem_region_list - make the list of the regions to claim
 * @param: SIZE@ADDR[,...], or NULL
 *
 * What the device tree lists in nodes compatible with VMEM_DT_COMPATIBLE comes
 * first. May sleep. Returns 0, -EINVAL for bad syntax, -ENOMEM.
 */
int vmem_region_list(const char *param)
{
	char *copy = kstrdup(param ?: "", GFP_KERNEL);
	unsigned int nr = list_add_device_tree();
	const char *p;
	int ret = -ENOMEM;

	for (p = copy, nr++; p && *p; p++)
		nr += *p == ',';
	vmem_regions = kcalloc(nr, sizeof(*vmem_regions), GFP_KERNEL);
	if (vmem_regions && copy) {
		list_add_device_tree();
		ret = list_add_param(copy);
	}
	kfree(copy);
	return ret;
}

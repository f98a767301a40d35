// SPDX-License-Identifier: GPL-2.0-only
/* vmem_engine.ko: chooses which slices an allocation gets. */
#include <linux/module.h>

#include "node.h"

#ifndef ENGINE_VERSION
#define ENGINE_VERSION "0.2.0"
#endif

static const struct vmem_engine_ops engine_ops = {
	.owner = THIS_MODULE,
	.abi = VMEM_ENGINE_ABI,
	.name = KBUILD_MODNAME,
	.version = ENGINE_VERSION,
	.attach = node_attach,
	.detach = node_detach,
	.alloc = node_alloc,
	.changed = node_changed,
	.next_dirty = node_next_dirty,
	.lend = node_lend,
	.metadata = node_metadata,
};

static int __init engine_init(void)
{
	return vmem_engine_register(&engine_ops);
}
module_init(engine_init);

static void __exit engine_exit(void)
{
	vmem_engine_unregister(&engine_ops);
}
module_exit(engine_exit);

MODULE_DESCRIPTION("vmem: which slices an allocation gets");
MODULE_LICENSE("GPL");
MODULE_VERSION(ENGINE_VERSION);

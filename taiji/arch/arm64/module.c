// SPDX-License-Identifier: GPL-2.0-only
/*
 * taiji_engine.ko: carries the EL2 payload, as data, to the base. Nothing in
 * here runs below the kernel.
 */

#include <linux/init.h>
#include <linux/module.h>
#include <linux/taiji_engine.h>

extern const u8 taiji_payload_image[], taiji_payload_image_end[];

static struct taiji_engine engine = {
	.owner = THIS_MODULE,
	.abi = TAIJI_ABI,
	.version = TAIJI_VERSION,
	.image = taiji_payload_image,
};

static int __init engine_init(void)
{
	engine.size = taiji_payload_image_end - taiji_payload_image;

	return taiji_engine_register(&engine);
}

static void __exit engine_exit(void)
{
	taiji_engine_unregister(&engine);
}

module_init(engine_init);
module_exit(engine_exit);

MODULE_DESCRIPTION("taiji: the swap engine, at EL2");
MODULE_LICENSE("GPL");
MODULE_ALIAS("taiji_engine");
MODULE_VERSION(TAIJI_VERSION);

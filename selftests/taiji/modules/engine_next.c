// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another engine, to replace the real one: the same payload again, or one that
 * has something wrong with it.
 */

#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/taiji_engine.h>

#include <asm/kvm_payload.h>

#include "images.h"

static char *wrong = "";
module_param(wrong, charp, 0);
MODULE_PARM_DESC(wrong, "abi, magic, version, short, size, text, entry, odd, declines or panics");

static struct taiji_engine engine = {
	.owner = THIS_MODULE,
	.abi = TAIJI_ABI,
	.version = "next",
};

static void *image;

static bool is_wrong(const char *what)
{
	return !strcmp(wrong, what);
}

static int take(const u8 *from, const u8 *to)
{
	engine.size = to - from;
	image = kmemdup(from, engine.size, GFP_KERNEL);
	engine.image = image;
	return image ? 0 : -ENOMEM;
}

static void spoil(struct kvm_payload_header *hdr)
{
	if (is_wrong("abi"))
		engine.abi++;
	if (is_wrong("magic"))
		hdr->magic++;
	if (is_wrong("version"))
		hdr->abi++;
	if (is_wrong("short"))
		engine.size -= 8;
	if (is_wrong("size"))
		hdr->mem_size = KVM_PAYLOAD_MAX_SIZE + PAGE_SIZE;
	if (is_wrong("text"))
		hdr->text_size += 4;
	if (is_wrong("entry"))
		hdr->call = hdr->text_size;
	if (is_wrong("odd"))
		hdr->abort += 2;
}

static int __init next_init(void)
{
	int err;

	if (is_wrong("declines"))
		err = take(declining_image, declining_image_end);
	else if (is_wrong("panics"))
		err = take(panicking_image, panicking_image_end);
	else
		err = take(real_image, real_image_end);
	if (err)
		return err;

	spoil(image);
	err = taiji_engine_register(&engine);
	if (err)
		kfree(image);
	return err;
}

static void __exit next_exit(void)
{
	taiji_engine_unregister(&engine);
	kfree(image);
}

module_init(next_init);
module_exit(next_exit);

MODULE_DESCRIPTION("another engine for taiji's tests");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests of tests: while this is loaded nobody counts what devices have been told
 * of, and they get the address of memory that is away. This destroys memory.
 *
 * What was counted before and ends meanwhile stays counted: that memory leaves no more.
 */

#include <linux/kprobes.h>
#include <linux/module.h>

/* Back to the caller before the function has done anything. */
static int do_nothing(struct kprobe *probe, struct pt_regs *regs)
{
	instruction_pointer_set(regs, procedure_link_pointer(regs));
	return 1;
}

static int say_yes(struct kprobe *probe, struct pt_regs *regs)
{
	regs_set_return_value(regs, true);
	return do_nothing(probe, regs);
}

static struct kprobe get = {
	.symbol_name = "__dma_residency_get",
	.pre_handler = say_yes,
};

static struct kprobe get_sg = {
	.symbol_name = "__dma_residency_get_sg",
	.pre_handler = say_yes,
};

static struct kprobe put = {
	.symbol_name = "__dma_residency_put",
	.pre_handler = do_nothing,
};

static struct kprobe put_sg = {
	.symbol_name = "__dma_residency_put_sg",
	.pre_handler = do_nothing,
};

static struct kprobe *probes[] = { &get, &get_sg, &put, &put_sg };

static int __init broken_init(void)
{
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

static void __exit broken_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(broken_init);
module_exit(broken_exit);

MODULE_DESCRIPTION("devices get memory that is away");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engines that are loaded, and their images at EL2: one in each of KVM's two
 * slots. The one that came last is used. While the system is switched it takes
 * over the state of the one before:
 *
 *	load	into the other slot; the image leaves the host's map
 *	adopt	in one hypercall the new image looks at the state and, unless it
 *		declines, becomes the one that is called
 *	grace	every CPU makes an empty call: none is inside the old image
 *	show	the old image's memory is the host's again; rmmod frees it
 */

#include <linux/export.h>
#include <linux/module.h>
#include <linux/taiji_engine.h>

#include <asm/kvm_payload.h>
#include <asm/virt.h>

#include "taiji.h"

#define NONE	KVM_PAYLOAD_SLOTS

/* Both under taiji_lock. */
static const struct taiji_engine *engines[KVM_PAYLOAD_SLOTS];
static unsigned int used = NONE;

static int hide(unsigned int slot)
{
	return taiji_call_range(TAIJI_CALL_HIDE, kvm_payload_phys(slot), 1, false);
}

static void show(unsigned int slot)
{
	WARN_ON(taiji_call_range(TAIJI_CALL_SHOW, kvm_payload_phys(slot), 1, false));
}

/* The engine in @slot takes over from the one that is used, with all there is. */
static int take_over(unsigned int slot)
{
	int err;

	if (!try_module_get(engines[slot]->owner))
		return -ENODEV;

	err = hide(slot);
	if (err)
		goto out_module;

	err = kvm_payload_activate(slot, TAIJI_CALL_ADOPT, taiji.pieces[0]);
	if (err) {
		pr_err("engine %s cannot go on with what engine %s has: it stays\n",
		       engines[slot]->version, engines[used]->version);
		goto out_show;
	}

	show(used);
	module_put(engines[used]->owner);
	return 0;

out_show:
	show(slot);
out_module:
	module_put(engines[slot]->owner);
	return err;
}

static int activate(unsigned int slot)
{
	unsigned int before = used;
	int err;

	err = taiji.on ? take_over(slot) : kvm_payload_activate(slot, TAIJI_CALL_ADOPT, 0);
	if (err)
		return err;

	used = slot;
	if (before == NONE)
		pr_info("engine %s\n", engines[slot]->version);
	else
		pr_info("engine %s, after %s\n", engines[slot]->version, engines[before]->version);
	return 0;
}

static int load(unsigned int slot, const struct taiji_engine *engine)
{
	int err = kvm_payload_load(slot, engine->image, engine->size);

	if (err == -EOPNOTSUPP && is_kernel_in_hyp_mode())
		pr_err("the kernel runs at EL2: boot with kvm-arm.mode=nvhe\n");
	else if (err == -EOPNOTSUPP)
		pr_err("KVM is not there, or protects EL2 from the kernel: boot with kvm-arm.mode=nvhe\n");
	else if (err == -EINVAL)
		pr_err("engine %s has a broken image: build it again\n", engine->version);
	else if (err)
		pr_err("engine %s cannot be loaded into EL2: %d\n", engine->version, err);
	return err;
}

static void unload(unsigned int slot)
{
	kvm_payload_unload(slot);
	engines[slot] = NULL;
}

/**
 * taiji_engine_register - make an engine the one that is used
 * @engine:	lives until taiji_engine_unregister()
 *
 * Also while the system is switched, under any load: see the top of this file.
 * On an error nothing has changed, and the engine before goes on.
 *
 * Context: may sleep; called from the init of an engine module.
 * Return: 0, -EINVAL for another ABI, a broken image or a state that the engine
 * cannot go on with, -EBUSY when there are two engines, -EOPNOTSUPP when this
 * kernel cannot run a payload, or -ENOMEM.
 */
int taiji_engine_register(const struct taiji_engine *engine)
{
	unsigned int slot;
	int err;

	if (engine->abi != TAIJI_ABI) {
		pr_err("engine %s speaks ABI %u, this base %u: load the two of one release\n",
		       engine->version, engine->abi, TAIJI_ABI);
		return -EINVAL;
	}

	guard(mutex)(&taiji_lock);

	for (slot = 0; slot < KVM_PAYLOAD_SLOTS && engines[slot]; slot++)
		;
	if (slot == KVM_PAYLOAD_SLOTS) {
		pr_err("engine %s is used, and engine %s there too: rmmod that first\n",
		       engines[used]->version, engines[!used]->version);
		return -EBUSY;
	}

	err = load(slot, engine);
	if (err)
		return err;

	engines[slot] = engine;
	err = activate(slot);
	if (err)
		unload(slot);
	return err;
}
EXPORT_SYMBOL_GPL(taiji_engine_register);

/**
 * taiji_engine_unregister - an engine goes away
 * @engine:	what was registered
 *
 * The one that is used goes only while the system is not switched. If there is
 * another, that is used from now on.
 *
 * Context: may sleep; called from the exit of an engine module.
 */
void taiji_engine_unregister(const struct taiji_engine *engine)
{
	unsigned int slot;

	guard(mutex)(&taiji_lock);

	slot = engines[0] == engine ? 0 : 1;
	if (WARN_ON(engines[slot] != engine))
		return;

	if (slot == used) {
		used = NONE;
		if (!engines[!slot] || activate(!slot))
			kvm_payload_deactivate();
	}
	unload(slot);
}
EXPORT_SYMBOL_GPL(taiji_engine_unregister);

/* Keep both modules loaded. Under taiji_lock, as all below. */
int taiji_engine_get(void)
{
	if (used == NONE) {
		pr_err("no engine: modprobe taiji_engine\n");
		return -ENODEV;
	}

	if (!try_module_get(engines[used]->owner))
		return -ENODEV;

	__module_get(THIS_MODULE);
	return 0;
}

void taiji_engine_put(void)
{
	module_put(THIS_MODULE);
	module_put(engines[used]->owner);
}

/* Invariant 6, once the engine has started. */
int taiji_engine_hide(void)
{
	return hide(used);
}

/* Where the image of the one that is used is: a section. */
u64 taiji_engine_image(void)
{
	return kvm_payload_phys(used);
}

const char *taiji_engine_version(void)
{
	return used == NONE ? "none" : engines[used]->version;
}

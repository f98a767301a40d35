// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine that is loaded, and its image at EL2.
 */

#include <linux/export.h>
#include <linux/module.h>
#include <linux/taiji_engine.h>

#include <asm/kvm_payload.h>
#include <asm/virt.h>

#include "taiji.h"

static const struct taiji_engine *current_engine;	/* under taiji_lock */

/**
 * taiji_engine_register - make an engine the one that is used
 * @engine:	lives until taiji_engine_unregister()
 *
 * Context: may sleep; called from the init of an engine module.
 * Return: 0, -EINVAL for another ABI or a broken image, -EBUSY when there is an
 * engine, -EOPNOTSUPP when this kernel cannot run a payload, or -ENOMEM.
 */
int taiji_engine_register(const struct taiji_engine *engine)
{
	int err;

	if (engine->abi != TAIJI_ABI) {
		pr_err("engine %s speaks ABI %u, this base %u: load the two of one release\n",
		       engine->version, engine->abi, TAIJI_ABI);
		return -EINVAL;
	}

	guard(mutex)(&taiji_lock);

	if (current_engine) {
		pr_err("engine %s is loaded: rmmod it first\n", current_engine->version);
		return -EBUSY;
	}

	err = kvm_payload_load(0, engine->image, engine->size);
	if (err == -EOPNOTSUPP && is_kernel_in_hyp_mode())
		pr_err("the kernel runs at EL2: boot with kvm-arm.mode=nvhe\n");
	else if (err == -EOPNOTSUPP)
		pr_err("KVM is not there, or protects EL2 from the kernel: boot with kvm-arm.mode=nvhe\n");
	else if (err)
		pr_err("engine %s cannot be loaded into EL2: %d\n", engine->version, err);
	if (err)
		return err;

	err = kvm_payload_activate(0);
	if (err) {
		kvm_payload_unload(0);
		return err;
	}

	current_engine = engine;
	pr_info("engine %s\n", engine->version);
	return 0;
}
EXPORT_SYMBOL_GPL(taiji_engine_register);

/**
 * taiji_engine_unregister - the engine goes away
 * @engine:	what was registered
 *
 * Context: may sleep; called from the exit of an engine module, so never while
 * the system is switched.
 */
void taiji_engine_unregister(const struct taiji_engine *engine)
{
	guard(mutex)(&taiji_lock);

	if (WARN_ON(engine != current_engine))
		return;

	kvm_payload_deactivate();
	kvm_payload_unload(0);
	current_engine = NULL;
}
EXPORT_SYMBOL_GPL(taiji_engine_unregister);

/* Keep both modules loaded. Under taiji_lock. */
int taiji_engine_get(void)
{
	if (!current_engine) {
		pr_err("no engine: modprobe taiji_engine\n");
		return -ENODEV;
	}

	if (!try_module_get(current_engine->owner))
		return -ENODEV;

	__module_get(THIS_MODULE);
	return 0;
}

void taiji_engine_put(void)
{
	module_put(THIS_MODULE);
	module_put(current_engine->owner);
}

/* Under taiji_lock. */
const char *taiji_engine_version(void)
{
	return current_engine ? current_engine->version : "none";
}

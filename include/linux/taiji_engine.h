/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an engine module reaches the base. What they say to each other afterwards
 * is in taiji_call.h.
 */
#ifndef _LINUX_TAIJI_ENGINE_H
#define _LINUX_TAIJI_ENGINE_H

#include <linux/taiji_call.h>

#define TAIJI_VERSION	"0.1"

struct module;

/**
 * struct taiji_engine - an engine module
 * @owner:	it stays loaded while the system is switched
 * @abi:	TAIJI_ABI it was built with; another than the base's is refused
 * @version:	for people
 * @image:	the payload, with the header that the KVM series asks for
 * @size:	bytes of @image
 */
struct taiji_engine {
	struct module *owner;
	u32 abi;
	const char *version;
	const void *image;
	size_t size;
};

int taiji_engine_register(const struct taiji_engine *engine);
void taiji_engine_unregister(const struct taiji_engine *engine);

#endif /* _LINUX_TAIJI_ENGINE_H */

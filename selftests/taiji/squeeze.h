/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything goes out, touched lately or not, as fast as it goes. */
#ifndef SELFTESTS_TAIJI_SQUEEZE_H
#define SELFTESTS_TAIJI_SQUEEZE_H

#include <pthread.h>
#include <stdatomic.h>

#include "taiji_test.h"

/* One at a time; with the system switched or not. */
struct squeeze {
	pthread_t thread;
	atomic_bool stop;
};

static inline void *squeeze(void *arg)
{
	struct squeeze *s = arg;

	while (!s->stop) {
		if (sysfs_write(TAIJI "reclaim", "100%") == ENODEV)
			usleep(1000);
	}
	return NULL;
}

/* Returns 0, or what pthread_create() says. */
static inline int squeeze_start(struct squeeze *s)
{
	s->stop = false;
	return pthread_create(&s->thread, NULL, squeeze, s);
}

static inline void squeeze_stop(struct squeeze *s)
{
	s->stop = true;
	pthread_join(s->thread, NULL);
}

#endif

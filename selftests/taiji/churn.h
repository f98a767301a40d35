/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is swapped out and touched at once, by threads, and checked at each touch. */
#ifndef SELFTESTS_TAIJI_CHURN_H
#define SELFTESTS_TAIJI_CHURN_H

#include <pthread.h>
#include <stdatomic.h>

#include "taiji_test.h"

#define CHURN_TOUCHERS	3
#define CHURN_SALT	9

/**
 * struct churn - one at a time
 * @p, @size:	memory that taiji_fill() has filled with CHURN_SALT
 * @wrong:	words that were not what they had been
 */
struct churn {
	char *p;
	size_t size;
	atomic_size_t wrong;
	atomic_bool stop;
	pthread_t threads[1 + CHURN_TOUCHERS];
};

static inline void *churn_touch(void *arg)
{
	struct churn *c = arg;
	uint64_t rnd = (uintptr_t)&rnd;
	size_t page;

	while (!c->stop) {
		rnd = rnd * 6364136223846793005 + 1442695040888963407;
		page = (rnd >> 33) % (c->size / PAGE);
		c->wrong += ((volatile uint64_t *)c->p)[page * 512 + page % 512] !=
			    taiji_word(page, page % 512, CHURN_SALT);
	}
	return NULL;
}

static inline void *churn_swap(void *arg)
{
	struct churn *c = arg;

	while (!c->stop)
		taiji_range(TAIJI_IOC_OUT, c->p, c->size);
	return NULL;
}

/* Returns 0, or what pthread_create() says. */
static inline int churn_start(struct churn *c, char *p, size_t size)
{
	int i, err = 0;

	*c = (struct churn) { .p = p, .size = size };
	taiji_fill(p, size, CHURN_SALT);
	for (i = 0; i < 1 + CHURN_TOUCHERS && !err; i++)
		err = pthread_create(&c->threads[i], NULL, i ? churn_touch : churn_swap, c);
	return err;
}

/* Returns how many words were wrong, then or now. */
static inline size_t churn_stop(struct churn *c)
{
	int i;

	c->stop = true;
	for (i = 0; i < 1 + CHURN_TOUCHERS; i++)
		pthread_join(c->threads[i], NULL);
	return c->wrong + taiji_verify(c->p, c->size, CHURN_SALT);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#include "machine.h"
#include "schedule.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t turns[FAKE_MAX_CPUS];
	bool runs[FAKE_MAX_CPUS];	/* has entered, and not left */
	unsigned int cpus;		/* 0: nobody waits for a turn */
	unsigned int absent;		/* have not entered yet */
	unsigned int turn;
	u64 random;
} schedule = { .lock = PTHREAD_MUTEX_INITIALIZER };

static __thread unsigned int me;
static __thread bool entered;

void fake_schedule(unsigned int cpus, u64 seed)
{
	schedule.cpus = cpus;
	schedule.absent = cpus;
	schedule.random = seed * 2 + 1;
	for (unsigned int i = 0; i < cpus; i++) {
		pthread_cond_init(&schedule.turns[i], NULL);
		schedule.runs[i] = false;
	}
}

static u64 schedule_random(void)
{
	schedule.random ^= schedule.random << 13;
	schedule.random ^= schedule.random >> 7;
	schedule.random ^= schedule.random << 17;
	return schedule.random >> 16;
}

/* Of those that run, the first from a random one on. */
static void schedule_next(void)
{
	unsigned int from = schedule_random() % schedule.cpus;

	for (unsigned int k = 0; k < schedule.cpus; k++) {
		unsigned int i = (from + k) % schedule.cpus;

		if (!schedule.runs[i])
			continue;
		schedule.turn = i;
		pthread_cond_signal(&schedule.turns[i]);
		return;
	}
	schedule.cpus = 0;
}

static void schedule_wait(void)
{
	while (schedule.absent || schedule.turn != me)
		pthread_cond_wait(&schedule.turns[me], &schedule.lock);
}

void fake_schedule_enter(unsigned int cpu)
{
	if (!schedule.cpus)
		return;
	me = cpu;
	entered = true;
	pthread_mutex_lock(&schedule.lock);
	schedule.runs[me] = true;
	if (!--schedule.absent)
		schedule_next();
	schedule_wait();
	pthread_mutex_unlock(&schedule.lock);
}

void fake_schedule_leave(void)
{
	if (!entered)
		return;
	entered = false;
	pthread_mutex_lock(&schedule.lock);
	schedule.runs[me] = false;
	schedule_next();
	pthread_mutex_unlock(&schedule.lock);
}

void fake_yield(void)
{
	if (!entered) {
		sched_yield();
		return;
	}
	pthread_mutex_lock(&schedule.lock);
	schedule_next();
	schedule_wait();
	pthread_mutex_unlock(&schedule.lock);
}

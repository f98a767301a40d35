/* SPDX-License-Identifier: GPL-2.0-only */
/* Random calls of hostile users, see fuzz_test.c. */
#ifndef SELFTESTS_VMEM_FUZZ_CALLS_H
#define SELFTESTS_VMEM_FUZZ_CALLS_H

#include <linux/vmem.h>
#include <pthread.h>
#include <signal.h>
#include <sys/random.h>

#include "vmem_test.h"

#define THREADS		3
#define FDS		16
#define ARENA		(3ULL << 30)
#define LAIR		(20 * SLICE)

/* Of a process. Threads race for these: that is the point. */
static int fds[FDS];
static char *arena, *lairs;
static __thread char *lair;	/* for what other threads must not replace */

static uint32_t rnd(uint64_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 32) % below;
}

/* Small, large, negative, aligned, just beside. */
static uint64_t any_number(uint64_t *state)
{
	static const uint64_t edges[] = {
		0, 1, 4096, SLICE, BLOCK, 1ULL << 31, 1ULL << 32, 1ULL << 63,
	};
	uint64_t value = edges[rnd(state, 8)];

	switch (rnd(state, 4)) {
	case 0:
		return value;
	case 1:
		return value * rnd(state, 16);
	case 2:
		return value + rnd(state, 3) - 1;
	default:
		return (uint64_t)rnd(state, UINT32_MAX) << rnd(state, 33);
	}
}

static uint64_t few_slices(uint64_t *state)
{
	return (rnd(state, 20) + 1) * SLICE;
}

static int *any_slot(uint64_t *state)
{
	return &fds[rnd(state, FDS)];
}

static void put_fd(uint64_t *state, int fd)
{
	int old;

	if (fd < 0)
		return;
	old = __atomic_exchange_n(any_slot(state), fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

/* Nothing but the address. */
static char *reserve(void *at, uint64_t length)
{
	return mmap(at, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
}

/* ---- what a user can do ---- */

static void do_open(uint64_t *state)
{
	put_fd(state, vmem_open());
}

static void do_close(uint64_t *state)
{
	int fd = __atomic_exchange_n(any_slot(state), -1, __ATOMIC_RELAXED);

	if (fd >= 0)
		close(fd);
}

/* Good ones, with a member or two that is not. */
static void do_alloc(uint64_t *state)
{
	struct vmem_alloc arg = {
		.size = sizeof(arg),
		.length = few_slices(state),
		.page_size = rnd(state, 2) ? SLICE : 0,
		.policy = rnd(state, 3),
		.nodes = 1,
	};

	switch (rnd(state, 12)) {
	case 0:
		arg.size = any_number(state);
		break;
	case 1:
		arg.flags = any_number(state);
		break;
	case 2:
		arg.length = any_number(state);
		break;
	case 3:
		arg.page_size = any_number(state);
		break;
	case 4:
		arg.nodes = any_number(state);
		break;
	case 5:
		arg.policy = any_number(state);
		break;
	case 6:
		arg.reserved = any_number(state);
		break;
	case 7:
		memset(arg.name, 'x', rnd(state, sizeof(arg.name) + 1));
		break;
	case 8:
		getrandom(&arg, sizeof(arg), 0);
		break;
	}
	put_fd(state, ioctl(*any_slot(state), VMEM_IOC_ALLOC, &arg));
}

static void do_ioctl(uint64_t *state)
{
	static __thread uint64_t buf[512];
	uint64_t to = rnd(state, 8) ? (uintptr_t)buf : any_number(state);
	unsigned int command = rnd(state, 8) ? _IO(0xB9, rnd(state, 4)) :
			       any_number(state);

	getrandom(buf, rnd(state, 256), 0);
	if (rnd(state, 4))
		buf[0] = rnd(state, 200) | (uint64_t)!rnd(state, 4) << 32;
	if (rnd(state, 2))
		buf[1] = (uintptr_t)(buf + rnd(state, 500));
	ioctl(*any_slot(state), command, to);
}

/* Only in the arena may anything be replaced. */
static char *any_place(uint64_t *state, uint64_t length)
{
	uint64_t at = rnd(state, 4) ? rnd(state, ARENA / SLICE) * SLICE :
				      rnd(state, ARENA / 4096) * 4096;

	return at + length <= ARENA && length <= ARENA ? arena + at : NULL;
}

static void do_mmap(uint64_t *state)
{
	uint64_t length = rnd(state, 8) ? few_slices(state) : any_number(state);
	uint64_t offset = rnd(state, 2) ? 0 : any_number(state);
	int flags = rnd(state, 16) ? MAP_SHARED : rnd(state, 1 << 20) & ~MAP_FIXED;
	int prot = rnd(state, 8);
	char *place = any_place(state, length);

	if (place && rnd(state, 8)) {
		mmap(place, length, prot, (flags & ~MAP_ANONYMOUS) | MAP_FIXED,
		     *any_slot(state), offset);
		return;
	}
	place = mmap(NULL, length, prot, flags & ~MAP_ANONYMOUS,
		     *any_slot(state), offset);
	if (place != MAP_FAILED)
		munmap(place, length);
}

static void do_unmap(uint64_t *state)
{
	uint64_t length = rnd(state, 8) ? few_slices(state) : any_number(state);
	char *place = any_place(state, length);

	if (place)
		reserve(place, length);
}

static void do_change(uint64_t *state)
{
	uint64_t length = few_slices(state);
	char *from = any_place(state, length), *to = any_place(state, length);

	if (!from || !to)
		return;
	switch (rnd(state, 4)) {
	case 0:
		mprotect(from, length, rnd(state, 8));
		break;
	case 1:
		madvise(from, length, rnd(state, 26));
		break;
	case 2:
		mremap(from, length, rnd(state, 2) ? length : SLICE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to);
		break;
	case 3:
		msync(from, length, rnd(state, 8));
		break;
	}
}

/* Written to by the kernel, which does not mind where there is nothing. */
static void do_touch(uint64_t *state)
{
	char *place = any_place(state, SLICE);

	if (place)
		getrandom(place + rnd(state, SLICE - 64), 64, 0);
}

static void do_fork(uint64_t *state)
{
	pid_t child = fork();

	if (!child) {
		do_touch(state);
		do_unmap(state);
		do_mmap(state);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void fail(const char *what)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "# FAILED: %s\n", what);

	if (write(1, line, n) == n)
		kill(0, SIGUSR1);
	_exit(1);
}

/* Memory of one's own is empty at first. Its descriptor is nobody else's. */
static void do_hunt(uint64_t *state)
{
	uint64_t length = few_slices(state);
	int dev = vmem_open(), fd = vmem_alloc(dev, length, 0, 0);

	close(dev);
	if (fd < 0)
		return;
	if (mmap(lair, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 fd, 0) != lair)
		fail("memory that was reserved cannot be mapped");
	if (!is_zero(lair, length))
		fail("another owner's bytes");
	memset(lair, 0xa5, length);
	reserve(lair, length);
	close(fd);
}

static void (*const calls[])(uint64_t *) = {
	do_open, do_open, do_close, do_close, do_alloc, do_alloc, do_alloc,
	do_alloc, do_ioctl, do_ioctl, do_mmap, do_mmap, do_mmap, do_mmap,
	do_unmap, do_unmap, do_change, do_change, do_touch, do_touch, do_touch,
};

static void *user(void *arg)
{
	uint64_t state = (uintptr_t)arg;

	lair = lairs + state % 64 * LAIR;
	for (;;) {
		uint32_t kind = rnd(&state, 1000);

		if (kind < 2)
			do_fork(&state);
		else if (kind < 10)
			do_hunt(&state);
		else
			calls[rnd(&state, sizeof(calls) / sizeof(*calls))](&state);
	}
	return NULL;
}

/* A process that goes on until it is killed. */
static void users(uint64_t seed)
{
	pthread_t thread;
	int i;

	memset(fds, -1, sizeof(fds));
	arena = reserve(NULL, ARENA);
	lairs = reserve(NULL, 64 * LAIR);
	lairs = (char *)(((uintptr_t)lairs | (SLICE - 1)) + 1);
	for (i = THREADS; i > 0; i--) {
		void *arg = (void *)(uintptr_t)(seed * 64 + i);

		if (i == 1)
			user(arg);
		pthread_create(&thread, NULL, user, arg);
	}
}

#endif /* SELFTESTS_VMEM_FUZZ_CALLS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a DPU is busy with while all this happens to it: a disk, a key-value store, huge pages. Each
 * is a process that checks what it reads, counts, and ends with a bad status at the first mistake.
 */
#ifndef SELFTESTS_TAIJI_DEMO_LOAD_H
#define SELFTESTS_TAIJI_DEMO_LOAD_H

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "taiji_test.h"

#define KV_SIZE		(48UL << 20)
#define KV_RECORDS	(KV_SIZE / sizeof(struct record))
#define HUGE_PAGES	16

enum { LOAD_DISK, LOAD_KV, LOAD_HUGE, NR_LOADS };

/* Why one of them ends. */
static const char * const load_failures[NR_LOADS] = {
	"the disk does not hold what fio wrote",
	"the key-value store is not what it was",
	"the huge pages are not what they were",
};

struct load_shared {
	atomic_bool stop;
	atomic_ulong done[NR_LOADS];
};

static struct load_shared *load;
static pid_t load_pids[NR_LOADS];

struct record {
	uint64_t key;
	uint64_t version;
	char value[104];
	uint64_t sum;
};

static inline uint64_t record_sum(const struct record *r)
{
	uint64_t sum = r->key * 0x9e3779b97f4a7c15 + r->version;
	size_t i;

	for (i = 0; i < sizeof(r->value); i++)
		sum = sum * 31 + r->value[i];
	return sum;
}

static inline void record_put(struct record *r, uint64_t key)
{
	r->key = key;
	r->version++;
	snprintf(r->value, sizeof(r->value), "user%llu@example.org, %llu visits, and nothing else",
		 (unsigned long long)key, (unsigned long long)r->version);
	r->sum = record_sum(r);
}

static inline int load_kv(void)
{
	struct record *records = mmap(NULL, KV_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t i, x = 1;

	for (i = 0; i < KV_RECORDS; i++)
		record_put(&records[i], i);
	while (!load->stop) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		i = (x >> 33) % KV_RECORDS;
		/* Most of what is asked for is the same tenth. */
		if (x >> 20 & 7)
			i /= 10;
		if (records[i].key != i || records[i].sum != record_sum(&records[i]))
			return 1;
		if (!(x >> 25 & 3))
			record_put(&records[i], i);
		load->done[LOAD_KV]++;
	}
	for (i = 0; i < KV_RECORDS; i++)
		if (records[i].key != i || records[i].sum != record_sum(&records[i]))
			return 1;
	return 0;
}

/* Buffers that come and go slowly, one after the other. */
static inline int load_huge(void)
{
	char *p = mmap(NULL, HUGE_PAGES * SECTION, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	uint64_t i;

	if (p == MAP_FAILED)
		return 1;
	for (i = 0; i < HUGE_PAGES; i++)
		taiji_fill(p + i * SECTION, SECTION, i);
	while (!load->stop) {
		i = load->done[LOAD_HUGE]++;
		if (taiji_verify(p + i % HUGE_PAGES * SECTION, SECTION, i))
			return 1;
		i += HUGE_PAGES;
		taiji_fill(p + i % HUGE_PAGES * SECTION, SECTION, i);
		usleep(200000);
	}
	for (i = load->done[LOAD_HUGE]; i < load->done[LOAD_HUGE] + HUGE_PAGES; i++)
		if (taiji_verify(p + i % HUGE_PAGES * SECTION, SECTION, i))
			return 1;
	return 0;
}

static inline int load_fio(void)
{
	int fd = open("/dev/null", O_WRONLY), status;
	pid_t pid = fork();

	if (!pid) {
		dup2(fd, 1);
		dup2(fd, 2);
		execlp("fio", "fio", "--name=disk", "--filename=/dev/scratch", "--direct=1",
		       "--rw=randwrite", "--bs=16k", "--size=16m", "--verify=crc32c",
		       "--verify_fatal=1", "--ioengine=psync", NULL);
		_exit(127);
	}
	close(fd);
	waitpid(pid, &status, 0);
	return status;
}

static inline int load_disk(void)
{
	while (!load->stop) {
		if (load_fio())
			return 1;
		load->done[LOAD_DISK]++;
	}
	return 0;
}

static inline void load_start(void)
{
	int (* const functions[NR_LOADS])(void) = { load_disk, load_kv, load_huge };
	int i;

	load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < NR_LOADS; i++) {
		load_pids[i] = fork();
		if (!load_pids[i]) {
			i = functions[i]();
			fflush(stdout);
			_exit(i);
		}
	}
}

/* One that has ended before it was told to, or NULL. */
static inline const char *load_ended(void)
{
	int i;

	for (i = 0; i < NR_LOADS; i++)
		if (waitpid(load_pids[i], NULL, WNOHANG))
			return load_failures[i];
	return NULL;
}

/* One that found a mistake, or NULL. */
static inline const char *load_stop(void)
{
	const char *bad = NULL;
	int i, status;

	load->stop = true;
	for (i = 0; i < NR_LOADS; i++) {
		status = 1;
		waitpid(load_pids[i], &status, 0);
		if (status)
			bad = load_failures[i];
	}
	return bad;
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of kernel memory fails once, one after the other: nothing is
 * lost, nothing stays behind, and the next try works. Needs fault injection in
 * the kernel, as the debug flavour has it.
 */
#include <inttypes.h>
#include <limits.h>
#include <linux/vmem.h>
#include <sys/random.h>

#include "kselftest_harness.h"
#include "vmem_test.h"

#define INJECT	"/sys/kernel/debug/"
#define MOST	100000		/* allocations in one operation */
#define ALLOC	(8 * SLICE)
#define SMALL	(64 * SLICE)	/* a region with few page tables */

/* Where the code of a function of the kernel is. */
static bool find_function(const char *name, char *start, char *end)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long at, first = 0, next = ULLONG_MAX;
	char symbol[256];
	int round;

	for (round = 0; f && round < 2; round++) {
		rewind(f);
		while (fscanf(f, "%llx %*c %255s%*[^\n]", &at, symbol) == 2) {
			if (!round && !strcmp(symbol, name))
				first = at;
			if (round && at > first && at < next)
				next = at;
		}
	}
	if (f)
		fclose(f);
	snprintf(start, 32, "%#llx", first);
	snprintf(end, 32, "%#llx", next);
	return first && next != ULLONG_MAX;
}

static int inject_between(const char *start, const char *end)
{
	return sysfs_write(INJECT "failslab/require-start", start) ?:
	       sysfs_write(INJECT "failslab/require-end", end) ?:
	       sysfs_write(INJECT "fail_page_alloc/require-start", start) ?:
	       sysfs_write(INJECT "fail_page_alloc/require-end", end);
}

/*
 * Of all that a module's loading allocates, what the module itself does: the
 * kernel's loader does not survive everything that is done to it here.
 */
static int inject_in_init_only(void)
{
	char start[32], end[32];

	return find_function("do_init_module", start, end) ? inject_between(start, end) : ENOENT;
}

static int inject_everywhere(void)
{
	return inject_between("0", "0xffffffffffffffff");
}

FIXTURE(nomem) {
	struct region region;
	int nth;		/* a file: which of my allocations fails */
	int dev;
};

FIXTURE_SETUP(nomem)
{
	if (access(INJECT "failslab", F_OK))
		SKIP(return, "no fault injection in this kernel");
	ASSERT_TRUE(region_find(&self->region));
	EXPECT_EQ(0, sysfs_write(INJECT "failslab/ignore-gfp-wait", "N"));
	EXPECT_EQ(0, sysfs_write(INJECT "failslab/verbose", "0"));
	EXPECT_EQ(0, sysfs_write(INJECT "fail_page_alloc/ignore-gfp-wait", "N"));
	EXPECT_EQ(0, sysfs_write(INJECT "fail_page_alloc/min-order", "0"));
	EXPECT_EQ(0, sysfs_write(INJECT "fail_page_alloc/verbose", "0"));
	EXPECT_EQ(0, inject_everywhere());
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->nth, 0);
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
	ASSERT_GE(self->dev, 0);
}

FIXTURE_TEARDOWN(nomem)
{
	EXPECT_EQ(self->region.size, pool_free());
	close(self->dev);
	close(self->nth);
	EXPECT_EQ(0, vmem_unload());
}

static void arm(int nth, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(nth, text, len, 0) != len)
		abort();
}

/* Has it come to that allocation? */
static bool disarm(int nth)
{
	char text[16] = {};
	bool failed = pread(nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	arm(nth, 0);
	return failed;
}

struct op {
	int nth;
	int dev;
	int fd;
	int ret;
	int (*run)(struct op *op);	/* 0, or a positive errno */
	void (*undo)(struct op *op);	/* of what has worked */
	uint64_t (*left)(void);		/* what has to be as before */
};

/* Once, with that allocation failing. Is there such an allocation? */
static bool run_failing(struct op *op, int n)
{
	bool failed;

	arm(op->nth, n);
	op->ret = op->run(op);
	failed = disarm(op->nth);
	if (!op->ret)
		op->undo(op);
	return failed;
}

/* How many allocations there are. */
static int count_allocations(struct op *op)
{
	int low = 0, high = 1;

	while (high < MOST && run_failing(op, high)) {
		low = high;
		high *= 2;
	}
	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (run_failing(op, middle))
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * Each of the last @last allocations fails. The operation may well work all the
 * same, but must not lose memory of the pool.
 */
static void each_fails(struct __test_metadata *_metadata, struct op *op,
		       int last, uint64_t left)
{
	int all = count_allocations(op);
	int n, refused = 0;

	EXPECT_LT(0, all);
	for (n = all > last ? all - last : 1; n <= all; n++) {
		run_failing(op, n);
		refused += !!op->ret;
		ASSERT_EQ(left, op->left()) TH_LOG("at %d of %d", n, all);
	}
	EXPECT_LT(0, refused);
	EXPECT_FALSE(run_failing(op, INT_MAX));
	EXPECT_EQ(0, op->ret);
	TH_LOG("%d allocations, refused %d times", all, refused);
}

static void undo_fd(struct op *op)
{
	close(op->fd);
}

static int run_open(struct op *op)
{
	op->fd = vmem_open();
	return op->fd < 0 ? errno : 0;
}

TEST_F_TIMEOUT(nomem, opening, 120)
{
	struct op op = { self->nth, self->dev, -1, 0, run_open, undo_fd, pool_free };

	each_fails(_metadata, &op, MOST, self->region.size);
}

static int run_alloc(struct op *op)
{
	op->fd = vmem_alloc(op->dev, ALLOC, 0, 0);
	return op->fd < 0 ? -op->fd : 0;
}

TEST_F_TIMEOUT(nomem, allocating, 120)
{
	struct op op = { self->nth, self->dev, -1, 0, run_alloc, undo_fd, pool_free };

	each_fails(_metadata, &op, MOST, self->region.size);
}

/* Many extents, so that their list has to grow. */
TEST_F_TIMEOUT(nomem, allocating_in_pieces, 120)
{
	struct op op = { self->nth, self->dev, -1, 0, run_alloc, undo_fd, pool_free };
	int rest = vmem_alloc(self->dev, self->region.size - 2 * ALLOC, 0, 0);
	int all[2 * ALLOC / SLICE], i;

	for (i = 0; i < 2 * ALLOC / SLICE; i++)
		all[i] = vmem_alloc(self->dev, SLICE, 0, 0);
	for (i = 0; i < 2 * ALLOC / SLICE; i += 2)
		close(all[i]);
	each_fails(_metadata, &op, MOST, ALLOC);
	for (i = 1; i < 2 * ALLOC / SLICE; i += 2)
		close(all[i]);
	close(rest);
}

static char *mapped;

/* A plain open and mmap, and a fault in it. */
static int run_map(struct op *op)
{
	int ret;

	op->fd = vmem_open();
	if (op->fd < 0)
		return errno;
	mapped = vmem_map(op->fd, ALLOC);
	if (mapped != MAP_FAILED && getrandom(mapped + SLICE, 8, 0) == 8)
		return 0;
	ret = errno;
	if (mapped != MAP_FAILED)
		munmap(mapped, ALLOC);
	close(op->fd);
	return ret;
}

static void undo_map(struct op *op)
{
	munmap(mapped, ALLOC);
	close(op->fd);
}

TEST_F_TIMEOUT(nomem, mapping, 120)
{
	struct op op = { self->nth, self->dev, -1, 0, run_map, undo_map, pool_free };

	each_fails(_metadata, &op, MOST, self->region.size);
}

static int run_engine(struct op *op)
{
	return test_module_load("vmem_engine_next", "");
}

static void undo_engine(struct op *op)
{
	engine_unload();
	module_unload("vmem_engine_next");
	engine_load();
}

/* Whatever fails, the old engine or the new one serves. */
TEST_F_TIMEOUT(nomem, upgrading, 240)
{
	struct op op = { self->nth, self->dev, -1, 0, run_engine, undo_engine, pool_free };
	int fd;

	ASSERT_EQ(0, inject_in_init_only());
	each_fails(_metadata, &op, MOST, self->region.size);
	fd = vmem_alloc(self->dev, SLICE, 0, 0);
	EXPECT_GE(fd, 0);
	close(fd);
}

static int run_lend(struct op *op)
{
	return sysfs_write(VMEM_SYSFS "node0/lent_bytes", "134217728");
}

static void undo_lend(struct op *op)
{
	sysfs_write(VMEM_SYSFS "node0/lent_bytes", "0");
}

TEST_F_TIMEOUT(nomem, lending, 600)
{
	struct op op = { self->nth, self->dev, -1, 0, run_lend, undo_lend, pool_free };

	/* arm64 itself stops when it finds no page for its own page tables. */
	EXPECT_EQ(0, sysfs_write(INJECT "fail_page_alloc/ignore-gfp-wait", "Y"));
	ASSERT_EQ(0, sysfs_write("/sys/devices/system/memory/auto_online_blocks",
				 "online_movable"));
	each_fails(_metadata, &op, MOST, self->region.size);
}

static const struct region *base_region;

static int run_base(struct op *op)
{
	return base_load(region_text(SMALL, base_region->start));
}

static void undo_base(struct op *op)
{
	module_unload("vmem");
}

/* Whatever there still is of a base. */
static uint64_t base_left(void)
{
	return file_contains("/proc/iomem", ": vmem") +
	       !access("/dev/vmem", F_OK) + !access(VMEM_SYSFS, F_OK) +
	       !access(INJECT "vmem", F_OK);
}

TEST_F_TIMEOUT(nomem, loading, 400)
{
	struct op op = { self->nth, -1, -1, 0, run_base, undo_base, base_left };

	close(self->dev);
	ASSERT_EQ(0, vmem_unload());
	ASSERT_EQ(0, inject_in_init_only());
	base_region = &self->region;
	/* Page tables come first, and they are many. */
	each_fails(_metadata, &op, 40, 0);
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
}

TEST_HARNESS_MAIN

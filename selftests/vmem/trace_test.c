// SPDX-License-Identifier: GPL-2.0-only
/* Each tracepoint tells what happened. */
#include <inttypes.h>
#include <linux/vmem.h>

#include "pool_fixture.h"

#define TRACING	"/sys/kernel/tracing/"

static bool traced(const char *format, uint64_t value)
{
	char text[128];

	snprintf(text, sizeof(text), format, value);
	return file_contains(TRACING "trace", text);
}

TEST_F_TIMEOUT(pool, tracepoints, 120)
{
	uint64_t phys;
	char text[32];
	int fd;

	ASSERT_TRUE(wait_clean());
	ASSERT_EQ(0, sysfs_write(TRACING "trace", "0"));
	ASSERT_EQ(0, sysfs_write(TRACING "events/vmem/enable", "1"));

	fd = vmem_alloc(self->dev, 3 * SLICE, 0, 0);
	ASSERT_GE(fd, 0);
	phys = vmem_phys(fd, SLICE);
	EXPECT_TRUE(traced("vmem_alloc: bytes=%" PRIu64
			   " extents=1 dirty=0 ret=0", 3 * SLICE));
	EXPECT_EQ(-ENOMEM, vmem_alloc(self->dev, self->size, 0, 0));
	EXPECT_TRUE(traced("vmem_alloc: bytes=%" PRIu64
			   " extents=0 dirty=0 ret=-12", self->size));
	close(fd);
	EXPECT_TRUE(traced("vmem_free: bytes=%" PRIu64 " extents=1", 3 * SLICE));
	ASSERT_TRUE(wait_clean());
	EXPECT_TRUE(traced("vmem_zero: nid=0 phys=%#" PRIx64 " ns=", phys));
	ASSERT_EQ(0, test_module_load("vmem_engine_next", ""));
	ASSERT_EQ(0, module_unload("vmem_engine"));
	EXPECT_TRUE(traced("vmem_engine: from=0.2.0 to=9.9.9 ns=", 0));
	EXPECT_EQ(EPROTO, test_module_load("vmem_engine_test", "abi=1"));
	EXPECT_EQ(ENOMEM, test_module_load("vmem_engine_test",
					   "fail_attach=12"));
	EXPECT_TRUE(traced("vmem_engine: from=9.9.9 to=0 ns=", 0));
	ASSERT_EQ(0, engine_load());
	ASSERT_EQ(0, module_unload("vmem_engine_next"));

	snprintf(text, sizeof(text), "%#" PRIx64, phys);
	ASSERT_EQ(0, sysfs_write("/sys/kernel/debug/vmem/poison", text));
	EXPECT_TRUE(traced("vmem_poison: phys=%#" PRIx64 " state=0", phys));
	ASSERT_EQ(0, sysfs_write(TRACING "events/vmem/enable", "0"));
	/* What is poisoned is for ever. */
	close(self->dev);
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
}

TEST_HARNESS_MAIN

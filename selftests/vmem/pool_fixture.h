/* SPDX-License-Identifier: GPL-2.0-only */
/* All of the machine's pool, for one test; it has to come back. */
#ifndef SELFTESTS_VMEM_POOL_FIXTURE_H
#define SELFTESTS_VMEM_POOL_FIXTURE_H

#include "kselftest_harness.h"
#include "vmem_test.h"

#define UNPRIVILEGED	65534

FIXTURE(pool) {
	struct region region;
	uint64_t size;		/* of the region */
	int dev;
};

FIXTURE_SETUP(pool)
{
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	self->size = self->region.size;
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
	ASSERT_GE(self->dev, 0);
}

/* Whatever a test did, all of the pool has to come back. */
FIXTURE_TEARDOWN(pool)
{
	EXPECT_EQ(self->size, pool_value("free_bytes"));
	close(self->dev);
	EXPECT_EQ(0, vmem_unload());
}

#endif /* SELFTESTS_VMEM_POOL_FIXTURE_H */

// SPDX-License-Identifier: GPL-2.0-only
/* A pool on two NUMA nodes, half of it on each. */
#include <inttypes.h>
#include <linux/vmem.h>
#include <sched.h>

#include "kselftest_harness.h"
#include "vmem_test.h"

FIXTURE(node) {
	struct region region;
	uint64_t half;
	char regions[128];
	int dev;
};

FIXTURE_SETUP(node)
{
	if (access("/sys/devices/system/node/node1", F_OK) ||
	    !region_find(&self->region))
		SKIP(return, "no two nodes with memory for vmem");
	self->half = self->region.size / 2;
	snprintf(self->regions, sizeof(self->regions),
		 "%#" PRIx64 "@%#" PRIx64 ",%#" PRIx64 "@%#" PRIx64,
		 self->half, self->region.start,
		 self->half, self->region.start + self->half);
	engine_unload();
	module_unload("vmem");
	ASSERT_EQ(0, base_load(self->regions));
	ASSERT_EQ(0, engine_load());
	self->dev = vmem_open();
}

static uint64_t node_value(int node, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), VMEM_SYSFS "node%d/%s", node, name);
	return sysfs_number(path);
}

static uint64_t node_free(int node)
{
	return node_value(node, "free_bytes");
}

FIXTURE_TEARDOWN(node)
{
	EXPECT_EQ(self->half, node_free(0));
	EXPECT_EQ(self->half, node_free(1));
	close(self->dev);
	EXPECT_EQ(0, vmem_unload());
}

static int node_alloc(int dev, uint64_t length, uint64_t page_size,
		      uint32_t policy, uint64_t nodes)
{
	struct vmem_alloc arg = {
		.size = sizeof(arg),
		.length = length,
		.page_size = page_size,
		.flags = page_size ? VMEM_ALLOC_PAGE_REQUIRED : 0,
		.policy = policy,
		.nodes = nodes,
	};
	int fd = ioctl(dev, VMEM_IOC_ALLOC, &arg);

	return fd < 0 ? -errno : fd;
}

TEST_F(node, a_region_is_on_one_node)
{
	close(self->dev);
	ASSERT_EQ(0, vmem_unload());
	EXPECT_EQ(EINVAL, base_load(region_text(self->region.size,
						self->region.start)));
	ASSERT_EQ(0, base_load(self->regions));
	ASSERT_EQ(0, engine_load());
	self->dev = vmem_open();
	EXPECT_EQ(self->half, node_value(0, "total_bytes"));
	EXPECT_EQ(self->half, node_value(1, "total_bytes"));
}

TEST_F_TIMEOUT(node, bind_takes_nothing_elsewhere, 120)
{
	int fd = node_alloc(self->dev, self->half, 0, VMEM_POLICY_BIND, 2);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(self->half, node_free(0));
	EXPECT_EQ(0, node_free(1));
	EXPECT_EQ(-ENOMEM, node_alloc(self->dev, SLICE, 0, VMEM_POLICY_BIND, 2));
	EXPECT_EQ(-ENOMEM, node_alloc(self->dev, self->half + SLICE, 0,
				      VMEM_POLICY_BIND, 1));
	EXPECT_EQ(-ENOMEM, node_alloc(self->dev, SLICE, 0, VMEM_POLICY_BIND, 4));
	close(fd);
	fd = node_alloc(self->dev, 2 * self->half, 0, VMEM_POLICY_BIND, 3);
	EXPECT_GE(fd, 0);
	close(fd);
}

TEST_F_TIMEOUT(node, prefer_goes_on_elsewhere, 120)
{
	int near = node_alloc(self->dev, 8 * SLICE, 0, VMEM_POLICY_PREFER, 2);
	int both;

	ASSERT_GE(near, 0);
	EXPECT_EQ(self->half, node_free(0));
	EXPECT_EQ(self->half - 8 * SLICE, node_free(1));
	both = node_alloc(self->dev, self->half, 0, VMEM_POLICY_PREFER, 2);
	ASSERT_GE(both, 0);
	EXPECT_EQ(self->half - 8 * SLICE, node_free(0));
	EXPECT_EQ(0, node_free(1));
	close(near);
	close(both);
}

/* Without a mask: where the caller runs. */
TEST_F_TIMEOUT(node, prefer_starts_at_home, 120)
{
	cpu_set_t last, old;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int fd;

	sched_getaffinity(0, sizeof(old), &old);
	CPU_ZERO(&last);
	CPU_SET(cpus - 1, &last);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(last), &last));
	fd = vmem_alloc(self->dev, 4 * SLICE, 0, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(self->half - 4 * SLICE, node_free(1));
	close(fd);
	sched_setaffinity(0, sizeof(old), &old);
}

TEST_F_TIMEOUT(node, interleave_takes_from_all, 120)
{
	int fd = node_alloc(self->dev, 100 * SLICE, 0, VMEM_POLICY_INTERLEAVE,
			    3), more;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(self->half - 50 * SLICE, node_free(0));
	EXPECT_EQ(self->half - 50 * SLICE, node_free(1));
	/* One of them runs out. */
	more = node_alloc(self->dev, self->half - 50 * SLICE, 0,
			  VMEM_POLICY_BIND, 1);
	ASSERT_GE(more, 0);
	close(fd);
	fd = node_alloc(self->dev, self->half, 0, VMEM_POLICY_INTERLEAVE, 3);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(50 * SLICE, node_free(0) + node_free(1));
	close(fd);
	close(more);
}

TEST_F_TIMEOUT(node, interleaves_blocks, 120)
{
	int fd;

	if (!node_value(0, "free_blocks") || !node_value(1, "free_blocks"))
		SKIP(return, "not a whole block on each node");
	fd = node_alloc(self->dev, 2 * BLOCK, BLOCK, VMEM_POLICY_INTERLEAVE, 3);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(self->half - BLOCK, node_free(0));
	EXPECT_EQ(self->half - BLOCK, node_free(1));
	EXPECT_EQ(self->region.start / BLOCK, vmem_phys(fd, 0) / BLOCK);
	close(fd);
	EXPECT_EQ(-ENOMEM, node_alloc(self->dev, 2 * BLOCK, BLOCK,
				      VMEM_POLICY_BIND, 2));
}

static int zeroed(int node)
{
	int i;

	for (i = 0; i < 3000 && node_value(node, "dirty_bytes"); i++)
		usleep(10000);
	return !node_value(node, "dirty_bytes");
}

/* Each node has threads of its own. */
TEST_F_TIMEOUT(node, zeroes_on_each, 120)
{
	ASSERT_EQ(0, zero_percent("100"));
	EXPECT_TRUE(zeroed(0));
	EXPECT_TRUE(zeroed(1));
	EXPECT_EQ(self->half, node_value(1, "clean_bytes"));
}

TEST_HARNESS_MAIN

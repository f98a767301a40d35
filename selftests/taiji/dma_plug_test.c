// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that come while everything that can go out goes: what finds its memory by
 * physical address (the ITS and its table for each device, the SMMU's tables, queues)
 * gets new memory each time. In a machine of scripts/vm --dma residency --nvme --net.
 */

#include <dirent.h>

#include "kselftest_harness.h"
#include "churn.h"
#include "squeeze.h"

#define SIZE	(2 * SECTION)
#define STEP	(64 * 1024)
#define TIMES	4
#define PCI	"/sys/bus/pci/"
#define LOAD	"/opt/t/tests/taiji/net_load 1 1500 100000"

FIXTURE(switched) {
	char *p;
	char *busy;
	struct churn churn;
	struct squeeze squeeze;
};

FIXTURE_SETUP(switched)
{
	ASSERT_EQ(0, taiji_load());
	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_GT(sysfs_number(TAIJI "swappable"), 0);
	self->p = taiji_map(SIZE);
	self->busy = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
	ASSERT_NE(NULL, self->busy);
	ASSERT_EQ(0, churn_start(&self->churn, self->busy, SIZE));
	ASSERT_EQ(0, squeeze_start(&self->squeeze));
}

FIXTURE_TEARDOWN(switched)
{
	squeeze_stop(&self->squeeze);
	EXPECT_EQ(0, churn_stop(&self->churn));
	munmap(self->p, SIZE);
	munmap(self->busy, SIZE);
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload());
}

/* The PCI function that is above a device of a class: its name. */
static bool pci_of(const char *path, char name[32])
{
	char target[512], *p, *at = NULL;
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = 0;
	for (p = strtok(target, "/"); p; p = strtok(NULL, "/")) {
		if (!strncmp(p, "0000:", 5))
			at = p;
	}
	if (at)
		snprintf(name, 32, "%s", at);
	return at;
}

static bool replug(const char *path, const char *name)
{
	char remove[128];
	int i;

	snprintf(remove, sizeof(remove), PCI "devices/%s/remove", name);
	if (sysfs_write(remove, "1") || !access(path, F_OK) || sysfs_write(PCI "rescan", "1"))
		return false;
	/* Its driver may look for it in the background. */
	for (i = 0; i < 1000 && access(path, F_OK); i++)
		usleep(10000);
	return !access(path, F_OK);
}

/* Interrupts that the ITS has delivered for this driver. */
static unsigned long long count_interrupts(const char *what)
{
	FILE *f = fopen("/proc/interrupts", "r");
	unsigned long long sum = 0;
	char line[512], *p;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strstr(line, what) || !strstr(line, "ITS"))
			continue;
		for (p = strchr(line, ':') + 1; strspn(p, " 0123456789"); ) {
			char *end;
			unsigned long long n = strtoull(p, &end, 10);

			if (end == p)
				break;
			sum += n;
			p = end;
		}
	}
	if (f)
		fclose(f);
	return sum;
}

static bool disk_is_right(const char *path, char *p, uint64_t salt)
{
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	bool right = fd >= 0;
	size_t at;

	taiji_fill(p, SIZE, salt);
	for (at = 0; right && at < SIZE; at += STEP)
		right = pwrite(fd, p + at, STEP, at) == STEP;
	memset(p, 0xa5, SIZE);
	for (at = 0; right && at < SIZE; at += STEP)
		right = pread(fd, p + at, STEP, at) == STEP;
	close(fd);
	return right && !taiji_verify(p, SIZE, salt);
}

TEST_F_TIMEOUT(switched, nvme_comes_and_goes, 400)
{
	char name[32];
	int i;

	if (!pci_of("/sys/class/nvme/nvme0", name))
		SKIP(return, "no NVMe disk");
	for (i = 0; i < TIMES; i++) {
		ASSERT_TRUE(replug("/dev/nvme0n1", name));
		ASSERT_TRUE(disk_is_right("/dev/nvme0n1", self->p, i + 1));
		EXPECT_GT(count_interrupts("nvme"), 0);
	}
}

TEST_F_TIMEOUT(switched, a_network_card_comes_and_goes, 400)
{
	char name[32];
	int i;

	if (!pci_of("/sys/class/net/eth1", name))
		SKIP(return, "no network");
	for (i = 0; i < TIMES; i++) {
		ASSERT_TRUE(replug("/sys/class/net/eth1", name));
		EXPECT_EQ(0, system(LOAD " > /run/plug.net 2>&1")) {
			system("sed 's/^/# /' /run/plug.net");
		}
	}
}

TEST_HARNESS_MAIN

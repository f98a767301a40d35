// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the series changes in KVM on arm64: memory without struct page is
 * memory for a guest, and the guest gets what is mapped and nothing beside it.
 * The guest's own code is in ordinary memory here, at 0, so that it runs on
 * any kernel.
 */
#include <linux/vmem.h>
#include <pthread.h>
#include <sys/utsname.h>

#include "kselftest_harness.h"
#include "vmem_test.h"
#include "kvm_guest.h"

#define MIB	(1024 * 1024ULL)
#define PAGE	4096
#define POOL_AT	(4ULL << 30)	/* where the guest sees memory of the pool */
#define MOVED	(8ULL << 30)

FIXTURE(kvm) {
	struct region region;
	struct kvm_guest guest;
	uint8_t *own;
	int dev;
};

static bool promised(struct kvm_guest *guest)
{
	return ioctl(guest->vm, KVM_CHECK_EXTENSION,
		     KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED) == 1;
}

FIXTURE_SETUP(kvm)
{
	if (!kvm_usable())
		SKIP(return, "no KVM");
	if (!region_find(&self->region))
		SKIP(return, "no memory kept for vmem");
	ASSERT_EQ(0, vmem_load(&self->region));
	self->dev = vmem_open();
	self->own = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->own);
	ASSERT_TRUE(kvm_guest_start(&self->guest, self->own, MIB));
}

FIXTURE_TEARDOWN(kvm)
{
	bool done = promised(&self->guest);

	kvm_guest_stop(&self->guest);
	munmap(self->own, MIB);
	close(self->dev);
	/* What was skipped is still mapped. */
	if (done)
		EXPECT_EQ(0, vmem_unload());
}

/* Does KVM take @map as memory of the guest? It says so, or it refuses. */
static bool taken(struct kvm_guest *guest, void *map, uint64_t length)
{
	uint32_t value;

	if (!kvm_guest_slot(guest, 1, POOL_AT, map, length))
		return false;
	return kvm_guest_read(guest, POOL_AT, &value) || promised(guest);
}

#define WITHOUT		"CPUs without FEAT_S2FWB and CTR_EL0.DIC"

static uint32_t guest_sees(struct kvm_guest *guest, uint64_t at)
{
	uint32_t value;

	return kvm_guest_read(guest, at, &value) ? value : 0;
}

/* ---- CPUs that cannot do it ---- */

TEST_F_TIMEOUT(kvm, refused_without_the_features, 60)
{
	void *map, *place;
	uint32_t value;

	if (promised(&self->guest))
		SKIP(return, "these CPUs have FEAT_S2FWB and CTR_EL0.DIC");
	map = vmem_map(self->dev, SLICE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_FALSE(kvm_guest_slot(&self->guest, 1, POOL_AT, map, SLICE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, system("dmesg | grep -q 'need FEAT_S2FWB and CTR_EL0.DIC'"));
	/* Nor does it come in later. */
	place = mmap(NULL, 2 * SLICE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, place);
	place = (void *)(((uintptr_t)place + SLICE - 1) & ~(SLICE - 1));
	ASSERT_TRUE(kvm_guest_slot(&self->guest, 1, POOL_AT, place, SLICE));
	ASSERT_EQ(place, mmap(place, SLICE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_FIXED, self->dev, 0));
	EXPECT_FALSE(kvm_guest_read(&self->guest, POOL_AT, &value));
	EXPECT_EQ(EFAULT, errno);
	/* Other memory is what it was. */
	EXPECT_TRUE(kvm_guest_write(&self->guest, 0x10000, PAGE));
	EXPECT_TRUE(kvm_guest_wrote(self->own, 0x10000, PAGE));
	EXPECT_TRUE(is_zero(map, SLICE));
	munmap(map, SLICE);
}

/* ---- it is memory ---- */

/* A device would not stand what is not aligned. */
TEST_F_TIMEOUT(kvm, is_normal_memory, 60)
{
	uint64_t value = 0x1122334455667788, seen;
	uint8_t *map = vmem_map(self->dev, SLICE);

	ASSERT_NE(MAP_FAILED, map);
	if (!taken(&self->guest, map, SLICE))
		SKIP(return, WITHOUT);
	ASSERT_TRUE(kvm_guest_run(&self->guest, kvm_guest_store,
				  POOL_AT + PAGE - 3, 0, value));
	memcpy(&seen, map + PAGE - 3, sizeof(seen));
	EXPECT_EQ(value, seen);
	EXPECT_TRUE(is_zero(map + PAGE + 8, SLICE - PAGE - 8));
	munmap(map, SLICE);
}

/* As firmware starts: the host's stores are there all the same. */
TEST_F_TIMEOUT(kvm, runs_with_its_mmu_off, 60)
{
	const uint64_t length = 2 * SLICE;
	uint8_t *map = vmem_map(self->dev, length);

	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, SLICE, 1);
	if (!taken(&self->guest, map, length))
		SKIP(return, WITHOUT);
	ASSERT_TRUE(kvm_guest_set(&self->guest, KVM_GUEST_SCTLR,
				  KVM_GUEST_MMU_OFF));
	EXPECT_EQ((uint32_t)pattern_at(0, 1), guest_sees(&self->guest, POOL_AT));
	EXPECT_TRUE(kvm_guest_write(&self->guest, POOL_AT + SLICE, SLICE));
	EXPECT_TRUE(kvm_guest_wrote(map, SLICE, SLICE));
	EXPECT_TRUE(pattern_check(map, SLICE, 1));
	munmap(map, length);
}

TEST_F_TIMEOUT(kvm, memory_is_moved, 60)
{
	const uint64_t length = 4 * SLICE;
	uint8_t *map = vmem_map(self->dev, length);
	uint32_t value;

	ASSERT_NE(MAP_FAILED, map);
	if (!taken(&self->guest, map, length))
		SKIP(return, WITHOUT);
	ASSERT_TRUE(kvm_guest_write(&self->guest, POOL_AT, length));
	ASSERT_TRUE(kvm_guest_slot(&self->guest, 1, MOVED, map, length));
	EXPECT_EQ(*(uint32_t *)map, guest_sees(&self->guest, MOVED));
	EXPECT_FALSE(kvm_guest_read(&self->guest, POOL_AT, &value));
	EXPECT_EQ(0, errno);
	EXPECT_TRUE(kvm_guest_write(&self->guest, MOVED, length));
	EXPECT_TRUE(kvm_guest_wrote(map, 0, length));
	munmap(map, length);
}

/* A live migration has to track what is written, and cannot here. */
TEST_F_TIMEOUT(kvm, dirty_logging_is_refused, 60)
{
	void *map = vmem_map(self->dev, SLICE);
	struct kvm_userspace_memory_region slot = {
		.slot = 1,
		.flags = KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = POOL_AT,
		.memory_size = SLICE,
		.userspace_addr = (uintptr_t)map,
	};

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, ioctl(self->guest.vm, KVM_SET_USER_MEMORY_REGION, &slot));
	EXPECT_EQ(EINVAL, errno);
	if (!taken(&self->guest, map, SLICE))
		SKIP(return, WITHOUT);
	EXPECT_EQ(-1, ioctl(self->guest.vm, KVM_SET_USER_MEMORY_REGION, &slot));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(kvm_guest_write(&self->guest, POOL_AT, SLICE));
	EXPECT_TRUE(kvm_guest_wrote(map, 0, SLICE));
	munmap(map, SLICE);
}

/* Whoever asks no VM is told nothing. */
TEST_F(kvm, a_vm_is_asked)
{
	EXPECT_EQ(-1, ioctl(self->guest.kvm, KVM_CHECK_EXTENSION,
			    KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED));
	EXPECT_EQ(EINVAL, errno);
}

/* ---- a driver that maps by pages ---- */

#define FRAMES	"/dev/vmem_frames"

/* Memory of @fd, from its start on, as that driver maps it. */
static void *frames_map(int fd, uint64_t length, const char *params)
{
	int frames, err = module_load_test("vmem_frames", params);
	void *place, *map;

	if (err)
		return MAP_FAILED;
	/* Aligned, as the memory is. */
	place = mmap(NULL, 3 * SLICE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	place = (void *)(((uintptr_t)place + SLICE - 1) & ~(SLICE - 1));
	frames = open(FRAMES, O_RDWR | O_CLOEXEC);
	map = mmap(place, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   frames, vmem_phys(fd, 0));
	close(frames);
	return map;
}

static uint64_t faults_of_writing(struct kvm_guest *guest, uint64_t at, uint64_t length)
{
	kvm_pages_watch(at, at + length);
	return kvm_guest_write(guest, at, length) ? kvm_faults() : 0;
}

/* What continues each other is one entry of the guest, as far as it goes. */
TEST_F_TIMEOUT(kvm, full_table_is_a_block, 60)
{
	const uint64_t length = 2 * SLICE - PAGE;
	int fd = vmem_alloc(self->dev, 2 * SLICE, 0, 0);
	uint8_t *map = frames_map(fd, length, "");
	struct utsname name;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, uname(&name));
	if (strncmp(name.release, "6.12.", 5))
		SKIP(goto out, "this kernel maps tables by pages");
	ASSERT_EQ(vmem_phys(fd, 0) + SLICE, vmem_phys(fd, SLICE));
	if (!taken(&self->guest, map, length))
		SKIP(goto out, WITHOUT);
	EXPECT_GT(8, faults_of_writing(&self->guest, POOL_AT, SLICE));
	EXPECT_LE(SLICE / PAGE - 1,
		  faults_of_writing(&self->guest, POOL_AT + SLICE, SLICE - PAGE));
	EXPECT_TRUE(kvm_guest_wrote(map, 0, length));
out:
	kvm_guest_slot(&self->guest, 1, POOL_AT, map, 0);
	munmap(map, length);
	EXPECT_EQ(0, module_unload("vmem_frames"));
	close(fd);
}

/* Both ends look like a block. */
TEST_F_TIMEOUT(kvm, table_with_a_gap_is_none, 60)
{
	int fd = vmem_alloc(self->dev, 2 * SLICE, 0, 0), i, strange = 0;
	uint32_t *map = frames_map(fd, SLICE, "skip=100");

	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < SLICE / PAGE; i++)
		map[i * (PAGE / 4)] = i + 1;
	if (!taken(&self->guest, map, SLICE))
		SKIP(goto out, WITHOUT);
	for (i = 0; i < SLICE / PAGE; i++)
		strange += guest_sees(&self->guest, POOL_AT + i * PAGE) != i + 1;
	EXPECT_EQ(0, strange);
out:
	kvm_guest_slot(&self->guest, 1, POOL_AT, map, 0);
	munmap(map, SLICE);
	EXPECT_EQ(0, module_unload("vmem_frames"));
	close(fd);
}

/* ---- what is not mapped is not seen ---- */

#define PIECE	(2 * SLICE)
#define PIECES	512
#define MARK	0xdeadbeef

/* All of the pool in pieces; those that stay are marked. */
static int take_pieces(int dev, int fds[PIECES])
{
	int i;

	for (i = 0; i < PIECES; i++) {
		uint32_t *map;

		fds[i] = vmem_alloc(dev, PIECE, 0, 0);
		map = vmem_map(fds[i], PIECE);
		if (map == MAP_FAILED)
			return -1;
		map[0] = MARK;
		map[SLICE / sizeof(*map)] = MARK;
		munmap(map, PIECE);
	}
	for (i = 0; i < PIECES; i++)
		if (!(vmem_phys(fds[i], 0) / PIECE % 2)) {
			close(fds[i]);
			fds[i] = -1;
		}
	return 0;
}

static int marks_lost(int fds[PIECES])
{
	int lost = 0, i;

	for (i = 0; i < PIECES; i++) {
		uint32_t *map;

		if (fds[i] < 0)
			continue;
		map = vmem_map(fds[i], PIECE);
		lost += map[0] != MARK || map[SLICE / sizeof(*map)] != MARK;
		munmap(map, PIECE);
		close(fds[i]);
	}
	return lost;
}

/* One mapping, many pieces, and between them what belongs to others. */
TEST_F_TIMEOUT(kvm, neighbours_are_not_seen, 300)
{
	int fds[PIECES], fd, strange = 0, lost = 0, i;
	uint8_t *map;

	if (self->region.size != (uint64_t)PIECES * PIECE)
		SKIP(return, "needs a pool of 2 GiB");
	ASSERT_EQ(0, take_pieces(self->dev, fds));
	fd = vmem_alloc(self->dev, BLOCK, 0, 0);
	ASSERT_GE(fd, 0);
	ASSERT_NE(vmem_phys(fd, 0) + PIECE, vmem_phys(fd, PIECE));
	map = vmem_map(fd, BLOCK);
	for (i = 0; i < BLOCK / SLICE; i++)
		*(uint32_t *)(map + i * SLICE) = i + 1;
	if (!taken(&self->guest, map, BLOCK))
		SKIP(return, WITHOUT);
	for (i = 0; i < BLOCK / SLICE; i++) {
		uint64_t at = POOL_AT + i * SLICE;

		strange += guest_sees(&self->guest, at) != i + 1;
		ASSERT_TRUE(kvm_guest_run(&self->guest, kvm_guest_store, at, 0,
					  ~i));
	}
	EXPECT_EQ(0, strange);
	for (i = 0; i < BLOCK / SLICE; i++)
		lost += *(uint32_t *)(map + i * SLICE) != (uint32_t)~i;
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, marks_lost(fds));
	munmap(map, BLOCK);
	close(fd);
}

/* A bad page is taken out of what is mapped: not only for the host. */
TEST_F_TIMEOUT(kvm, bad_page_is_out_of_reach, 60)
{
	const uint64_t length = 4 * SLICE, bad = SLICE + 5 * PAGE;
	int fd = vmem_alloc(self->dev, length, 0, 0), i;
	uint8_t *map = vmem_map(fd, length);
	uint32_t value;
	char text[32];

	ASSERT_NE(MAP_FAILED, map);
	if (!taken(&self->guest, map, length))
		SKIP(return, WITHOUT);
	ASSERT_TRUE(kvm_guest_write(&self->guest, POOL_AT, length));
	snprintf(text, sizeof(text), "%#" PRIx64, vmem_phys(fd, bad));
	ASSERT_EQ(0, sysfs_write("/sys/kernel/debug/vmem/poison", text));

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(*(uint32_t *)(map + bad - PAGE),
			  guest_sees(&self->guest, POOL_AT + bad - PAGE));
		EXPECT_EQ(*(uint32_t *)(map + bad + PAGE),
			  guest_sees(&self->guest, POOL_AT + bad + PAGE));
		EXPECT_FALSE(kvm_guest_read(&self->guest, POOL_AT + bad,
					    &value));
		EXPECT_EQ(EFAULT, errno);
	}
	/* The rest of it can be used. */
	EXPECT_TRUE(kvm_guest_write(&self->guest, POOL_AT, bad));
	EXPECT_TRUE(kvm_guest_wrote(map, 0, bad));
	EXPECT_TRUE(kvm_guest_write(&self->guest, POOL_AT + bad + PAGE,
				    length - bad - PAGE));
	EXPECT_TRUE(kvm_guest_wrote(map, bad + PAGE, length - bad - PAGE));
	munmap(map, length);
	close(fd);
}

/* ---- under a guest that runs ---- */

struct remap {
	uint8_t *map;
	uint64_t length;
	int fd;
	bool stop;
	bool failed;
	int times;
};

static void *remap_thread(void *arg)
{
	struct remap *remap = arg;
	uint64_t at = 0;

	while (!__atomic_load_n(&remap->stop, __ATOMIC_RELAXED)) {
		uint8_t *piece = remap->map + at;

		if (mmap(piece, SLICE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, remap->fd, at) != piece)
			remap->failed = true;
		remap->times++;
		at = (at + 3 * SLICE) % remap->length;
	}
	return NULL;
}

/* Page tables go and come back while the guest writes, and nothing is lost. */
TEST_F_TIMEOUT(kvm, mapped_anew_under_a_guest, 200)
{
	const uint64_t length = 8 * SLICE;
	int fd = vmem_alloc(self->dev, length, 0, 0), round;
	struct remap remap = {
		.map = vmem_map(fd, length),
		.length = length,
		.fd = fd,
	};
	pthread_t thread;

	ASSERT_NE(MAP_FAILED, remap.map);
	if (!taken(&self->guest, remap.map, length))
		SKIP(return, WITHOUT);
	ASSERT_EQ(0, pthread_create(&thread, NULL, remap_thread, &remap));
	for (round = 0; round < 10; round++) {
		EXPECT_TRUE(kvm_guest_write(&self->guest, POOL_AT, length));
		EXPECT_TRUE(kvm_guest_wrote(remap.map, 0, length));
		memset(remap.map, 0, length);
	}
	__atomic_store_n(&remap.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_FALSE(remap.failed);
	EXPECT_LT(10, remap.times);
	munmap(remap.map, length);
	close(fd);
}

TEST_HARNESS_MAIN

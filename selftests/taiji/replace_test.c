// SPDX-License-Identifier: GPL-2.0-only
/* Engines come and go, while the system is not switched and while it is. */

#include "kselftest_harness.h"
#include "churn.h"

#define SIZE	(12 * SECTION)

static int load_next(const char *wrong)
{
	char params[64];

	snprintf(params, sizeof(params), "wrong=%s", wrong);
	return module_load_test("taiji_engine_next", *wrong ? params : "");
}

static bool engine_is(const char *version)
{
	char buf[32];

	return !sysfs_read(TAIJI "engine", buf, sizeof(buf)) && !strcmp(buf, version);
}

FIXTURE(loaded) {
	char *p;
};

FIXTURE_SETUP(loaded)
{
	ASSERT_EQ(0, taiji_load());
	self->p = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
}

FIXTURE_TEARDOWN(loaded)
{
	munmap(self->p, SIZE);
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload_any());
}

TEST_F(loaded, last_one_is_used)
{
	EXPECT_TRUE(engine_is("0.1"));
	ASSERT_EQ(0, load_next(""));
	EXPECT_TRUE(engine_is("next"));
	EXPECT_EQ(0, module_unload("taiji_engine"));
	EXPECT_TRUE(engine_is("next"));
	EXPECT_EQ(0, taiji_switch("on"));
	EXPECT_EQ(0, taiji_switch("off"));

	/* When the one that is used goes, the other is. */
	ASSERT_EQ(0, module_load("taiji_engine", ""));
	EXPECT_TRUE(engine_is("0.1"));
	EXPECT_EQ(0, module_unload("taiji_engine"));
	EXPECT_TRUE(engine_is("next"));
	EXPECT_EQ(0, module_unload("taiji_engine_next"));
	EXPECT_TRUE(engine_is("none"));
	EXPECT_EQ(ENODEV, taiji_switch("on"));
}

static const char * const broken[] = {
	"abi", "magic", "version", "short", "size", "text", "entry", "odd",
};

TEST_F(loaded, broken_ones_are_refused)
{
	size_t i;

	for (i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		EXPECT_EQ(EINVAL, load_next(broken[i])) {
			TH_LOG("wrong: %s", broken[i]);
		}
		EXPECT_TRUE(engine_is("0.1"));
	}
	EXPECT_EQ(0, taiji_switch("on"));
	for (i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		EXPECT_EQ(EINVAL, load_next(broken[i]));
	EXPECT_TRUE(engine_is("0.1"));
}

TEST_F(loaded, one_that_declines_changes_nothing)
{
	ASSERT_EQ(0, taiji_switch("on"));
	taiji_fill(self->p, SIZE, 3);
	ASSERT_EQ(SIZE / SECTION, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
	EXPECT_EQ(EINVAL, load_next("declines"));
	EXPECT_TRUE(engine_is("0.1"));
	EXPECT_EQ(0, taiji_verify(self->p, SIZE, 3));
	EXPECT_EQ(0, load_next(""));
	EXPECT_TRUE(engine_is("next"));
}

TEST_F(loaded, the_one_in_use_stays)
{
	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_EQ(0, load_next(""));
	EXPECT_EQ(EWOULDBLOCK, module_unload("taiji_engine_next"));
	EXPECT_EQ(0, module_unload("taiji_engine"));
	ASSERT_EQ(0, module_load("taiji_engine", ""));
	EXPECT_EQ(EWOULDBLOCK, module_unload("taiji_engine"));
	EXPECT_EQ(0, module_unload("taiji_engine_next"));
}

/* What is out was put there by one engine, and comes in by the other. */
TEST_F_TIMEOUT(loaded, again_and_again_under_load, 200)
{
	const char *from = "taiji_engine", *to = "taiji_engine_next", *other;
	struct churn churn;
	int n;

	ASSERT_EQ(0, taiji_switch("on"));
	ASSERT_EQ(0, churn_start(&churn, self->p, SIZE));
	for (n = 0; n < 60; n++) {
		ASSERT_EQ(0, n % 2 ? module_load(to, "") : load_next(""));
		ASSERT_EQ(0, module_unload(from));
		other = from;
		from = to;
		to = other;
	}
	EXPECT_EQ(0, churn_stop(&churn));
	EXPECT_GT(sysfs_number(STATS "swap_in"), 0);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing that EL2 executes can be written, at EL2 or by the host, whatever the memory was before.
 * The kernel tells what EL2 has mapped (the series, "Show in debugfs what EL2 has mapped").
 */

#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "taiji_test.h"

#define TABLE	"/sys/kernel/debug/el2_page_table"
#define HIDDEN	"/sys/kernel/debug/taiji/hidden"
#define SIZE	(8 * SECTION)
#define MAX	16384

struct range {
	unsigned long long start;
	unsigned long long end;		/* the last byte */
};

struct entry {
	struct range pa;
	bool write;
	bool execute;
	bool host;	/* has a mapping, too */
};

struct table {
	unsigned int nr;
	struct entry entries[MAX];
};

static bool overlap(struct range a, struct range b)
{
	return a.start <= b.end && b.start <= a.end;
}

static int read_table(struct table *table)
{
	FILE *f = fopen(TABLE, "r");
	struct range va;
	char line[128], rights[4], host[8];

	table->nr = 0;
	if (!f)
		return errno;
	while (table->nr < MAX && fgets(line, sizeof(line), f)) {
		struct entry *e = &table->entries[table->nr++];
		int n = sscanf(line, "%llx-%llx %llx %3s %7s", &va.start, &va.end, &e->pa.start,
			       rights, host);

		if (n < 4)
			break;
		e->pa.end = e->pa.start + (va.end - va.start);
		e->write = rights[1] == 'w';
		e->execute = rights[2] == 'x';
		e->host = n == 5 && !strcmp(host, "host");
	}
	if (!feof(f) || !table->nr) {
		printf("# cannot read: %s", line);
		table->nr = 0;
	}
	fclose(f);
	return table->nr ? 0 : EINVAL;
}

/* What is called @name in a file of lines that begin with a range. */
static struct range find_range(const char *path, const char *name)
{
	struct range range = { 1, 0 };
	FILE *f = fopen(path, "r");
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = strstr(line, name);

		if (at && sscanf(line, "%llx-%llx", &range.start, &range.end) == 2)
			break;
	}
	if (f)
		fclose(f);
	return range;
}

static bool within(struct range a, struct range b)
{
	return a.start >= b.start && a.end <= b.end;
}

/* How many executable entries can be written, by whatever mapping. */
static unsigned int writable_text(const struct table *table)
{
	struct range kernel = find_range("/proc/iomem", "Kernel code");
	unsigned int bad = 0, i, k;

	for (i = 0; i < table->nr; i++) {
		const struct entry *text = &table->entries[i];

		for (k = 0; text->execute && k < table->nr; k++) {
			const struct entry *e = &table->entries[k];

			if (e->write && overlap(e->pa, text->pa)) {
				printf("# %#llx-%#llx is text, and writable at EL2\n",
				       text->pa.start, text->pa.end);
				bad++;
			}
		}
		/* The kernel protects its own text itself. */
		if (text->execute && text->host && !within(text->pa, kernel)) {
			printf("# %#llx-%#llx is text, and the host can write it\n",
			       text->pa.start, text->pa.end);
			bad++;
		}
	}
	return bad;
}

static unsigned int text_of_modules(const struct table *table)
{
	struct range kernel = find_range("/proc/iomem", "Kernel code");
	unsigned int n = 0, i;

	for (i = 0; i < table->nr; i++)
		n += table->entries[i].execute && !within(table->entries[i].pa, kernel);
	return n;
}

/* Writable entries of the second that the first has no part of. */
static unsigned int left_over(const struct table *before, const struct table *after)
{
	unsigned int n = 0, i, k;

	for (i = 0; i < after->nr; i++) {
		if (!after->entries[i].write)
			continue;
		for (k = 0; k < before->nr; k++)
			if (before->entries[k].write &&
			    overlap(before->entries[k].pa, after->entries[i].pa))
				break;
		if (k < before->nr)
			continue;
		n++;
	}
	return n;
}

FIXTURE(loaded) {
	struct table *table;
	struct table *before;
	char *p;
};

FIXTURE_SETUP(loaded)
{
	self->table = malloc(sizeof(*self->table));
	self->before = malloc(sizeof(*self->before));
	ASSERT_TRUE(self->table && self->before);
	ASSERT_EQ(0, taiji_load());
	self->p = taiji_map(SIZE);
	ASSERT_NE(NULL, self->p);
}

FIXTURE_TEARDOWN(loaded)
{
	munmap(self->p, SIZE);
	EXPECT_EQ(0, taiji_switch("off"));
	EXPECT_EQ(0, taiji_unload_any());
	free(self->before);
	free(self->table);
}

#define EXPECT_NO_WRITABLE_TEXT() do {				\
	ASSERT_EQ(0, read_table(self->table));			\
	EXPECT_EQ(0, writable_text(self->table));		\
} while (0)

TEST_F(loaded, text_of_an_engine_is_seen)
{
	struct range hidden;
	unsigned int i;

	EXPECT_NO_WRITABLE_TEXT();
	EXPECT_EQ(1, text_of_modules(self->table));

	/* The host has no way there at all while it is switched. */
	ASSERT_EQ(0, taiji_switch("on"));
	EXPECT_NO_WRITABLE_TEXT();
	EXPECT_EQ(1, text_of_modules(self->table));
	hidden = find_range(HIDDEN, "engine");
	for (i = 0; i < self->table->nr; i++)
		if (self->table->entries[i].execute && !self->table->entries[i].host)
			EXPECT_TRUE(within(self->table->entries[i].pa, hidden));
}

/* Until the next time, EL2 sees nothing of what it saw. */
TEST_F(loaded, nothing_is_left_behind)
{
	int n;

	for (n = 0; n < 5; n++) {
		ASSERT_EQ(0, read_table(self->before));
		ASSERT_EQ(0, taiji_switch("on"));
		taiji_fill(self->p, SIZE, n);
		EXPECT_LT(0, taiji_range(TAIJI_IOC_OUT, self->p, SIZE));
		ASSERT_EQ(0, read_table(self->table));
		EXPECT_LT(0, left_over(self->before, self->table));
		EXPECT_EQ(0, taiji_verify(self->p, SIZE, n));
		ASSERT_EQ(0, taiji_switch("off"));
		EXPECT_NO_WRITABLE_TEXT();
		EXPECT_EQ(0, left_over(self->before, self->table)) {
			TH_LOG("EL2 sees memory that went back");
		}
	}
}

TEST_F(loaded, another_engine_is_no_exception)
{
	int n;

	ASSERT_EQ(0, taiji_switch("on"));
	for (n = 0; n < 5; n++) {
		ASSERT_EQ(0, module_load_test("taiji_engine_next", ""));
		EXPECT_NO_WRITABLE_TEXT();
		EXPECT_EQ(2, text_of_modules(self->table));
		ASSERT_EQ(0, module_unload("taiji_engine"));
		EXPECT_NO_WRITABLE_TEXT();
		ASSERT_EQ(0, module_load("taiji_engine", ""));
		EXPECT_NO_WRITABLE_TEXT();
		ASSERT_EQ(0, module_unload("taiji_engine_next"));
		EXPECT_NO_WRITABLE_TEXT();
	}
}

/* KVM never takes back what it showed to EL2 of a VM. */
static int make_vms(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm[16], cpu[16], i, n = 0;

	for (i = 0; i < 16; i++) {
		vm[i] = ioctl(kvm, KVM_CREATE_VM, 0);
		cpu[i] = ioctl(vm[i], KVM_CREATE_VCPU, 0);
		n += cpu[i] >= 0;
	}
	for (i = 0; i < 16; i++) {
		close(cpu[i]);
		close(vm[i]);
	}
	close(kvm);
	return n;
}

TEST_F(loaded, an_engine_comes_where_others_were)
{
	int n;

	for (n = 0; n < 10; n++) {
		EXPECT_EQ(16, make_vms());
		ASSERT_EQ(0, taiji_switch("on"));
		ASSERT_EQ(0, taiji_switch("off"));
		ASSERT_EQ(0, module_load_test("taiji_engine_next", ""));
		ASSERT_EQ(0, module_unload("taiji_engine"));
		EXPECT_NO_WRITABLE_TEXT();
		ASSERT_EQ(0, module_load("taiji_engine", ""));
		ASSERT_EQ(0, module_unload("taiji_engine_next"));
		EXPECT_NO_WRITABLE_TEXT();
	}
}

TEST_HARNESS_MAIN

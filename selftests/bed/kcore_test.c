// SPDX-License-Identifier: GPL-2.0-only
/* /proc/kcore is the kernel's memory, as debuggers read it. */

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

static unsigned long address_of(const char *symbol)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long at, found = 0;
	char name[256];

	while (f && !found && fscanf(f, "%lx %*c %255s%*[^\n]", &at, name) == 2)
		if (!strcmp(name, symbol))
			found = at;
	if (f)
		fclose(f);
	return found;
}

/* Returns what read() does. */
static ssize_t read_kernel(int fd, unsigned long at, void *to, size_t size)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;
	int i;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return -1;
	for (i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &part, sizeof(part), head.e_phoff + i * sizeof(part)) != sizeof(part))
			return -1;
		if (part.p_type == PT_LOAD && at - part.p_vaddr < part.p_memsz)
			return pread(fd, to, size, part.p_offset + at - part.p_vaddr);
	}
	return 0;
}

TEST(says_who_it_is)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	unsigned long at = address_of("linux_banner");
	char banner[128], version[128];
	FILE *f = fopen("/proc/version", "r");

	ASSERT_GE(fd, 0);
	ASSERT_NE(NULL, f);
	ASSERT_NE(0, at);
	ASSERT_EQ(sizeof(version), fread(version, 1, sizeof(version), f));
	ASSERT_EQ(sizeof(banner), read_kernel(fd, at, banner, sizeof(banner)));
	EXPECT_EQ(0, memcmp(banner, version, sizeof(banner)));
	fclose(f);
	close(fd);
}

TEST_HARNESS_MAIN

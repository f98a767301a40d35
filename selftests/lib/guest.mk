# SPDX-License-Identifier: GPL-2.0-only
# Builds the programs that a suite runs in a guest.  scripts/build calls it in
# the suite's directory with OUT, CROSS_COMPILE, MACHINE (uname -m), HEADERS (the
# kernel's, for user space), KSRC and SYSROOT.
#
# The suite's Makefile sets, as the kernel's do, TEST_GEN_PROGS, TEST_PROGS for
# scripts, TEST_GEN_FILES for what it has rules of its own for, and TEST_GEN_MODS_DIR
# for modules; those with _<machine> and, for one program, SRCS_<name>, OBJS_<name>,
# CFLAGS_<name> and LDLIBS_<name> are our own.

include Makefile

CC := $(CROSS_COMPILE)gcc
TOP := ../..
CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wno-sign-compare \
	  -Wno-missing-field-initializers -Wno-unused-parameter -Wno-clobbered -Werror -D_GNU_SOURCE \
	  -I$(TOP)/include/uapi -I$(TOP)/include -I$(TOP)/selftests/lib \
	  -isystem $(KSRC)/tools/testing/selftests -isystem $(HEADERS) -isystem $(SYSROOT)/include
LDFLAGS := -static -pthread -L$(SYSROOT)/lib

PROGS := $(TEST_GEN_PROGS) $(TEST_GEN_PROGS_$(MACHINE))

FILES := $(TEST_GEN_FILES) $(TEST_GEN_FILES_$(MACHINE))

all: $(PROGS:%=$(OUT)/%) $(TEST_PROGS:%=$(OUT)/%) $(FILES:%=$(OUT)/%) | $(OUT)

# Where scripts/build finds modules.
mods-dir:
	@echo $(TEST_GEN_MODS_DIR)

.SECONDEXPANSION:
$(OUT)/%: %.c $$(SRCS_$$*) $$(OBJS_$$*) $(MAKEFILE_LIST) | $(OUT)
	$(CC) $(CFLAGS) $(CFLAGS_$*) -MMD -MP -MF $(OUT)/.$*.d -o $@ $< $(SRCS_$*) $(OBJS_$*) \
		$(LDFLAGS) $(LDLIBS_$*)

$(TEST_PROGS:%=$(OUT)/%): $(OUT)/%: % | $(OUT)
	cp $< $@

$(OUT):
	mkdir -p $@

-include $(wildcard $(OUT)/.*.d)
.PHONY: all mods-dir

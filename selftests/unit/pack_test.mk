# SPDX-License-Identifier: GPL-2.0-only
# The pack core of vmem_engine in user space, under ASan and UBSan.
#
#	make -f <this file> check [STEPS=n] [SEED=n] [OUT=dir]

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
OUT ?= $(ROOT)/out/unit
STEPS ?= 200000
SEED ?= 1

CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-sign-compare \
	  -fsanitize=address,undefined -fno-sanitize-recover=all \
	  -I$(ROOT)/include -I$(ROOT)/include/uapi

$(OUT)/pack_test: $(ROOT)/selftests/unit/pack_test.c \
		  $(wildcard $(ROOT)/vmem/engine/pack.*) \
		  $(ROOT)/include/linux/vmem_engine.h
	mkdir -p $(OUT)
	$(CC) $(CFLAGS) -o $@ $<

check: $(OUT)/pack_test
	$(OUT)/pack_test $(STEPS) $(SEED)

.PHONY: check

# SPDX-License-Identifier: GPL-2.0-only
# The pack core of vmem_engine in user space, under ASan and UBSan: a random test
# against a model, for as many steps as wanted, and the simulation of target V7.
#
#	make -f <this file> check [STEPS=n] [SEED=n] [OUT=dir]

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
OUT ?= $(ROOT)/out/unit
STEPS ?= 200000
SEED ?= 1

CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-sign-compare \
	  -fsanitize=address,undefined -fno-sanitize-recover=all \
	  -I$(ROOT)/include -I$(ROOT)/include/uapi

all: $(OUT)/pack_test $(OUT)/pack_sim $(OUT)/zero_bench

# Timed, and so without sanitizers.
$(OUT)/zero_bench: $(ROOT)/selftests/unit/zero_bench.c $(ROOT)/vmem/base/zero_fill.h
	mkdir -p $(OUT)
	$(CC) -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -o $@ $<

$(OUT)/%: $(ROOT)/selftests/unit/%.c $(ROOT)/selftests/unit/pack_host.h \
	  $(wildcard $(ROOT)/vmem/engine/pack.*) \
	  $(ROOT)/include/linux/vmem_engine.h
	mkdir -p $(OUT)
	$(CC) $(CFLAGS) -o $@ $<

check: all
	$(OUT)/pack_test $(STEPS) $(SEED)
	$(OUT)/pack_sim $(SEED)

.PHONY: all check

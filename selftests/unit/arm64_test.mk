# SPDX-License-Identifier: GPL-2.0-only
# The code of EL2 that is plain C, in a process of any machine, under ASan and UBSan: taiji's arch/arm64, and payload.c
# of the series, out of a patched kernel. What is an instruction there is a note here.
#
#	make -f <this file> KSRC=<patched kernel source> check [OUT=dir]

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
OUT ?= $(ROOT)/out/unit
UNIT := $(ROOT)/selftests/unit
ARM64 := $(ROOT)/taiji/arch/arm64
ENGINE := $(ROOT)/taiji/engine

CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -fno-strict-aliasing \
	  -fsanitize=address,undefined -fno-sanitize-recover=all

all: $(OUT)/arm64_test $(OUT)/hyp_test

$(OUT)/arm64_test: $(UNIT)/arm64_test.c $(ARM64)/stage2.c $(ARM64)/tlb.c $(ARM64)/machine.c $(ENGINE)/arena.c \
		   $(wildcard $(ENGINE)/*.h) $(UNIT)/arm64_machine.h $(UNIT)/tap.h $(ROOT)/include/linux/taiji_call.h
	mkdir -p $(OUT)
	$(CC) $(CFLAGS) -I$(ROOT)/include -I$(ENGINE) -I$(UNIT) -include $(UNIT)/arm64_machine.h -o $@ $(filter %.c,$^)

# The file includes the series' two headers, and others that are empty here: hyp_host.h comes before all.
HYP := $(OUT)/hyp
HYP_SOURCE := $(KSRC)/arch/arm64/kvm/hyp/nvhe/payload.c
HYP_OURS := asm/kvm_payload.h nvhe/payload.h

$(OUT)/hyp_test: $(UNIT)/hyp_test.c $(HYP_SOURCE) $(UNIT)/hyp_host.h $(UNIT)/tap.h
	rm -rf $(HYP)
	mkdir -p $(HYP)/asm $(HYP)/hyp $(HYP)/linux $(HYP)/nvhe
	cp $(KSRC)/arch/arm64/include/asm/kvm_payload.h $(HYP)/asm/
	cp $(KSRC)/arch/arm64/kvm/hyp/include/nvhe/payload.h $(HYP)/nvhe/
	cd $(HYP) && for h in $$(sed -n '/errno/!s,^#include <\(.*\)>,\1,p' $(HYP_SOURCE) $(HYP_OURS)); do \
		[ -e $$h ] || : > $$h; \
	done
	$(CC) $(CFLAGS) -Wno-unused-parameter -DCONFIG_KVM_PAYLOAD -I$(HYP) -I$(UNIT) -include $(UNIT)/hyp_host.h -o $@ $(filter %.c,$^)

check: all
	$(OUT)/arm64_test
	$(OUT)/hyp_test

.PHONY: all check

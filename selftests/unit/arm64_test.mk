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

all: $(OUT)/arm64_test $(OUT)/hyp_test $(OUT)/payload_test

$(OUT)/arm64_test: $(UNIT)/arm64_test.c $(ARM64)/stage2.c $(ARM64)/tlb.c $(ARM64)/machine.c $(ENGINE)/arena.c \
		   $(ENGINE)/gib.c $(wildcard $(ENGINE)/*.h) $(UNIT)/arm64_machine.h $(ARM64)/env.h $(UNIT)/tap.h $(ROOT)/include/linux/taiji_call.h
	mkdir -p $(OUT)
	$(CC) $(CFLAGS) -I$(ROOT)/include -I$(ENGINE) -I$(ARM64) -I$(UNIT) -include $(UNIT)/arm64_machine.h -o $@ $(filter %.c,$^)

# What is of the series includes its own headers, KVM's kvm_pgtable.h, and others that are empty here: the test's header
# comes before all. Of KVM's page tables the part before stage 2 is enough.
KVM := $(KSRC)/arch/arm64/kvm
ASM := $(KSRC)/arch/arm64/include/asm

# empty_headers DIRECTORY,FILES...
empty_headers = cd $(1) && for h in $$(sed -n '/errno/!s,^\#include <\(.*\)>,\1,p' $(2)); do \
		[ -e $$h ] || { mkdir -p $$(dirname $$h) && : > $$h; } || exit 1; \
	done

$(OUT)/hyp_test: $(UNIT)/hyp_test.c $(KVM)/hyp/nvhe/payload.c $(UNIT)/hyp_host.h $(UNIT)/tap.h
	rm -rf $(OUT)/hyp
	mkdir -p $(OUT)/hyp/asm $(OUT)/hyp/nvhe
	cp $(ASM)/kvm_payload.h $(OUT)/hyp/asm/
	cp $(KVM)/hyp/include/nvhe/payload.h $(OUT)/hyp/nvhe/
	$(call empty_headers,$(OUT)/hyp,$(KVM)/hyp/nvhe/payload.c asm/kvm_payload.h nvhe/payload.h)
	$(CC) $(CFLAGS) -Wno-unused-parameter -DCONFIG_KVM_PAYLOAD -I$(OUT)/hyp -I$(UNIT) -include $(UNIT)/hyp_host.h \
		-o $@ $(filter %.c,$^)

$(OUT)/payload_test: $(UNIT)/payload_test.c $(KVM)/payload.c $(KVM)/hyp/pgtable.c $(UNIT)/payload_host.h $(UNIT)/tap.h
	rm -rf $(OUT)/payload
	mkdir -p $(OUT)/payload/asm
	cp $(ASM)/kvm_payload.h $(ASM)/kvm_pgtable.h $(OUT)/payload/asm/
	sed '/^struct stage2_map_data/,$$d' $(KVM)/hyp/pgtable.c > $(OUT)/payload/pgtable.c
	$(call empty_headers,$(OUT)/payload,$(KVM)/payload.c pgtable.c asm/kvm_payload.h asm/kvm_pgtable.h)
	$(CC) $(CFLAGS) -Wno-unused -Wno-unused-parameter -DCONFIG_KVM_PAYLOAD -I$(OUT)/payload -I$(UNIT) \
		-include $(UNIT)/payload_host.h -include asm/kvm_pgtable.h -o $@ $(UNIT)/payload_test.c $(KVM)/payload.c $(OUT)/payload/pgtable.c

check: all
	$(OUT)/arm64_test
	$(OUT)/hyp_test
	$(OUT)/payload_test

.PHONY: all check

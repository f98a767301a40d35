# SPDX-License-Identifier: GPL-2.0-only
#
# vmem and taiji: the modules are built by the kernel's own Kbuild, everything
# else by scripts/.  "make help" lists the targets.

KDIR ?= /lib/modules/$(shell uname -r)/build

SUITE ?=
T ?=
B ?=
FRESH ?=
HOURS ?= 1

all: modules

modules modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

clean:
	rm -rf out
	$(if $(wildcard $(KDIR)/Makefile),$(MAKE) -C $(KDIR) M=$(CURDIR) $@)

deps:
	scripts/deps

check: deps
	scripts/check $(if $(SUITE),--suite $(SUITE)) $(if $(T),--test $(T)) $(if $(FRESH),--fresh)

soak: deps
	scripts/soak $(HOURS)

bench: deps
	scripts/bench $(B)

lint: deps
	scripts/lint

demo: deps
	scripts/demo

help:
	@echo 'Modules:'
	@echo '  make                   build vmem.ko and, for arm64, taiji.ko against KDIR'
	@echo '                         (default: the running kernel; ARCH= and'
	@echo '                         CROSS_COMPILE= as for the kernel)'
	@echo '  make modules_install   install them below INSTALL_MOD_PATH'
	@echo '  make clean             remove all that was built, not the cache'
	@echo
	@echo 'In QEMU, on any Debian 12 or 13 (amd64):'
	@echo '  make demo              the whole story, once through, with figures'
	@echo '  make check             lint and every test'
	@echo '       SUITE=name        one suite: lint bed unit switch swap dma vmem vfio'
	@echo '       T=name            one test'
	@echo '       FRESH=1           also what has passed before on the same inputs'
	@echo '  make soak              the hardest tests again and again; HOURS=n (1, or 0.05)'
	@echo '  make bench             every figure; B=name for one benchmark'
	@echo '  make lint              checkpatch, sparse, W=1, shellcheck'
	@echo '  make deps              install what these need, after saying what'
	@echo '  scripts/vm PROFILE --shell     a prompt in dpu, server-arm64, server-x86'
	@echo
	@echo 'Downloads and kernels are kept in $${XDG_CACHE_HOME:-~/.cache}/vmem-taiji.'

.PHONY: all modules modules_install clean deps check soak bench lint demo help

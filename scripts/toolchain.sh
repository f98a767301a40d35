# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced after apt.sh: the compiler that a kernel of the other Debian wants.  The
# modules of a kernel are built with what it was built with, and the programs in
# its headers want a newer C library than Debian 12 has.  So that compiler is
# unpacked beside the kernel's headers, with an interpreter and libraries of its own.

# toolchain_of RELEASE: native, or the gcc that Debian 12 lacks
toolchain_of()
{
	if [[ $1 == *+deb13* ]] && [ "$(debian_codename)" = bookworm ]; then
		echo gcc-14
	else
		echo native
	fi
}

# foreign_toolchain KERNEL: make its programs run here, and its compiler be found
foreign_toolchain()
{
	local tools

	tools=$(toolchain)
	relocate_programs "$1/root/usr/lib" "$tools"
	ln -s "$tools/usr/bin" "$1/bin"
}

# toolchain: compilers for both architectures, from Debian 13
toolchain()
{
	local specs dir

	specs=$(deb_closure kernel amd64 gcc-14-{x86-64,aarch64}-linux-gnu libelf1t64 libssl3t64 |
		grep -vE '^(debconf|perl|sensible-utils|tzdata|dpkg|tar|libc-bin)')
	dir=$CACHE/toolchain/$(hash_of <<< "$specs")
	[ -e "$dir/.complete" ] || with_lock toolchain make_toolchain
	echo "$dir"
}

make_toolchain()
{
	local debs

	[ ! -e "$dir/.complete" ] || return 0
	# shellcheck disable=SC2086 # a list
	debs=$(deb_get kernel $specs)
	say "unpacking Debian 13's compiler"
	mkdir -p "$CACHE/toolchain"
	rm -rf "$dir"
	# At its place: the programs name it.
	# shellcheck disable=SC2086
	deb_unpack "$dir" $debs
	relocate_programs "$dir/usr" "$dir"
	: > "$dir/.complete"
}

# relocate_programs DIRECTORY TOOLS: let all programs there run with the C library of
# the toolchain
relocate_programs()
{
	local f

	command -v patchelf > /dev/null || die "no patchelf: run scripts/deps"
	find "$1" -type f -perm -u+x | while read -r f; do
		patchelf --print-interpreter "$f" > /dev/null 2>&1 || continue
		patchelf --set-interpreter "$2/usr/lib64/ld-linux-x86-64.so.2" \
			 --force-rpath --set-rpath "$2/usr/lib/x86_64-linux-gnu" "$f"
	done
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the programs in scripts/: messages, cache, locks.

set -euo pipefail
shopt -s inherit_errexit nullglob
export LC_ALL=C
umask 022

# shellcheck disable=SC2034 # for those who source this
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vmem-taiji
JOBS=${JOBS:-$(nproc)}
PROG=$(basename "$0")
mkdir -p "$CACHE/lock" "$CACHE/log"

say()
{
	echo "$PROG: $*" >&2
}

die()
{
	echo "$PROG: error: $*" >&2
	exit 1
}

# hash_of: a short key for what comes on stdin
hash_of()
{
	sha256sum | cut -c1-16
}

# with_lock NAME COMMAND...: run a command while holding a lock of the cache
with_lock()
{
	local fd

	exec {fd}>"$CACHE/lock/$1"
	if ! flock -w 2 "$fd"; then
		say "waiting for another run that makes $1"
		flock "$fd"
	fi
	shift
	"$@"
	exec {fd}>&-
}

# newest FILE...: the latest first; files may be none
newest()
{
	[ $# -eq 0 ] || stat -c '%Y %n' "$@" | sort -rn | cut -d' ' -f2-
}

# prune MARKER...: whose times tell when their directories were last used.  Those
# that were not for three days are not needed, nor all of many.
prune()
{
	local f n=0

	newest "$@" | while read -r f; do
		n=$((n + 1))
		if [ -n "$(find "$f" -mmin +4320)" ] ||
		   { [ $n -gt 4 ] && [ -n "$(find "$f" -mmin +120)" ]; }; then
			rm -rf "${f%/*}"
		fi
	done
	find "$CACHE" -maxdepth 1 -name 'tmp-*' -mmin +600 -exec rm -rf {} +
}

# complaints CONSOLE: what the kernel had to complain about
complaints()
{
	awk -v known="$TOP/selftests/known-lines" -f "$TOP/scripts/splat.awk" "$1"
}

# arch_of FLAVOUR
arch_of()
{
	case $1 in
	arm64-release | arm64-debug | arm64-[0-9]*) echo arm64 ;;
	amd64-[0-9]*) echo amd64 ;;
	*) die "unknown flavour '$1': use arm64-release, arm64-debug, or Debian's own: amd64-6.12, amd64-7.3, arm64-6.12, arm64-7.3" ;;
	esac
}

# flavour_of WHERE OPTIONS: the kernel of a machine, as the tables name machines
flavour_of()
{
	case $1:$2 in
	server-*:*--kernel*)
		[[ $1 == *-arm64 ]] && echo -n arm64- || echo -n amd64-
		awk -F'--kernel ' '{ split($2, v, " "); print v[1] }' <<< "$2" ;;
	server-x86:*) echo amd64-6.12 ;;
	*--debug*) echo arm64-debug ;;
	*) echo arm64-release ;;
	esac
}

# prepare_machines: root file systems for lines of where and options, before any time
# is limited
prepare_machines()
{
	local where

	sed 's/\t.*\(--kernel [^ ]*\).*/ \1/; s/\t.*//' | sort -u | while read -r where; do
		# shellcheck disable=SC2086 # a machine and its kernel
		[ "$where" = host ] || "$TOP/scripts/vm" $where --prepare
	done
}

# is_stock FLAVOUR: Debian's own kernel
is_stock()
{
	[[ $1 == *64-[0-9]* ]]
}

# kernel_arch FLAVOUR: what Kbuild calls it
kernel_arch()
{
	case $1 in
	arm64-*) echo arm64 ;;
	*) echo x86 ;;
	esac
}

# cross_of ARCH: the prefix of the compiler
cross_of()
{
	case $1 in
	arm64) echo aarch64-linux-gnu- ;;
	amd64) echo x86_64-linux-gnu- ;;
	esac
}

# make_modules FLAVOUR KERNEL DIRECTORY [ARGUMENT...]: against a kernel of scripts/kernel,
# which may have a compiler of its own
make_modules()
{
	local flavour=$1 kernel=$2 dir=$3 args

	shift 3
	# Type information would only cost time, whatever pahole is here.
	args=(ARCH="$(kernel_arch "$flavour")" CONFIG_DEBUG_INFO_BTF_MODULES=
	      PAHOLE_VERSION='$(CONFIG_PAHOLE_VERSION)')
	[ "$(arch_of "$flavour")" != arm64 ] || args+=(CROSS_COMPILE="$(cross_of arm64)")
	[ ! -e "$kernel/bin" ] || local PATH=$kernel/bin:$PATH
	make -C "$kernel/kdir" M="$dir" "${args[@]}" "$@" -j"$JOBS" modules
}

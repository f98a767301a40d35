# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by scripts that need the kernel's source: Debian's, or KERNEL_SRC, and
# kvm-patches/ on top.

version=${KERNEL_VERSION:-6.12}
own_source=${KERNEL_SRC:-}
source_key='' pristine='' patches=()

# Debian's version of the kernel, such as 6.12.95-1~bpo12+1, as its lists say.
debian_version()
{
	local known

	with_lock apt apt_setup image
	known=$APT/image/version-$version
	if [ ! "$known" -nt "$APT/image/sources.list" ]; then
		apt_with image apt-cache show --no-all-versions "linux-source-$version" \
			2> /dev/null | sed -n 's/^Version: //p' > "$known.new" || true
		[ -s "$known.new" ] ||
			die "Debian has no linux-source-$version: KERNEL_VERSION=6.12 is supported"
		mv "$known.new" "$known"
	fi
	cat "$known"
}

# pristine_source: an unpatched tree that nobody writes to
pristine_source()
{
	local v dir

	if [ -n "$own_source" ]; then
		[ -e "$own_source/Makefile" ] || die "KERNEL_SRC=$own_source is no kernel source"
		(cd "$own_source" && pwd)
		return
	fi
	v=$(debian_version)
	dir=$CACHE/source/$v
	[ -e "$dir/Makefile" ] || with_lock source unpack_source "$v" "$dir"
	echo "$dir"
}

unpack_source()
{
	local deb tmp

	[ ! -e "$2/Makefile" ] || return 0
	deb=$(deb_get "linux-source-$version=$1")
	say "unpacking Linux $1"
	tmp=$(mktemp -d "$CACHE/tmp-XXXXXX")
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/linux-source-$version.tar.xz" |
		tar -xJ -C "$tmp" --strip-components=1
	mkdir -p "$CACHE/source"
	mv "$tmp" "$2"
}

# The patch directory of a source tree: kvm-patches/MAJOR.MINOR.
series_of()
{
	local v

	v=$(awk -F' = ' '/^VERSION/ { v = $2 } /^PATCHLEVEL/ { print v "." $2; exit }' \
	    "$1/Makefile")
	[ -d "$TOP/kvm-patches/$v" ] ||
		die "no patches for Linux $v: there is kvm-patches/$(ls -m "$TOP/kvm-patches")"
	echo "$TOP/kvm-patches/$v"
}

# The patches in order; a cover letter is none.
patches_of()
{
	local p

	for p in "$1"/*.patch; do
		case ${p##*/} in
		0000-*) ;;
		*) echo "$p" ;;
		esac
	done
}

# patched_files PATCH...: the files that they touch
patched_files()
{
	sed -n 's,^[-+]\{3\} [ab]/\([^\t]*\).*,\1,p' "$@" /dev/null | sort -u
}

# find_source: set what a patched tree is made of, and its key
find_source()
{
	local series

	[ -z "$source_key" ] || return 0
	pristine=$(pristine_source)
	series=$(series_of "$pristine")
	mapfile -t patches < <(patches_of "$series")
	source_key=$( {
		if [ -n "$own_source" ]; then
			cd "$pristine" || exit
			find . -name .git -prune -o -type f -printf '%P %s %T@\n' | sort
		fi
		echo "$pristine"
		# What a patch says of itself is not part of the source.
		awk 'FNR == 1 { on = 0 } /^(diff|---) / { on = 1 } on' "${patches[@]}"
	} | hash_of)
}

# make_tree DIR: a patched source tree
make_tree()
{
	local tmp link=--link

	rm -rf "$1"
	# Nobody changes a file of our own copy in place; a user might, in his.
	[ -z "$own_source" ] || link=--reflink=auto
	tmp=$(mktemp -d "$CACHE/tmp-XXXXXX")
	cp -a "$link" "$pristine/." "$tmp"
	apply_series "$tmp"
	patched_files "${patches[@]}" > "$tmp/.patched"
	mkdir -p "${1%/*}"
	mv "$tmp" "$1"
}

apply_series()
{
	local p

	for p in "${patches[@]}"; do
		if ! patch -d "$1" -p1 -N -s -f -F0 --no-backup-if-mismatch \
		     < "$p" > "$CACHE/log/patch" 2>&1; then
			cat "$CACHE/log/patch" >&2
			rm -rf "$1"
			die "${p#"$TOP"/} does not apply"
		fi
	done
}

# take_times SEED TREE: make a file look changed if, and only if, it differs
# between the two, because make compares times with the seed's objects.
take_times()
{
	local f

	while read -r f; do
		[ -e "$2/$f" ] || continue
		if ! cmp -s "$1/$f" "$2/$f"; then
			cp "$2/$f" "$2/$f.new"
			mv "$2/$f.new" "$2/$f"
		elif grep -qxF "$f" "$2/.patched"; then
			touch -r "$1/$f" "$2/$f"
		fi
	done < <(sort -u "$1/.patched" "$2/.patched")
}

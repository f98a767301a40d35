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

# Each of them alone makes sense; together they apply in this order.
PARTS=(el2 dma pfnmap)

# patches_of SERIES [PART...]: in order; without a PART, all of them
patches_of()
{
	local series=$1 part

	shift
	[ $# != 0 ] || set -- "${PARTS[@]}"
	for part; do
		[ -d "$series/$part" ] ||
			die "no part '$part' in ${series#"$TOP"/}: there are ${PARTS[*]}"
		printf '%s\n' "$series/$part"/*.patch
	done
}

# patched_files PATCH...: the files that they touch
patched_files()
{
	sed -n 's,^[-+]\{3\} [ab]/\([^\t]*\).*,\1,p' "$@" /dev/null | sort -u
}

# patched_text PATCH...: what a patch says of itself is not part of the source.
patched_text()
{
	awk 'FNR == 1 { on = 0 } /^(diff|---) / { on = 1 } on' "$@"
}

# What makes the unpatched tree another one.
pristine_key()
{
	if [ -n "$own_source" ]; then
		(cd "$pristine" && find . -name .git -prune -o -type f -printf '%P %s %T@\n' | sort)
	fi
	echo "$pristine"
}

# find_source: set what a patched tree is made of, and its key
find_source()
{
	local series

	[ -z "$source_key" ] || return 0
	pristine=$(pristine_source)
	series=$(series_of "$pristine")
	mapfile -t patches < <(patches_of "$series")
	source_key=$( { pristine_key; patched_text "${patches[@]}"; } | hash_of)
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
		if ! apply_patch "$1" "$p" > "$CACHE/log/patch" 2>&1; then
			cat "$CACHE/log/patch" >&2
			rm -rf "$1"
			die "${p#"$TOP"/} does not apply"
		fi
	done
}

# apply_patch TREE PATCH: as it is, or not at all
apply_patch()
{
	patch -d "$1" -p1 -N -s -f -F0 --no-backup-if-mismatch < "$2"
}

# copy_patched SOURCE DIR PATCH...: the files that they touch
copy_patched()
{
	local source=$1 dir=$2 f

	shift 2
	patched_files "$@" | while read -r f; do
		[ ! -e "$source/$f" ] || echo "$f"
	done | (cd "$source" && cpio -pdm --quiet "$dir")
}

# name_of SOURCE: its version; some are parts of a source, and have a key behind it
name_of()
{
	sed -E 's,.*/,,; s,-[0-9a-f]{16}$,,' <<< "$1"
}

# series_applies SERIES SOURCE: each part alone, and all of them together
series_applies()
{
	local series=$1 source=$2 tmp parts p status=0

	tmp=$(mktemp -d "$CACHE/tmp-XXXXXX")
	for parts in "${PARTS[@]}" "${PARTS[*]}"; do
		rm -rf "$tmp"
		mkdir "$tmp"
		# shellcheck disable=SC2086 # a list
		mapfile -t patches < <(patches_of "$series" $parts)
		copy_patched "$source" "$tmp" "${patches[@]}"
		for p in "${patches[@]}"; do
			apply_patch "$tmp" "$p" && continue
			say "${p#"$TOP"/} does not apply to $(name_of "$source")"
			status=1
			break
		done
	done
	rm -rf "$tmp"
	return $status
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

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by scripts that need the kernel's source: Debian's, or KERNEL_SRC, and
# kvm-patches/ on top.

version=${KERNEL_VERSION:-6.12}
own_source=${KERNEL_SRC:-}
source_key='' pristine='' patches=() why=''

# series_of_version 6.12.95: 6.12
series_of_version()
{
	cut -d. -f1,2 <<< "$1"
}

# known_versions SERIES: of Debian's packages, the latest first, with their suites;
# remembered until the lists change
known_versions()
{
	local known

	with_lock apt apt_setup kernel
	known=$APT/kernel/versions-$1
	if [ ! "$known" -nt "$APT/kernel/sources.list" ]; then
		apt_with kernel apt-cache madison "linux-source-$1" 2> /dev/null |
			awk '{ sub("/.*", "", $6); print $3, $6 }' | sort -Vr | uniq > "$known.new"
		mv "$known.new" "$known"
	fi
	cat "$known"
}

# newest_versions SERIES [CODENAME]: the newest of each suite, the latest first
newest_versions()
{
	known_versions "$1" | awk -v c="${2:-}" \
		'index($2, c) == 1 && !suite[$2]++ && !seen[$1]++ { print $1 }'
}

# debian_versions VERSION: what there is of 6.12, or of 6.12.95, in this system's own
# Debian, or else in the other
debian_versions()
{
	local series own found=''

	series=$(series_of_version "$1")
	for own in "$(debian_codename)" ''; do
		[ -z "$found" ] || break
		case $1 in
		*.*.*)
			found=$(known_versions "$series" | awk -v v="$1" -v c="$own" \
				'index($2, c) == 1 && ($1 == v || index($1, v "-") == 1) { print $1; exit }') ;;
		*) found=$(newest_versions "$series" "$own") ;;
		esac
	done
	[ -n "$found" ] ||
		die "Debian has no linux-source-$series of version $1: KERNEL_VERSION=6.12 is supported"
	echo "$found"
}

# unpacked_source VERSION: a tree that nobody writes to
unpacked_source()
{
	local dir=$CACHE/source/$1

	[ -e "$dir/Makefile" ] || with_lock source unpack_source "$1" "$dir"
	touch "$dir/.used"
	echo "$dir"
}

# source_archive VERSION: its tar file, on stdout
source_archive()
{
	local name

	name=linux-source-$(series_of_version "$1")
	dpkg-deb --fsys-tarfile "$(deb_get kernel "$name=$1")" | tar -xO "./usr/src/$name.tar.xz"
}

# unpack VERSION DIR [PATTERN...]
unpack()
{
	local v=$1 dir=$2 tmp

	shift 2
	say "unpacking Linux $v"
	tmp=$(mktemp -d "$CACHE/tmp-XXXXXX")
	source_archive "$v" | tar -xJ -C "$tmp" --strip-components=1 \
		--wildcards --no-wildcards-match-slash "$@"
	mkdir -p "${dir%/*}"
	mv "$tmp" "$dir"
}

unpack_source()
{
	[ ! -e "$2/Makefile" ] || return 0
	prune "$CACHE"/source/[0-9]*/.used
	unpack "$1" "$2"
}

# touched_source VERSION: a tree with no more than what the patches touch, if there
# is not the whole
touched_source()
{
	local dir=$CACHE/source/$1 files

	if [ ! -e "$dir/Makefile" ]; then
		mapfile -t files < <(existing_files "$TOP/kvm-patches/$(series_of_version "$1")")
		dir=$CACHE/source/touched/$1-$(hash_of <<< "${files[*]}")
		[ -e "$dir/Makefile" ] || with_lock source unpack_touched "$1"
	fi
	echo "$dir"
}

unpack_touched()
{
	[ -e "$dir/Makefile" ] || unpack "$1" "$dir" "${files[@]/#/*\/}" '*/Makefile'
}

# existing_files SERIES: those that the patches change and do not make
existing_files()
{
	local p

	mapfile -t p < <(patches_of "$1")
	awk '/^--- a\// { old[substr($2, 3)] } /^--- \/dev\/null/ { fresh = 1; next }
	     /^\+\+\+ b\// && fresh { delete old[substr($2, 3)]; made[substr($2, 3)]; fresh = 0 }
	     END { for (f in old) if (!(f in made)) print f }' "${p[@]}" | sort
}

# pristine_source: the tree that is patched
pristine_source()
{
	local v

	if [ -n "$own_source" ]; then
		[ -e "$own_source/Makefile" ] || die "KERNEL_SRC=$own_source is no kernel source"
		(cd "$own_source" && pwd)
		return
	fi
	v=$(fitting_version)
	unpacked_source "$v"
}

# fitting_version: the newest that takes the patches; looked for, and told, once for
# these patches and package lists
fitting_version()
{
	local known

	with_lock apt apt_setup kernel
	known=$APT/kernel/fits-$version-$(cat "$TOP"/kvm-patches/*/*/*.patch | hash_of)
	if [ ! "$known" -nt "$APT/kernel/sources.list" ]; then
		find_fitting > "$known.new"
		mv "$known.new" "$known"
	fi
	cat "$known"
}

find_fitting()
{
	local v versions newest='' refused=''

	versions=$(debian_versions "$version")
	for v in $versions; do
		if takes_series "$(touched_source "$v")"; then
			[ -z "$newest" ] ||
				say "Linux $newest does not take $refused: using $v; look for a newer version of this project"
			echo "$v"
			return
		fi
		newest=${newest:-$v} refused=${refused:-$why}
	done
	die "$refused does not apply to Linux $newest"
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

# copy_patched SOURCE DIR: the files that the patches touch
copy_patched()
{
	local f

	patched_files "${patches[@]}" | (cd "$1" && while read -r f; do
		[ ! -e "$f" ] || echo "$f"
	done | cpio -pdm --quiet "$2")
}

# takes_series TREE: does each part apply to it alone, and all of them together?
# $why is the patch that does not.
takes_series()
{
	local tmp parts status=0

	tmp=$(mktemp -d "$CACHE/tmp-XXXXXX")
	for parts in "${PARTS[@]}" "${PARTS[*]}"; do
		# shellcheck disable=SC2086 # a list
		mapfile -t patches < <(patches_of "$(series_of "$1")" $parts)
		rm -rf "$tmp"
		mkdir "$tmp"
		copy_patched "$1" "$tmp"
		apply_series "$tmp" || { status=1; break; }
	done
	rm -rf "$tmp"
	return $status
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
	[ -z "$source_key" ] || return 0
	pristine=$(pristine_source)
	mapfile -t patches < <(patches_of "$(series_of "$pristine")")
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
	if ! apply_series "$tmp"; then
		rm -rf "$tmp"
		die "$why does not apply"
	fi
	patched_files "${patches[@]}" > "$tmp/.patched"
	echo "$pristine" > "$tmp/.pristine"
	mkdir -p "${1%/*}"
	mv "$tmp" "$1"
}

# apply_series TREE: stops at the first that does not apply, and names it in $why
apply_series()
{
	local p

	for p in "${patches[@]}"; do
		if ! apply_patch "$1" "$p" > "$CACHE/log/patch" 2>&1; then
			why=${p#"$TOP"/}
			return 1
		fi
	done
}

# apply_patch TREE PATCH: as it is, or not at all
apply_patch()
{
	patch -d "$1" -p1 -N -s -f -F0 --no-backup-if-mismatch < "$2"
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

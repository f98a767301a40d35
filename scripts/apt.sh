# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced after lib.sh: Debian packages by way of a private apt state, so that
# the system's own sources, lists and architectures stay as they are.

APT=$CACHE/apt
DEBS=$CACHE/deb
DEBIANS=(bookworm trixie)
codename=''

debian_codename()
{
	local id

	id=$(. /etc/os-release && echo "${ID:-}-${VERSION_CODENAME:-}")
	case $id in
	debian-bookworm | debian-trixie) echo "${id#debian-}" ;;
	*) die "this needs Debian 12 or 13" ;;
	esac
}

# system_sources: mirror and suite of each source of this system's.  What apt
# would update is known before it ever did, unlike its index targets.
system_sources()
{
	apt-get update --print-uris | sed -n "s,^'\(.*\)/dists/\([^/]*\)/InRelease'.*,\1 \2,p"
}

# mirror_of SUITE: where this system has it from, if it has
mirror_of()
{
	system_sources | sed "s, stable, $codename," |
		awk -v s="$1" '$2 == s { print $1; exit }'
}

# apt_sources STATE: the lines of its sources.list.  All mirrors are this system's
# own; another Debian is beside it on them.
apt_sources()
{
	local d suites

	[ -n "$(mirror_of "$codename")" ] ||
		die "apt knows no mirror of Debian $codename: see sources.list(5)"
	case $1 in
	image) suites=("$codename") ;;
	host) suites=("$codename" "$codename-updates" "$codename-security") ;;
	own) suites=("$codename" "$codename-backports" "$codename-security") ;;
	kernel)
		suites=()
		for d in "${DEBIANS[@]}"; do
			suites+=("$d" "$d-backports" "$d-security")
		done ;;
	esac
	# QEMU of Debian 12 is too old.
	[ "$codename" != bookworm ] || suites+=(bookworm-backports)
	for d in "${suites[@]}"; do
		echo "$(mirror_for "$d") $d"
	done | awk 'NF == 2 && !seen[$0]++ { print "deb [signed-by=" k "]", $0, "main" }' \
		k=/usr/share/keyrings/debian-archive-keyring.gpg
}

# mirror_for SUITE: what has it, though this system may not use that suite
mirror_for()
{
	case $1 in
	*-security) mirror_of "$codename-security" ;;
	*-updates) mirror_of "$1" ;;
	*) mirror_of "$codename" ;;
	esac
}

apt_conf()
{
	cat <<-END
	Dir::Etc::SourceList "$1/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "$APT/preferences";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State::Lists "$1/lists";
	Dir::Cache "$1/cache";
	APT::Architecture "amd64";
	APT::Architectures { $2 };
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::Retries "3";
	END
}

# Backports only for what Debian 12 is too old in.
apt_preferences()
{
	cat <<-END
	Package: qemu* src:qemu src:seabios
	Pin: release n=bookworm-backports
	Pin-Priority: 900
	END
}

# apt_setup host|image|kernel: write the private state.  "host" is this system
# with backports added; the others start from nothing installed, for both
# architectures.  "image" is the plain release, so that what guests run changes
# rarely; "kernel" has every suite of both Debians, and is read again each day.
apt_setup()
{
	local dir=$APT/$1

	! apt_is_set_up "$1" || return 0
	codename=$(debian_codename)
	[ "$(dpkg --print-architecture)" = amd64 ] ||
		die "this needs an amd64 host: the stock x86 kernel is built against there"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$DEBS"
	apt_preferences > "$APT/preferences"
	if [ "$1" = host ]; then
		apt_conf "$dir" '"amd64";' > "$dir/apt.conf"
	else
		apt_conf "$dir" '"amd64"; "arm64";' > "$dir/apt.conf"
		echo "Dir::State::status \"$dir/status\";" >> "$dir/apt.conf"
		: > "$dir/status"
	fi
	case $1 in
	kernel) apt_update_kernel ;;
	*) apt_sources "$1" > "$dir/new" && apt_update "$1" "$dir/new" ;;
	esac
}

# apt_is_set_up STATE: until the system's own sources change
apt_is_set_up()
{
	local f list=$APT/$1/sources.list

	for f in /etc/apt/sources.list /etc/apt/sources.list.d; do
		[ ! -e "$f" ] || [ "$list" -nt "$f" ] || return 1
	done
	[ "$1" != kernel ] || [ -n "$(find "$list" -mmin -1440)" ]
}

# apt_update STATE SOURCES: read the lists of these, which become the state's
apt_update()
{
	local log=$CACHE/log/apt-update

	say "reading Debian's package lists"
	if ! apt_read "$1" "$2" > "$log" 2>&1; then
		die "cannot read Debian's package lists: $(grep -m1 '^[EW]:' "$log")"
	fi
	mv "$2" "$APT/$1/sources.list"
}

apt_read()
{
	apt_with "$1" apt-get update -qq -o "Dir::Etc::SourceList=$2" -o APT::Update::Error-Mode=any
}

# A mirror may have one Debian only, and a machine that has all it needs may have
# no network.
apt_update_kernel()
{
	local dir=$APT/kernel

	apt_sources kernel > "$dir/new"
	say "reading the package lists of both Debians"
	if apt_read kernel "$dir/new" > "$CACHE/log/apt-update" 2>&1; then
		mv "$dir/new" "$dir/sources.list"
	elif [ -e "$dir/sources.list" ]; then
		say "no answer from Debian's mirror: the package lists stay as they are"
		touch "$dir/sources.list"
	else
		say "the mirror of this system has no other Debian: kernels are those of $codename"
		apt_sources own > "$dir/new"
		apt_update kernel "$dir/new"
	fi
}

# apt_with STATE COMMAND...
apt_with()
{
	local conf=$APT/$1/apt.conf

	shift
	APT_CONFIG=$conf "$@"
}

# deb_closure STATE ARCH PACKAGE...: the packages with all they depend on, as
# PACKAGE:ARCH=VERSION
deb_closure()
{
	local state=$1 arch=$2 p specs=()

	shift 2
	for p; do
		specs+=("$p:$arch")
	done
	apt_with "$state" apt-get install -qq --print-uris --no-install-recommends \
		-o APT::Architecture="$arch" "${specs[@]}" | cut -d' ' -f2 | deb_spec
}

# deb_spec: turn the file names of packages into what apt calls them
deb_spec()
{
	sed 's/\.deb$//; s/%3a/:/; s/^\([^_]*\)_\([^_]*\)_\([^_]*\)$/\1:\3=\2/; s/:all=/=/'
}

# deb_get STATE PACKAGE[:ARCH][=VERSION]...: download, print the paths of the files
deb_get()
{
	local state=$1 files missing=() f

	shift
	files=$(apt_with "$state" apt-get --print-uris download "$@" \
		2> "$CACHE/log/apt-get" | cut -d' ' -f2) ||
		die "$(grep -m1 '^E:' "$CACHE/log/apt-get")"
	for f in $files; do
		[ -e "$DEBS/$f" ] || missing+=("$(deb_spec <<< "$f")")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		say "downloading ${#missing[@]} packages for ${missing[-1]%%[:=]*}"
		deb_download "$state" "${missing[@]}"
	fi
	for f in $files; do
		echo "$DEBS/$f"
	done
}

# deb_download STATE SPEC...: apt checks the hashes; the renames make each all or
# nothing
deb_download()
{
	local state=$1 dir why

	shift
	dir=$(mktemp -d "$DEBS/.get-XXXXXX")
	if ! (cd "$dir" && apt_with "$state" apt-get -qq download "$@" > log 2>&1); then
		why=$(grep -m1 '^E:' "$dir/log" || echo "is there a network?")
		rm -rf "$dir"
		# The mirror may have moved on: read its lists again next time.
		rm -f "$APT/$state/sources.list"
		die "cannot download from Debian: $why"
	fi
	mv "$dir"/*.deb "$DEBS"
	rm -rf "$dir"
}

# deb_unpack DIRECTORY DEB...: with /bin, /sbin and /lib* as links into /usr, which
# Debian 13 has in its packages already and Debian 12 has not.
deb_unpack()
{
	local dir=$1 deb

	shift
	merged_usr "$dir"
	for deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$dir"
	done
}

merged_usr()
{
	local d

	for d in bin sbin lib lib64; do
		mkdir -p "$1/usr/$d"
		ln -sfn "usr/$d" "$1/$d"
	done
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced after lib.sh: Debian packages by way of a private apt state, so that
# the system's own sources, lists and architectures stay as they are.

APT=$CACHE/apt
DEBS=$CACHE/deb

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

# apt_sources CODENAME SUITES: those of the system's own mirrors that are named
apt_sources()
{
	local codename=$1 key=/usr/share/keyrings/debian-archive-keyring.gpg
	local sources main

	sources=$(system_sources | sed "s, stable, $codename,")
	main=$(awk -v c="$codename" '$2 == c { print $1; exit }' <<< "$sources")
	[ -n "$main" ] || die "apt knows no mirror of Debian $codename: see sources.list(5)"
	if [ "$codename" = bookworm ]; then
		sources+=$'\n'"$main bookworm-backports"
	fi
	awk -v k="$key" -v suites=" $2 " 'index(suites, " " $2 " ") && !seen[$0]++ {
		print "deb [signed-by=" k "]", $1, $2, "main" }' <<< "$sources"
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

# apt_setup host|image: write the private state.  "host" is this system with
# backports added; "image" starts from nothing installed, for both
# architectures, and is the plain release, so that what guests run changes
# rarely.
apt_setup()
{
	local dir=$APT/$1 c

	! apt_is_set_up "$dir/sources.list" || return 0
	c=$(debian_codename)
	[ "$(dpkg --print-architecture)" = amd64 ] ||
		die "this needs an amd64 host: the stock x86 kernel is built against there"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$DEBS"
	apt_preferences > "$APT/preferences"
	if [ "$1" = host ]; then
		apt_conf "$dir" '"amd64";' > "$dir/apt.conf"
		apt_sources "$c" "$c $c-updates $c-security $c-backports" > "$dir/new"
	else
		apt_conf "$dir" '"amd64"; "arm64";' > "$dir/apt.conf"
		echo "Dir::State::status \"$dir/status\";" >> "$dir/apt.conf"
		: > "$dir/status"
		apt_sources "$c" "$c $c-backports" > "$dir/new"
	fi
	mv "$dir/new" "$dir/sources.list"
	apt_update "$1"
}

# Until the system's own sources change.
apt_is_set_up()
{
	local f

	for f in /etc/apt/sources.list /etc/apt/sources.list.d; do
		[ ! -e "$f" ] || [ "$1" -nt "$f" ] || return 1
	done
}

apt_update()
{
	local log=$CACHE/log/apt-update

	say "reading Debian's package lists"
	if ! apt_with "$1" apt-get update -qq > "$log" 2>&1; then
		rm -f "$APT/$1/sources.list"
		die "cannot read Debian's package lists: $(grep -m1 '^[EW]:' "$log")"
	fi
}

# apt_with host|image COMMAND...
apt_with()
{
	local conf=$APT/$1/apt.conf

	shift
	APT_CONFIG=$conf "$@"
}

# deb_closure ARCH PACKAGE...: the packages with all they depend on, as
# PACKAGE:ARCH=VERSION
deb_closure()
{
	local arch=$1 p specs=()

	shift
	for p; do
		specs+=("$p:$arch")
	done
	apt_with image apt-get install -qq --print-uris --no-install-recommends \
		-o APT::Architecture="$arch" "${specs[@]}" | cut -d' ' -f2 | deb_spec
}

# deb_spec: turn the file names of packages into what apt calls them
deb_spec()
{
	sed 's/\.deb$//; s/%3a/:/; s/^\([^_]*\)_\([^_]*\)_\([^_]*\)$/\1:\3=\2/; s/:all=/=/'
}

# deb_get PACKAGE[:ARCH][=VERSION]...: download, print the paths of the files
deb_get()
{
	local files missing=() f

	files=$(apt_with image apt-get --print-uris download "$@" \
		2> "$CACHE/log/apt-get" | cut -d' ' -f2) ||
		die "$(grep -m1 '^E:' "$CACHE/log/apt-get")"
	for f in $files; do
		[ -e "$DEBS/$f" ] || missing+=("$(deb_spec <<< "$f")")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		say "downloading ${#missing[@]} packages for ${missing[-1]%%[:=]*}"
		deb_download "${missing[@]}"
	fi
	for f in $files; do
		echo "$DEBS/$f"
	done
}

# deb_download SPEC...: apt checks the hashes; the renames make each all or nothing
deb_download()
{
	local dir why

	dir=$(mktemp -d "$DEBS/.get-XXXXXX")
	if ! (cd "$dir" && apt_with image apt-get -qq download "$@" > log 2>&1); then
		why=$(grep -m1 '^E:' "$dir/log" || echo "is there a network?")
		rm -rf "$dir"
		# The mirror may have moved on: read its lists again next time.
		rm -f "$APT/image/sources.list"
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

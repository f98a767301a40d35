# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by scripts/check: what has passed before on the same inputs.  Only for
# tests on the host that always do the same (--reads, see selftests/tests); a
# machine is another sample each time.
# shellcheck disable=SC2154 # the variables are those of scripts/check

PASSED=$CACHE/passed

# passed_prepare: find out the versions of all that such tests are made with, or run
passed_prepare()
{
	local tool

	for tool in bash gcc aarch64-linux-gnu-gcc ld make perl git sparse shellcheck awk; do
		"$tool" --version < /dev/null 2>&1 || true
	done > "$work/tools"
}

# inputs READS: the files of the project that match, by name and content
inputs()
{
	local patterns

	IFS=, read -r -a patterns <<< "$1"
	# One that git knows and nobody has is part of it too.
	(cd "$TOP" && git ls-files -z -co --exclude-standard -- "${patterns[@]}") |
		(cd "$TOP" && xargs -0 sha256sum 2>&1) || true
}

# passed_stamp TEST READS FLAVOURS COMMAND: the file that says it has passed
passed_stamp()
{
	local kernels=()

	mapfile -t kernels < <(tr ' ' '\n' <<< "$3" | sed '/^$/d; /^nothing$/d; s/^host$/source/')
	echo "$PASSED/$1-$( {
		echo "$4"
		cat "$work/tools"
		inputs "$2"
		[ ${#kernels[@]} = 0 ] || "$TOP/scripts/kernel" "${kernels[@]}"
	} | hash_of)"
}

# passed_note STAMP: it has; those that nobody asked for in two weeks go
passed_note()
{
	mkdir -p "$PASSED"
	touch "$1"
	find "$PASSED" -type f -mtime +14 -delete
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the tests of the bed: TAP in shell.

set -uo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$TOP" || exit 1
tests=0 failures=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# run COMMAND...: its output, of both kinds, goes to $out, its status to $status
run()
{
	status=0
	"$@" > "$out" 2>&1 < /dev/null || status=$?
}

# ok WHAT CONDITION...: a test that fails shows the output of the last run
ok()
{
	local what=$1

	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests $what"
	else
		echo "not ok $tests $what"
		sed "s/^/# /" "$out" | tail -n 60
		failures=$((failures + 1))
	fi
}

# says TEXT: a line of the output has it
says()
{
	grep -qF -- "$1" "$out"
}

# exits STATUS
exits()
{
	[ "$status" = "$1" ]
}

finish()
{
	echo "1..$tests"
	exit $((failures > 0))
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by scripts/check: how long everything took, and how long it will take.
# Times are in milliseconds.  $work/times has a line for each boot and each test
# of this run, the cache those of the last run of each:
#
#	boot|test NAME TIME
# shellcheck disable=SC2154 # the variables are those of scripts/check

TIMES=$CACHE/times

# now
now()
{
	date +%s%3N
}

# seconds TIME
seconds()
{
	echo "$(($1 / 1000)).$(($1 % 1000 / 100))"
}

# time_note KIND NAME TIME
time_note()
{
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$work/times"
}

# times_keep: for the next run
times_keep()
{
	with_lock times merge_times
}

merge_times()
{
	cat "$work/times" "$TIMES" 2> /dev/null | awk -F'\t' '!seen[$1, $2]++' \
		> "$TIMES.new" || true
	mv "$TIMES.new" "$TIMES"
}

# longest_first: the numbers of the groups, by what their boots and tests took last.
# A test that is new takes a third of its limit; so does a boot.
longest_first()
{
	local g

	for ((g = 1; g <= groups; g++)); do
		printf 'boot\t%s\t%s\n' "$(machine_of "$g")" "$BOOT"
		awk -F'\t' '{ print "test\t" $1 "\t" $2 }' "$work/$g.tests"
	done | awk -F'\t' -v known="$TIMES" '
		BEGIN { while ((getline < known) > 0) took[$1, $2] = $3 }
		$1 == "boot" { g++; if ($2 == "host") next }
		{ sum[g] += ($1, $2) in took ? took[$1, $2] : $3 * 1000 / 3 }
		END { for (g in sum) print int(sum[g]), g }' | sort -rn | cut -d' ' -f2
}

# machine_of GROUP: its place and options
machine_of()
{
	awk -F'\t' '{ print $1 $3 }' "$work/$1.what"
}

# Where the time went.  $work/*.took: a group's boot, whole time, CPU time, name.
times_show()
{
	echo
	echo "slowest tests:"
	awk -F'\t' '$1 == "test" { printf "%8.1f s  %s\n", $3 / 1000, $2 }' "$work/times" |
		sort -rn | head -n 12
	echo "slowest machines: in all, until the first test, CPU time"
	cat "$work"/*.took | awk -F'\t' '$4 != "host" {
		printf "%8.1f s %6.1f s %8.1f s  %s\n", $2 / 1000, $1 / 1000, $3 / 1000, $4 }' |
		sort -rn | head -n 12
	echo "suites:"
	cut -f1,2 <<< "$selected" | awk -F'\t' -v times="$work/times" '
		BEGIN { while ((getline < times) > 0) if ($1 == "test") took[$2] = $3 }
		{ n[$1]++; sum[$1] += took[$2] }
		END { for (s in n) printf "%8.1f s  %s, %d tests\n", sum[s] / 1000, s, n[s] }' |
		sort -rn
	cat "$work"/*.took | awk -F'\t' -v all="$(($(now) - began))" -v cpus="$(nproc)" '
		{ cpu += $3; boot += $1; if ($4 != "host") n++ }
		END { printf "%d boots, which took %.0f s; all in %.0f s, with %.0f s of CPU time on %d CPUs\n",
			n, boot / 1000, all / 1000, cpu / 1000, cpus }'
	echo
}

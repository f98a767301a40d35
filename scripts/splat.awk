# SPDX-License-Identifier: GPL-2.0-only
# Print every complaint of the kernel in the console log of a machine that has
# console_msg_format=syslog.  Prints nothing for a healthy one.
#
#	awk -v known=FILE -f scripts/splat.awk CONSOLE
#
# A splat is a line that matches below, whatever its level, with what follows, up
# to a limit.  Any other line of the kernel at level 4 (warning) or above is a
# complaint too, for itself, unless FILE knows it: see selftests/known-lines.  The
# name of the test it happened in, which the guest's init logs, comes first.

BEGIN {
	start = "BUG:|WARNING:|Oops|Internal error:|[Uu]nable to handle|" \
		"general protection fault|KASAN:|UBSAN:|Kernel panic|" \
		"[Hh]yp panic|HYP panic|cut here|" \
		"INFO: possible |possible circular locking|" \
		"inconsistent lock state|suspicious RCU usage|" \
		"INFO: trying to register non-static key|" \
		"sleeping function called from invalid context|" \
		"DEBUG_LOCKS_WARN_ON|detected( expedited)? stalls|" \
		"self-detected stall|kthread starved|" \
		"soft lockup|hard LOCKUP|blocked for more than|" \
		"unreferenced object 0x|[Bb]ad (pgd|p4d|pud|pmd|pte)|" \
		"[Bb]ad (page state|page map|rss-counter)|kernel BUG at"
	lines = 40	# of a splat
	most = 100	# of a report that is known
	prefix = "<[0-9]+>\\[ *[0-9]+\\.[0-9]+\\](\\[[^]]*\\])? "
	while ((getline line < known) > 0)
		if (line !~ /^#|^$/)
			know(line)
}

function know(line, 	field) {
	split(line, field, "\t")
	during[++knowns] = field[1]
	text[knowns] = field[2]
	last[knowns] = field[3]
}

function is_known(message, 	i) {
	if (report > 0) {
		report = message ~ report_end ? 0 : report - 1
		return 1
	}
	for (i = 1; i <= knowns; i++)
		if ((during[i] == "-" || test != "" && test ~ during[i]) && message ~ text[i]) {
			report = last[i] != "" ? most : 0
			report_end = last[i]
			return 1
		}
	return 0
}

# From 8 on it is a program that speaks, not the kernel.
function level(line) {
	sub(/^</, "", line)
	return line + 0
}

function begin(name) {
	test = name
	left = splats = others = report = 0
}

function complain() {
	if (test != "")
		print "--- in " test
	print
}

{ sub(/\r$/, "") }

match($0, /bed: begin /) { begin(substr($0, RSTART + RLENGTH)) }
match($0, /bed: end /) { begin("") }

left > 0 { print; left--; next }

$0 ~ start {
	if (++splats <= 3) {
		complain()
		left = lines - 1
	}
	next
}

match($0, prefix) && level(substr($0, RSTART)) <= 4 && !is_known(substr($0, RSTART + RLENGTH)) {
	if (++others <= lines)
		complain()
}

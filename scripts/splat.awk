# SPDX-License-Identifier: GPL-2.0-only
# Print every kernel splat of a console log: the line that starts it and what
# follows, up to a limit.  The name of the test it happened in, which the guest's
# init logs, comes first.  Prints nothing for a healthy log.

BEGIN {
	start = "BUG:|WARNING:|Oops|Internal error:|Unable to handle kernel|" \
		"general protection fault|KASAN:|UBSAN:|Kernel panic|" \
		"[Hh]yp panic|HYP panic|cut here|" \
		"INFO: possible |possible circular locking|" \
		"inconsistent lock state|suspicious RCU usage|" \
		"INFO: trying to register non-static key|" \
		"sleeping function called from invalid context|" \
		"DEBUG_LOCKS_WARN_ON|detected stalls|self-detected stall|" \
		"soft lockup|hard LOCKUP|blocked for more than|" \
		"unreferenced object 0x|bad page state|Bad page map|" \
		"kernel BUG at"
	lines = 40
}

{ sub(/\r$/, "") }

match($0, /bed: begin /) { test = substr($0, RSTART + RLENGTH) }
match($0, /bed: end /) { left = 0; test = "" }

$0 ~ start && !left {
	if (++splats <= 3)
		left = lines
	if (test != "")
		print "--- in " test
}

left > 0 { print; left-- }

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_ENGINE_STEPS_H
#define UNIT_ENGINE_STEPS_H

/* The compiler calls it in each basic block (-fsanitize-coverage=trace-pc). */
void __sanitizer_cov_trace_pc(void);

#endif

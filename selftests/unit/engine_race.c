// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two CPUs, one call each, and the second comes in the middle of the first: at any of its basic
 * blocks, which the compiler marks for us (-fsanitize-coverage=trace-pc). The second runs to its
 * end, or until it has to wait for the first. Each case is a process of its own, from the same
 * state, so that whatever it does ends with it; afterwards everything must be accounted for.
 *
 * RACE_CASES and RACE_SEED say how many, and repeat them.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "arena.h"
#include "call.h"
#include "engine_audit.h"
#include "engine_host.h"
#include "engine_steps.h"
#include "fake.h"
#include "section.h"
#include "tap.h"

#define RAM	28
#define DONATED	10
#define GROWN	3
#define SAMPLES	6	/* micro-pages of a section whose content is looked at */
#define PATIENCE 64
#define STACK	(1 << 20)

/* What there is of sections; numbers are from host.first_user on. */
enum scene {
	AT_HOME,
	OUT,
	HALF_IN,
	IN_ANOTHERS_HOME,
	WHOSE_HOME_IS_TAKEN,
	ABSENT,
	BACK_HOME,	/* its frame was free, and is still linked as one */
	STAYS,
	HIDDEN,
	NR_USERS,
	NEW = NR_USERS,
	TOUCHED,
	HOLE,
	LENT,
	NR_SCENES
};

enum { READ = TAIJI_NR_CALLS, WRITE, FETCH, NR_ACTIONS };

struct action {
	unsigned int what;
	enum scene section;
	u64 b;
	u64 c;
};

struct cpu_context {
	ucontext_t context;
	bool done;
	struct action action;
	s64 result;
};

struct report {
	u64 steps;
	bool met;
};

static struct cpu_context cpus[2];
static unsigned int now;	/* which of them runs */
static bool racing;
static u64 steps, meet;
static u64 idle;
static struct report *report;
static bool lost[NR_SCENES];
static u64 seed = 1;

static unsigned int scene_section(enum scene scene)
{
	switch (scene) {
	case NEW:
	case TOUCHED:
	case HOLE:
		return host.first_grown + scene - NEW;
	case LENT:
		return host.first_donated + 1;
	default:
		return host.first_user + scene;
	}
}

static unsigned int sample(unsigned int i)
{
	return i * 97;
}

static void fill(enum scene scene)
{
	for (unsigned int i = 0; i < SAMPLES; i++)
		content_write(page_addr(scene_section(scene), sample(i)), i % NR_CONTENTS,
			      scene * 100 + i);
}

static bool intact(enum scene scene)
{
	for (unsigned int i = 0; i < SAMPLES; i++) {
		if (!content_check(page_addr(scene_section(scene), sample(i)), i % NR_CONTENTS,
				   scene * 100 + i))
			return false;
	}
	return true;
}

static void must(u64 nr, enum scene scene)
{
	CHECK_EQ(call_whole(nr, scene_section(scene)), TAIJI_SECTION_PAGES);
}

static void set_up(void)
{
	host_start(2, RAM, DONATED, GROWN);
	fake_stumbles(false);
	for (enum scene s = 0; s < NR_USERS; s++)
		fill(s);
	fill(TOUCHED);
	must(TAIJI_CALL_OUT, WHOSE_HOME_IS_TAKEN);
	must(TAIJI_CALL_OUT, IN_ANOTHERS_HOME);
	/* The frame at hand is its own: another takes it first. */
	fake_read(page_addr(scene_section(WHOSE_HOME_IS_TAKEN), sample(0)));
	must(TAIJI_CALL_IN, IN_ANOTHERS_HOME);
	must(TAIJI_CALL_OUT, OUT);
	must(TAIJI_CALL_OUT, HALF_IN);
	/* Its link is at hand for the other CPU. */
	fake_cpu(1, 1);
	must(TAIJI_CALL_OUT, BACK_HOME);
	must(TAIJI_CALL_IN, BACK_HOME);
	must(TAIJI_CALL_HOME, BACK_HOME);
	fake_cpu(0, 1);
	fake_read(page_addr(scene_section(HALF_IN), sample(1)));
	CHECK_EQ(call_range(TAIJI_CALL_DROP, scene_section(ABSENT), 1, 0), 0);
	CHECK_EQ(call_range(TAIJI_CALL_ALLOW, scene_section(BACK_HOME), 3, 0), 0);
	CHECK_EQ(call_range(TAIJI_CALL_HIDE, scene_section(HIDDEN), 1, 0), 0);
	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, scene_section(HOLE), 1, 0), 0);
	for (enum scene s = 0; s < NR_SCENES; s++)
		lost[s] = s == ABSENT || s == HIDDEN || s == NEW || s == HOLE || s == LENT;
	CHECK(audit());
}

static void act(struct cpu_context *me)
{
	const struct action *a = &me->action;
	u64 at = section_addr(scene_section(a->section));
	u64 value = 7;

	switch (a->what) {
	case READ:
		me->result = fake_try_read(at + sample(2) * TAIJI_PAGE_SIZE, &value);
		break;
	case WRITE:
		me->result = fake_try_write(at + 300 * TAIJI_PAGE_SIZE, value);
		break;
	case FETCH:
		me->result = fake_try_fetch(at + sample(3) * TAIJI_PAGE_SIZE, &value);
		break;
	default:
		me->result = engine_call(a->what, at, a->b, a->c);
		break;
	}
	me->done = true;
}

static void go_to(unsigned int cpu)
{
	unsigned int from = now;

	now = cpu;
	fake_me = &fake.cpus[cpu];
	swapcontext(&cpus[from].context, &cpus[cpu].context);
	now = from;
	fake_me = &fake.cpus[from];
}

/* Every basic block of the engine comes by here. */
void __sanitizer_cov_trace_pc(void)
{
	if (racing && !now && ++steps == meet) {
		report->met = true;
		go_to(1);
	}
}

/* Somebody waits: let the other go on. */
int __wrap_sched_yield(void);
int __wrap_sched_yield(void)
{
	if (!racing)
		return 0;
	if (++idle > 1000000) {
		printf("# waits for nobody\n");
		_exit(1);
	}
	if (now && !cpus[0].done)
		go_to(0);
	else if (!now && report->met && !cpus[1].done)
		go_to(1);
	return 0;
}

static void second(void)
{
	act(&cpus[1]);
	/* To where it was let in, or where it was waited for. */
	for (;;)
		go_to(0);
}

static void prepare_second(void)
{
	getcontext(&cpus[1].context);
	cpus[1].context.uc_stack.ss_sp = malloc(STACK);
	cpus[1].context.uc_stack.ss_size = STACK;
	makecontext(&cpus[1].context, second, 0);
}

/* What of its content is gone, rightly. */
static void note_lost(const struct cpu_context *cpu)
{
	switch (cpu->action.what) {
	case TAIJI_CALL_DROP:
	case TAIJI_CALL_SHRINK:
	case TAIJI_CALL_DONATE:
	case TAIJI_CALL_DISCARD:
	case TAIJI_CALL_HIDE:
		if (cpu->result < 0)
			return;
		for (u64 i = 0; i < cpu->action.b && cpu->action.section + i < NR_SCENES; i++)
			lost[cpu->action.section + i] = true;
		break;
	default:
		break;
	}
}

/* STOP has said so. */
static bool all_is_home(void)
{
	for (u32 i = 0; i < arena->nr_sections; i++) {
		const struct section *s = section_of(i);
		u64 word = section_word(s);

		if (word & SECTION_OURS && !section_is_home_block(s, word)) {
			printf("# stopped, and section %u is away\n", i);
			return false;
		}
	}
	return call(TAIJI_CALL_OUT, section_addr(host.first_user), 0, 0) == -TAIJI_EBUSY;
}

static bool check(void)
{
	bool good;

	note_lost(&cpus[0]);
	note_lost(&cpus[1]);
	good = audit();
	if (cpus[0].action.what == TAIJI_CALL_RECLAIM && cpus[0].result > 0 &&
	    cpus[1].action.what == TAIJI_CALL_RECLAIM && cpus[0].result == cpus[1].result) {
		printf("# given back twice\n");
		good = false;
	}
	if (arena->stopped) {
		good &= all_is_home();
	} else {
		fake_patience(FAKE_PATIENCE);
		for (enum scene s = 0; s < NR_SCENES; s++) {
			if (!lost[s] && !intact(s)) {
				printf("# scene %u is not what it was\n", s);
				good = false;
			}
		}
		good &= audit();
	}
	return good;
}

/* In a process of its own. The second comes at step @at of the first, or not at all. */
static bool play(u64 at, unsigned int irq_rate)
{
	bool good;

	alarm(20);
	meet = at;
	prepare_second();
	fake_patience(PATIENCE);
	fake_irq_rate(irq_rate);
	racing = true;
	act(&cpus[0]);
	report->steps = steps;
	while (report->met && !cpus[1].done)
		go_to(1);
	racing = false;
	fake_irq_rate(0);
	good = check();
	fflush(stdout);
	return good;
}

static void print_action(struct action a)
{
	printf("call %u (%u, %llu, %llu)", a.what, a.section, (unsigned long long)a.b,
	       (unsigned long long)a.c);
}

static bool run_case(struct action a, struct action b, u64 at, unsigned int irq_rate)
{
	int status;
	pid_t pid;

	*report = (struct report){ };
	cpus[0] = (struct cpu_context){ .action = a };
	cpus[1] = (struct cpu_context){ .action = b };
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(play(at, irq_rate) ? 0 : 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	printf("# seed %llu, irq %u, step %llu, status %d: ", (unsigned long long)seed, irq_rate,
	       (unsigned long long)at, status);
	print_action(b);
	printf(" in ");
	print_action(a);
	printf("\n");
	return false;
}

/* At every step. */
static bool run_all(struct action a, struct action b)
{
	u64 at = 0;
	bool good;

	do {
		good = run_case(a, b, ++at, 0);
	} while (good && report->met);
	return good;
}

static void one_gives_back_what_another_has(void)
{
	struct action reclaim = { .what = TAIJI_CALL_RECLAIM };
	struct action donate = { .what = TAIJI_CALL_DONATE, .section = AT_HOME, .b = 1 };

	CHECK(run_all(reclaim, reclaim));
	CHECK(run_all(reclaim, donate));
	CHECK(run_all(donate, reclaim));
	CHECK(run_all(donate, (struct action){ .what = READ, .section = OUT }));
}

static void one_shows_what_another_looks_at(void)
{
	static const u64 others[] = { TAIJI_CALL_SHOW, TAIJI_CALL_HIDE, TAIJI_CALL_DROP,
				      TAIJI_CALL_OUT, TAIJI_CALL_DONATE };
	struct action show = { .what = TAIJI_CALL_SHOW, .section = HIDDEN, .b = 1 };

	for (unsigned int i = 0; i < 5; i++) {
		struct action other = { .what = others[i], .section = HIDDEN,
					.b = others[i] != TAIJI_CALL_OUT };

		CHECK(run_all(show, other));
		CHECK(run_all(other, show));
	}
}

static void a_hole_grows_once(void)
{
	struct action grow = { .what = TAIJI_CALL_GROW, .section = HOLE, .b = 1 };
	struct action shrink = { .what = TAIJI_CALL_SHRINK, .section = HOLE, .b = 1 };

	CHECK(run_all(grow, grow));
	CHECK(run_all(grow, shrink));
	CHECK(run_all(grow, (struct action){ .what = WRITE, .section = HOLE }));
	shrink.section = TOUCHED;
	grow.section = TOUCHED;
	CHECK(run_all(shrink, grow));
	CHECK(run_all(shrink, shrink));
}

/* Its frame is still among the links of the free ones: whoever comes by there drops it. */
static void a_frame_changes_its_owner_and_its_link(void)
{
	struct action hide = { .what = TAIJI_CALL_HIDE, .section = BACK_HOME, .b = 1 };

	CHECK(run_all(hide, (struct action){ .what = WRITE, .section = NEW }));
	CHECK(run_all(hide, (struct action){ .what = READ, .section = OUT }));
}

static void what_stays_is_at_home(void)
{
	static const enum scene scenes[] = { AT_HOME, STAYS };
	static const u64 others[] = { TAIJI_CALL_OUT, TAIJI_CALL_ALLOW, TAIJI_CALL_DROP,
				      TAIJI_CALL_HIDE, TAIJI_CALL_DONATE };

	for (unsigned int i = 0; i < 10; i++) {
		struct action no = { .what = TAIJI_CALL_ALLOW, .section = scenes[i % 2], .b = 1 };
		struct action yes = { .what = TAIJI_CALL_ALLOW, .section = scenes[i % 2], .b = 1,
				      .c = 1 };
		struct action other = { .what = others[i / 2], .section = scenes[i % 2],
					.b = others[i / 2] != TAIJI_CALL_OUT };

		CHECK(run_all(no, other));
		CHECK(run_all(yes, other));
	}
}

static u64 below(u64 n)
{
	return (fake_random() >> 16) % n;
}

/* Not START, ADOPT and FORGET. */
static struct action any_action(void)
{
	struct action a = { .section = below(NR_SCENES), .c = below(2) };

	do {
		a.what = 1 + below(NR_ACTIONS - 1);
	} while (a.what == TAIJI_CALL_START || a.what == TAIJI_CALL_ADOPT ||
		 a.what == TAIJI_CALL_FORGET);
	switch (a.what) {
	case TAIJI_CALL_OUT:
	case TAIJI_CALL_IN:
	case TAIJI_CALL_HOME:
	case TAIJI_CALL_COMPACT:
		a.b = below(4) ? 0 : below(TAIJI_SECTION_PAGES);
		a.c = 0;
		break;
	default:
		a.b = below(8) ? 1 : 2;
		break;
	}
	return a;
}

static void any_two(void)
{
	const char *cases = getenv("RACE_CASES");
	unsigned int irq_rate, failed = 0;
	u64 n = 800;

	if (cases)
		n = strtoull(cases, NULL, 0);

	for (u64 i = 0; i < n && failed < 10; i++) {
		struct action a = any_action(), b = any_action();

		if (below(4))
			b.section = a.section;
		irq_rate = below(3);
		/* How long is it? */
		failed += !run_case(a, b, 0, irq_rate);
		if (report->steps)
			failed += !run_case(a, b, 1 + below(report->steps), irq_rate);
	}
	CHECK_EQ(failed, 0);
}

static void nothing_leaves_behind_its_back(void)
{
	static const u64 others[] = { TAIJI_CALL_OUT, TAIJI_CALL_DROP, TAIJI_CALL_DONATE,
				      TAIJI_CALL_GROW, TAIJI_CALL_ALLOW, TAIJI_CALL_STOP };
	struct action stop = { .what = TAIJI_CALL_STOP };

	CHECK_EQ(call_range(TAIJI_CALL_SHRINK, host.first_grown, host.grown, 0), 0);
	lost[TOUCHED] = true;
	CHECK_EQ(call_range(TAIJI_CALL_SHOW, scene_section(HIDDEN), 1, 0), 0);
	CHECK(host_all_home());
	while (call_again(TAIJI_CALL_RECLAIM, 0) > 0)
		;
	for (unsigned int i = 0; i < 6; i++) {
		struct action other = { .what = others[i], .b = others[i] != TAIJI_CALL_OUT };

		other.section = other.what == TAIJI_CALL_GROW ? HOLE : AT_HOME;
		CHECK(run_all(stop, other));
		CHECK(run_all(other, stop));
	}
	/* And it does succeed when it is alone. */
	CHECK_EQ(call_again(TAIJI_CALL_STOP, 0), 0);
}

int main(void)
{
	const char *s = getenv("RACE_SEED");

	seed = s ? strtoull(s, NULL, 0) : 1;
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	tap_begin();
	tap_good = true;
	set_up();
	if (!tap_good)
		return 1;
	fake_cpu(0, seed);
	TAP_RUN(one_gives_back_what_another_has);
	TAP_RUN(one_shows_what_another_looks_at);
	TAP_RUN(a_hole_grows_once);
	TAP_RUN(a_frame_changes_its_owner_and_its_link);
	TAP_RUN(what_stays_is_at_home);
	TAP_RUN(any_two);
	TAP_RUN(nothing_leaves_behind_its_back);
	return tap_end();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The series' payload.c at EL2, as it is in the patched kernel: who is called with what, in which
 * order registers are written, and what becomes of an abort that nobody serves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <asm/kvm_payload.h>
#include <nvhe/payload.h>

#include "hyp_host.h"
#include "tap.h"

#define WINDOW_A	0x400000000000UL
#define WINDOW_B	0x800000000000UL
#define CPU		37
#define VTTBR		0x7000UL
#define VTCR		0x358UL
#define HCR		0x80UL
#define VBAR		0xffff800080011000UL

struct kvm_nvhe_init_params kvm_init_params __attribute__((aligned(64)));
static u64 cleaned;	/* of that, a bit for 16 bytes */

static char notes[1024];
static bool caps[NR_CAPS];
static bool at_works;
static struct kvm_vcpu_fault_info fault_info;
static void (*on_acquire)(void);

static struct {
	const char *name;
	u64 value;
} regs[32];

u64 *reg_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < 31 && regs[i].name && strcmp(regs[i].name, name); i++)
		;
	regs[i].name = name;
	return &regs[i].value;
}

void note(const char *instruction)
{
	if (strlen(notes) + strlen(instruction) + 3 > sizeof(notes))
		abort();
	strcat(notes, *notes ? ", " : "");
	strcat(notes, instruction);
}

void reg_write(u64 value, const char *name)
{
	char text[64];

	*reg_of(name) = value;
	snprintf(text, sizeof(text), "%s=%lx", name, value);
	note(text);
}

bool cpus_have_final_cap(enum cap cap)
{
	return caps[cap];
}

/* What another CPU did just before is seen, and so is all that it did before that. */
void *load_acquire(void *at)
{
	void (*hook)(void) = on_acquire;

	on_acquire = NULL;
	if (hook)
		hook();
	return __atomic_load_n((void **)at, __ATOMIC_ACQUIRE);
}

bool __get_fault_info(u64 esr, struct kvm_vcpu_fault_info *fault)
{
	(void)esr;
	*fault = fault_info;
	return at_works;
}

/* The first one sees what is in there. */
void note_clean(u64 at)
{
	if (!cleaned)
		note(kvm_init_params.hcr_el2 & HCR_VM ? "clean on" : "clean off");
	cleaned |= BIT((at - (u64)&kvm_init_params) / 16);
}

void __payload_forget_branches(void)
{
	note("forget");
}

static bool ran(const char *list)
{
	bool same = !strcmp(notes, list);

	if (!same)
		printf("# instructions: %s\n", notes);
	*notes = 0;
	return same;
}

/* Two images, and what they were entered with. */
static struct {
	unsigned int calls;
	unsigned int aborts;
	struct kvm_payload_env env;
	u64 args[4];
	s64 answer;
} image[2];

static s64 called(unsigned int i, struct kvm_payload_env *env, u64 func, u64 a, u64 b, u64 c)
{
	image[i].calls++;
	image[i].env = *env;
	memcpy(image[i].args, (u64 []){ func, a, b, c }, sizeof(image[i].args));
	return image[i].answer;
}

static bool aborted(unsigned int i, struct kvm_payload_env *env, u64 ipa, u64 esr, u64 far)
{
	image[i].aborts++;
	image[i].env = *env;
	memcpy(image[i].args, (u64 []){ ipa, esr, far, 0 }, sizeof(image[i].args));
	note("abort");
	return image[i].answer;
}

static s64 call_a(struct kvm_payload_env *env, u64 func, u64 a, u64 b, u64 c)
{
	return called(0, env, func, a, b, c);
}

static s64 call_b(struct kvm_payload_env *env, u64 func, u64 a, u64 b, u64 c)
{
	return called(1, env, func, a, b, c);
}

static bool abort_a(struct kvm_payload_env *env, u64 ipa, u64 esr, u64 far)
{
	return aborted(0, env, ipa, esr, far);
}

static bool abort_b(struct kvm_payload_env *env, u64 ipa, u64 esr, u64 far)
{
	return aborted(1, env, ipa, esr, far);
}

static struct kvm_payload_header *headers;

/* An image's code is at an offset of 32 bits behind its header. */
static void make_headers(void)
{
	u64 at = ((u64)call_a & ~0xfffffffUL) - 0x20000000;

	headers = mmap((void *)at, SZ_4K, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (headers == MAP_FAILED) {
		printf("Bail out! no memory below the program\n");
		exit(1);
	}
	headers[0].call = (u64)call_a - (u64)&headers[0];
	headers[0].abort = (u64)abort_a - (u64)&headers[0];
	headers[1].call = (u64)call_b - (u64)&headers[1];
	headers[1].abort = (u64)abort_b - (u64)&headers[1];
}

static u64 hypercall(void (*handler)(struct kvm_cpu_context *), u64 a, u64 b, u64 c, u64 d, u64 e)
{
	struct kvm_cpu_context context = { .regs.regs = { 0x4711, a, b, c, d, e } };

	handler(&context);
	return context.regs.regs[1];
}

static s64 set_image(const struct kvm_payload_header *header, u64 window, u64 func, u64 a)
{
	return hypercall(handle___kvm_payload_set, (u64)header, window, CPU, func, a);
}

static s64 call(u64 func, u64 a, u64 b, u64 c)
{
	return hypercall(handle___kvm_payload_call, CPU, func, a, b, c);
}

static void start(void)
{
	memset(image, 0, sizeof(image));
	memset(regs, 0, sizeof(regs));
	memset(caps, 0, sizeof(caps));
	memset(&kvm_init_params, 0x5a, sizeof(kvm_init_params));
	CHECK_EQ(set_image(NULL, 0, 0, 0), 0);
	host_s2_cpu = -1;
	on_acquire = NULL;
	at_works = true;
	*reg_of("hcr_el2") = HCR;
	*reg_of("el1 SYS_VBAR") = VBAR;
	*reg_of("el2 SYS_SPSR") = PSR_MODE_EL1h;
	*notes = 0;
}

/* The same, with the first image in use and the host under its stage 2. */
static void start_under_stage2(void)
{
	start();
	CHECK_EQ(set_image(&headers[0], WINDOW_A, 0, 0), 0);
	hypercall(handle___kvm_host_s2_enable, CPU, VTTBR, VTCR, 0, 0);
	*notes = 0;
}

static void no_image_is_no_device(void)
{
	start();
	CHECK_EQ(call(0, 0, 0, 0), -ENODEV);
}

static void an_image_is_called(void)
{
	start();
	CHECK_EQ(set_image(&headers[0], WINDOW_A, 5, 6), 0);
	CHECK_EQ(image[0].calls, 1);
	CHECK_EQ(image[0].args[0], 5);
	CHECK_EQ(image[0].args[1], 6);
	CHECK_EQ(image[0].env.window, WINDOW_A);
	CHECK_EQ(image[0].env.cpu, CPU);

	image[0].answer = 42;
	CHECK_EQ(call(1, 2, 3, 4), 42);
	CHECK_EQ(image[0].calls, 2);
	CHECK(!memcmp(image[0].args, (u64 []){ 1, 2, 3, 4 }, sizeof(image[0].args)));
	CHECK_EQ(image[0].env.window, WINDOW_A);
	CHECK_EQ(image[0].env.cpu, CPU);
	CHECK_EQ(image[0].env.flags, 0);
}

static void an_image_that_declines_is_not_used(void)
{
	start();
	CHECK_EQ(set_image(&headers[0], WINDOW_A, 0, 0), 0);
	image[1].answer = -EINVAL;
	CHECK_EQ(set_image(&headers[1], WINDOW_B, 1, 0), -EINVAL);
	CHECK_EQ(call(1, 0, 0, 0), 0);
	CHECK_EQ(image[0].calls, 2);
	CHECK_EQ(image[1].calls, 1);
	CHECK_EQ(image[0].env.window, WINDOW_A);
}

static void an_image_knows_of_the_erratum(void)
{
	start_under_stage2();
	caps[ARM64_WORKAROUND_REPEAT_TLBI] = true;
	call(1, 0, 0, 0);
	CHECK_EQ(image[0].env.flags, KVM_PAYLOAD_REPEAT_TLBI);
	payload_handle_host_abort();
	CHECK_EQ(image[0].aborts, 1);
	CHECK_EQ(image[0].env.flags, KVM_PAYLOAD_REPEAT_TLBI);
	set_image(&headers[1], WINDOW_B, 1, 0);
	CHECK_EQ(image[1].env.flags, KVM_PAYLOAD_REPEAT_TLBI);
	caps[ARM64_WORKAROUND_REPEAT_TLBI] = false;
	call(1, 0, 0, 0);
	CHECK_EQ(image[1].env.flags, 0);
}

static void a_flush_reaches_all_cpus(void)
{
	start();
	hypercall(handle___kvm_payload_flush, 0, 0, 0, 0, 0);
	CHECK(ran("dsb ishst, tlbi alle2is, dsb ish, isb"));
	caps[ARM64_WORKAROUND_REPEAT_TLBI] = true;
	hypercall(handle___kvm_payload_flush, 0, 0, 0, 0, 0);
	CHECK(ran("dsb ishst, tlbi alle2is, dsb ish, tlbi alle2is, dsb ish, isb"));
}

#define CLEAN "clean on, dsb sy, "
#define FLUSHED "tlbi vmalls12e1, dsb nsh, isb"

static void the_table_is_there_before_the_walk(void)
{
	start();
	set_image(&headers[0], WINDOW_A, 0, 0);
	cleaned = 0;
	hypercall(handle___kvm_host_s2_enable, CPU, VTTBR, VTCR, 0, 0);
	CHECK_EQ(cleaned, BIT((sizeof(kvm_init_params) + 15) / 16) - 1);
	CHECK(ran(CLEAN "vtcr_el2=358, vttbr_el2=7000, isb, hcr_el2=81, isb, " FLUSHED));
	CHECK_EQ(kvm_init_params.hcr_el2, HCR | HCR_VM);
	CHECK_EQ(kvm_init_params.vttbr, VTTBR);
	CHECK_EQ(kvm_init_params.vtcr, VTCR);
	CHECK_EQ(kvm_init_params.before, 0x5a5a5a5a5a5a5a5a);
	CHECK_EQ(kvm_init_params.after, 0x5a5a5a5a5a5a5a5a);
	CHECK_EQ(host_s2_cpu, CPU);

	cleaned = 0;
	hypercall(handle___kvm_host_s2_disable, 0, 0, 0, 0, 0);
	CHECK_EQ(cleaned, BIT((sizeof(kvm_init_params) + 15) / 16) - 1);
	CHECK(ran("clean off, dsb sy, hcr_el2=80, isb, vttbr_el2=0, vtcr_el2=0, isb, " FLUSHED));
	CHECK_EQ(kvm_init_params.hcr_el2, HCR);
	CHECK_EQ(kvm_init_params.vttbr, 0);
	CHECK_EQ(kvm_init_params.vtcr, 0);
	CHECK_EQ(host_s2_cpu, -1);
}

static void hyp_is_not_initialised_again_without_need(void)
{
	struct kvm_cpu_context context = { .regs.regs = { 0 } };

	start();
	handle___kvm_hyp_init(&context);
	CHECK_EQ(context.regs.regs[0], SMCCC_RET_NOT_SUPPORTED);
	start_under_stage2();
	context.regs.regs[0] = 0;
	handle___kvm_hyp_init(&context);
	CHECK_EQ(context.regs.regs[0], 0);
}

static void an_abort_goes_to_the_image(void)
{
	start();
	set_image(&headers[0], WINDOW_A, 0, 0);
	CHECK(!payload_handle_host_abort());
	CHECK_EQ(image[0].aborts, 0);

	start_under_stage2();
	*reg_of("el2 SYS_ESR") = ESR_ELx_EC_DABT_LOW << 26 | 7;
	fault_info.hpfar_el2 = 0x40012340 | 0xf;
	fault_info.far_el2 = 0xffff000012345678;
	image[0].answer = true;
	CHECK(payload_handle_host_abort());
	CHECK_EQ(image[0].aborts, 1);
	CHECK_EQ(image[0].args[0], 0x4001234000 + 0x678);
	CHECK_EQ(image[0].args[1], ESR_ELx_EC_DABT_LOW << 26 | 7);
	CHECK_EQ(image[0].args[2], 0xffff000012345678);
	CHECK_EQ(image[0].env.window, WINDOW_A);
	CHECK_EQ(image[0].env.cpu, CPU);
	CHECK(ran("abort"));
}

static void what_user_space_taught_is_forgotten(void)
{
	start_under_stage2();
	image[0].answer = true;
	*reg_of("el2 SYS_SPSR") = PSR_MODE_EL0t;
	CHECK(payload_handle_host_abort());
	CHECK(ran("forget, abort"));
	*reg_of("el2 SYS_SPSR") = PSR_MODE_EL0t | PSR_MODE32_BIT;
	CHECK(payload_handle_host_abort());
	CHECK(ran("forget, abort"));

	/* And what it must not load is not there on the way out, whatever the way. */
	caps[ARM64_WORKAROUND_SPECULATIVE_UNPRIV_LOAD] = true;
	CHECK(payload_handle_host_abort());
	CHECK(ran("forget, abort, tlbi vale1, dsb nsh"));
	at_works = false;
	CHECK(payload_handle_host_abort());
	CHECK(ran("forget, tlbi vale1, dsb nsh"));
	*reg_of("el2 SYS_SPSR") = PSR_MODE_EL1h;
	CHECK(payload_handle_host_abort());
	CHECK(ran(""));
}

static void a_walk_that_changed_is_tried_again(void)
{
	start_under_stage2();
	at_works = false;
	CHECK(payload_handle_host_abort());
	CHECK_EQ(image[0].aborts, 0);
	CHECK(ran(""));
}

static void publish_b(void)
{
	set_image(&headers[1], WINDOW_B, 0, 0);
}

static void unpublish(void)
{
	set_image(NULL, 0, 0, 0);
}

/* Whoever sees an image sees all that it needs, however late the image came. */
static void an_abort_sees_what_was_published(void)
{
	start_under_stage2();
	image[0].answer = 1;
	on_acquire = publish_b;
	CHECK(payload_handle_host_abort());
	CHECK_EQ(image[0].aborts, 0);
	CHECK_EQ(image[1].aborts, 1);
	CHECK_EQ(image[1].env.window, WINDOW_B);

	start();
	set_image(&headers[0], WINDOW_A, 0, 0);
	on_acquire = publish_b;
	call(1, 0, 0, 0);
	CHECK_EQ(image[1].calls, 2);
	CHECK_EQ(image[1].env.window, WINDOW_B);
}

/* What the host finds: ESR_EL1's class, the vector, and the rest as it was. */
static void injected(u64 class, u64 vector)
{
	u64 esr = *reg_of("el2 SYS_ESR"), spsr = *reg_of("el2 SYS_SPSR");

	*reg_of("el2 SYS_ELR") = 0xffff800080123450;
	CHECK(payload_handle_host_abort());
	CHECK_EQ(*reg_of("el1 SYS_ESR"), class << 26 | ESR_ELx_IL | (esr & ESR_ELx_WNR) | 0x10);
	CHECK_EQ(*reg_of("el1 SYS_FAR"), fault_info.far_el2);
	CHECK_EQ(*reg_of("el1 SYS_ELR"), 0xffff800080123450);
	CHECK_EQ(*reg_of("el1 SYS_SPSR"), spsr);
	CHECK_EQ(*reg_of("el2 SYS_ELR"), VBAR + vector);
	CHECK_EQ(*reg_of("el2 SYS_SPSR") & ~(PSR_PAN_BIT | PSR_SSBS_BIT), 0x3c5);
}

static void declined_with(u64 class, u64 spsr)
{
	start_under_stage2();
	*reg_of("el2 SYS_ESR") = class << 26 | ESR_ELx_IL | ESR_ELx_WNR | 7;
	*reg_of("el2 SYS_SPSR") = spsr;
}

static void an_abort_that_is_declined_is_the_hosts(void)
{
	declined_with(ESR_ELx_EC_DABT_LOW, PSR_MODE_EL1h | PSR_PAN_BIT);
	injected(ESR_ELx_EC_DABT_CUR, 0x200);
	CHECK(*reg_of("el2 SYS_SPSR") & PSR_PAN_BIT);
	CHECK(!(*reg_of("el2 SYS_SPSR") & PSR_SSBS_BIT));
	declined_with(ESR_ELx_EC_IABT_LOW, PSR_MODE_EL1h);
	injected(ESR_ELx_EC_IABT_CUR, 0x200);
	CHECK(!(*reg_of("el2 SYS_SPSR") & PSR_PAN_BIT));
	declined_with(ESR_ELx_EC_DABT_LOW, PSR_MODE_EL0t);
	injected(ESR_ELx_EC_DABT_LOW, 0x400);
	declined_with(ESR_ELx_EC_IABT_LOW, PSR_MODE_EL0t | PSR_MODE32_BIT);
	injected(ESR_ELx_EC_IABT_LOW, 0x600);

	declined_with(ESR_ELx_EC_DABT_LOW, PSR_MODE_EL1h);
	caps[ARM64_HAS_PAN] = true;
	*reg_of("el1 SYS_SCTLR") = SCTLR_ELx_DSSBS;
	injected(ESR_ELx_EC_DABT_CUR, 0x200);
	CHECK(*reg_of("el2 SYS_SPSR") & PSR_PAN_BIT);
	CHECK(*reg_of("el2 SYS_SPSR") & PSR_SSBS_BIT);
	declined_with(ESR_ELx_EC_DABT_LOW, PSR_MODE_EL1h);
	caps[ARM64_HAS_PAN] = true;
	*reg_of("el1 SYS_SCTLR") = SCTLR_EL1_SPAN;
	injected(ESR_ELx_EC_DABT_CUR, 0x200);
	CHECK(!(*reg_of("el2 SYS_SPSR") & PSR_PAN_BIT));
}

static void an_abort_that_nobody_can_serve_is_the_hosts(void)
{
	declined_with(ESR_ELx_EC_DABT_LOW, PSR_MODE_EL1h);
	on_acquire = unpublish;
	injected(ESR_ELx_EC_DABT_CUR, 0x200);
	CHECK_EQ(image[0].aborts, 0);
}

int main(void)
{
	tap_begin();
	make_headers();
	TAP_RUN(no_image_is_no_device);
	TAP_RUN(an_image_is_called);
	TAP_RUN(an_image_that_declines_is_not_used);
	TAP_RUN(an_image_knows_of_the_erratum);
	TAP_RUN(a_flush_reaches_all_cpus);
	TAP_RUN(the_table_is_there_before_the_walk);
	TAP_RUN(hyp_is_not_initialised_again_without_need);
	TAP_RUN(an_abort_goes_to_the_image);
	TAP_RUN(what_user_space_taught_is_forgotten);
	TAP_RUN(a_walk_that_changed_is_tried_again);
	TAP_RUN(an_abort_sees_what_was_published);
	TAP_RUN(an_abort_that_is_declined_is_the_hosts);
	TAP_RUN(an_abort_that_nobody_can_serve_is_the_hosts);
	return tap_end();
}

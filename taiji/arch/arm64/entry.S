/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first bytes of the image, and the two ways into it. See struct
 * kvm_payload_header of the KVM series: KVM calls with the environment in x0
 * and the arguments behind it.
 */

#define BTI_C	hint #34

	.section .head, "ax"
	.globl	payload_header
payload_header:
	.quad	0x64616f6c7961706b	/* "kpayload" */
	.word	2			/* KVM_PAYLOAD_ABI */
	.word	payload_text_size
	.word	payload_file_size
	.word	payload_mem_size
	.word	payload_call - payload_header
	.word	payload_abort - payload_header

	/* Keep the environment in x18 while \function runs on the arguments. */
	.macro	enter name, function
	.text
	.globl	\name
	.type	\name, %function
\name:
	BTI_C
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x18, [sp, #16]
	mov	x18, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	bl	\function
	ldr	x18, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
	.size	\name, . - \name
	.endm

	enter	payload_call, engine_call
	enter	payload_abort, machine_abort

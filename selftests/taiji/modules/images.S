/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Payloads: the real one, and two of a few instructions. Function 0 of each does
 * nothing, and all others decline, or break the machine.
 */

#define BTI_C	hint #34

	.macro	image name
	.balign	8
	.globl	\name\()_image
\name\()_image:
	.endm

	.macro	image_end name
	.globl	\name\()_image_end
\name\()_image_end:
	.endm

	/* struct kvm_payload_header, and a page of text behind it. */
	.macro	small_image name
	image	\name
	.quad	0x64616f6c7961706b
	.word	2
	.word	4096
	.word	4096
	.word	4096
	.word	\name\()_call - \name\()_image
	.word	\name\()_abort - \name\()_image
\name\()_abort:
	BTI_C
	mov	x0, #0
	ret
\name\()_call:
	BTI_C
	cbnz	x1, 1f
	mov	x0, #0
	ret
1:
	.endm

	.section .rodata, "a"

	image	real
	.incbin	PAYLOAD_IMAGE
	image_end real

	small_image declining
	mov	x0, #-22
	ret
	.fill	4096 - (. - declining_image), 1, 0
	image_end declining

	small_image panicking
	brk	#0x7a11
	.fill	4096 - (. - panicking_image), 1, 0
	image_end panicking

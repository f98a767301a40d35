/* SPDX-License-Identifier: GPL-2.0-only */
/* The linked payload, byte for byte. */

	.section .rodata, "a"
	.balign	8
	.globl	taiji_payload_image
taiji_payload_image:
	.incbin	PAYLOAD_IMAGE
	.globl	taiji_payload_image_end
taiji_payload_image_end:

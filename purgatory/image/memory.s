# What compiled Rust may call without being asked to. Plain string instructions: no call to themselves can come of it.

	.section .text.memory, "ax", @progbits

	.globl	memcpy
	.type	memcpy, @function
memcpy:
	movq	%rdi, %rax
	movq	%rdx, %rcx
	rep movsb
	ret
	.size	memcpy, . - memcpy

	.globl	memset
	.type	memset, @function
memset:
	movq	%rdi, %r8
	movzbl	%sil, %eax
	movabsq	$0x0101010101010101, %rcx
	imulq	%rcx, %rax			# the byte, eight times
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep stosq
	movl	%edx, %ecx
	andl	$7, %ecx
	rep stosb
	movq	%r8, %rax
	ret
	.size	memset, . - memset

	.globl	memcmp
	.type	memcmp, @function
	.globl	bcmp
	.type	bcmp, @function
memcmp:
bcmp:
	xorl	%eax, %eax
	movq	%rdx, %rcx
	cmpq	%rcx, %rcx			# equal, should there be no byte
	repe cmpsb
	je	1f
	movzbl	-1(%rdi), %ecx
	movzbl	-1(%rsi), %eax
	subl	%ecx, %eax
1:	ret
	.size	memcmp, . - memcmp
	.size	bcmp, . - bcmp

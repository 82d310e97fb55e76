# The way in and out, and the exceptions between. Long mode, identity-mapped, at any address.
#
# What the old kernel leaves (relocate_kernel_64.S): interrupts off, CR4 = PAE and perhaps LA57, no usable GDT or IDT,
# a stack that must not be read. What the new one wants (Documentation/arch/x86/boot.rst, 64-bit boot protocol): CS 0x10,
# DS, ES and SS 0x18, interrupts off, RSI = boot_params.

	.set	CODE, 0x10
	.set	DATA, 0x18
	.set	CR4_SSE, 0x600			# OSFXSR | OSXMMEXCPT: compiled Rust uses SSE registers
	.set	PARAMS_ENTRY, 8
	.set	PARAMS_BOOT_PARAMS, 16
	.set	PARAMS_CR3, 24

	.section .start, "ax", @progbits
	.globl	purgatory_start
	.type	purgatory_start, @function
purgatory_start:
	cli
	cld
	leaq	stack_end(%rip), %rsp

	# A GDT, its address on the stack: nothing that is checked below may be written before.
	leaq	gdt(%rip), %rax
	pushq	%rax
	pushw	$gdt_end - gdt - 1
	lgdt	(%rsp)
	leaq	stack_end(%rip), %rsp
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$CODE
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq

1:	movq	%cr4, %rbx			# stays in rbx until the end
	movq	%rbx, %rax
	orq	$CR4_SSE, %rax
	movq	%rax, %cr4

	# An IDT of 32 interrupt gates, one for every 16 bytes of stubs.
	movl	$0, faults(%rip)
	leaq	idt(%rip), %rdi
	leaq	stubs(%rip), %rax
	movl	$32, %ecx
2:	movw	%ax, (%rdi)
	movl	$0x8e000000 | CODE, %edx	# present, ring 0, interrupt gate; the selector is the low half
	movw	%dx, 2(%rdi)
	shrl	$16, %edx
	movw	%dx, 4(%rdi)
	movq	%rax, %rdx
	shrq	$16, %rdx
	movw	%dx, 6(%rdi)
	shrq	$16, %rdx
	movq	%rdx, 8(%rdi)
	addq	$16, %rdi
	addq	$16, %rax
	decl	%ecx
	jnz	2b
	leaq	idt(%rip), %rax
	pushq	%rax
	pushw	$32 * 16 - 1
	lidt	(%rsp)
	leaq	stack_end(%rip), %rsp

	leaq	purgatory_start(%rip), %rdi
	leaq	PURGATORY_PARAMS(%rip), %rsi
	callq	purgatory_main

	# Everything is sound. The old kernel's page tables may lie where the new kernel unpacks itself, or in a span that is
	# zeroed: they are left before either.
	movq	PURGATORY_PARAMS + PARAMS_CR3(%rip), %rax
	testq	%rax, %rax
	jz	3f
	movq	%rax, %cr3
3:	callq	purgatory_zero

	# Nothing of this stays behind, but the stack and the GDT.
	.irp	register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pxor	%xmm\register, %xmm\register
	.endr
	movq	%rbx, %cr4
	lidt	no_idt(%rip)
	movq	PURGATORY_PARAMS + PARAMS_BOOT_PARAMS(%rip), %rsi
	.irp	register, eax, ebx, ecx, edx, edi, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
	xorl	%\register, %\register
	.endr
	jmpq	*PURGATORY_PARAMS + PARAMS_ENTRY(%rip)
	.size	purgatory_start, . - purgatory_start

	.section .text.entry, "ax", @progbits

# void purgatory_check(struct Verdict *): the check as a function.
	.globl	purgatory_check
	.type	purgatory_check, @function
purgatory_check:
	movq	%rdi, %rdx
	leaq	purgatory_start(%rip), %rdi
	leaq	PURGATORY_PARAMS(%rip), %rsi
	jmp	purgatory_verdict
	.size	purgatory_check, . - purgatory_check

# void purgatory_zero(void): the spans as a function.
	.globl	purgatory_zero
	.type	purgatory_zero, @function
purgatory_zero:
	leaq	PURGATORY_PARAMS(%rip), %rdi
	jmp	purgatory_zero_spans
	.size	purgatory_zero, . - purgatory_zero

# void purgatory_backup(void): the copy as a function.
	.globl	purgatory_backup
	.type	purgatory_backup, @function
purgatory_backup:
	leaq	PURGATORY_PARAMS(%rip), %rdi
	jmp	purgatory_copy
	.size	purgatory_backup, . - purgatory_backup

# With a number and an error code on the stack, whether the processor gives one or not. An NMI is nothing of ours.
	.balign	16
stubs:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	vector == 2
	iretq
	.else
	.if	((0x60227d00 >> vector) & 1) == 0
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception
	.endif
	.set	vector, vector + 1
	.endr

	.balign	16
exception:
	movq	%rsp, %rdx			# vector, error code, rip
	andq	$-16, %rsp
	cld
	movl	faults(%rip), %eax
	incl	faults(%rip)
	cmpl	$1, %eax
	ja	give_up
	leaq	PURGATORY_PARAMS(%rip), %rdi
	je	4f
	movq	%rdi, %rsi
	leaq	purgatory_start(%rip), %rdi
	movq	%cr2, %rcx
	callq	purgatory_fault
4:	callq	purgatory_end

# Neither words nor policy are left: no IDT, and an exception, which is a triple fault and resets the machine.
	.globl	give_up
give_up:
	lidt	no_idt(%rip)
	ud2

	.section .rodata.entry, "a", @progbits
	.balign	8
gdt:	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff		# code, 64 bits; accessed, or the processor would write it
	.quad	0x00cf93000000ffff		# data, flat; likewise
gdt_end:
no_idt:	.word	0
	.quad	0

	.section .params, "a", @progbits
	.balign	16
	.globl	PURGATORY_PARAMS
	.type	PURGATORY_PARAMS, @object
PURGATORY_PARAMS:
	.quad	{magic}
	.skip	{rest}
	.size	PURGATORY_PARAMS, . - PURGATORY_PARAMS

	.section .bss.entry, "aw", @nobits
	.balign	16
idt:	.skip	32 * 16
faults:	.skip	16
	.balign	4096
	.skip	16384
stack_end:

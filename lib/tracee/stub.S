/* SPDX-License-Identifier: MIT */
/*
 * stub.S - the few instructions that run in a stopped task on our behalf
 *
 * They are written into the unused end of the task's vDSO, so that nothing has
 * to be mapped executable.  Registers at the start:
 *
 *	stub_batch	rbx: array of calls, 64 bytes each: number, six
 *			arguments, room for the result; r12: how many
 *	stub_once	the system call's own registers; result in r13
 *	both		r14: the signal that tells the tracer; r15: the block
 *			that heals, struct saved in x86_64.c
 *
 * At the end the task sends itself a signal whose default is to be ignored.
 * A tracer sees it stop there, takes the results and puts the task's own
 * registers back.  If the tracer has been killed meanwhile, the signal does
 * nothing and the stub heals the task itself: it sets the mask and all
 * registers as they were, from that block.
 *
 * Below the red zone the task's stack may be written, as a signal would do.
 */
	.section .rodata
	.globl	stub_begin, stub_batch, stub_once, stub_told, stub_end
	.balign	16
stub_begin:
stub_batch:
	test	%r12, %r12
	jz	tell
	mov	0(%rbx), %rax
	mov	8(%rbx), %rdi
	mov	16(%rbx), %rsi
	mov	24(%rbx), %rdx
	mov	32(%rbx), %r10
	mov	40(%rbx), %r8
	mov	48(%rbx), %r9
	syscall
	mov	%rax, 56(%rbx)
	add	$64, %rbx
	dec	%r12
	jmp	stub_batch

stub_once:
	syscall
	mov	%rax, %r13

tell:
	mov	$39, %eax		/* getpid */
	syscall
	mov	%rax, %rbx
	mov	$186, %eax		/* gettid */
	syscall
	mov	%rbx, %rdi
	mov	%rax, %rsi
	mov	%r14, %rdx
	mov	$234, %eax		/* tgkill */
	syscall
stub_told:
	mov	$14, %eax		/* rt_sigprocmask(SIG_SETMASK, ..) */
	mov	$2, %edi
	lea	0(%r15), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	lea	-136(%rsp), %rsp
	pushq	136(%r15)		/* where it was */
	pushq	128(%r15)		/* flags */
	mov	16(%r15), %r14
	mov	24(%r15), %r13
	mov	32(%r15), %r12
	mov	40(%r15), %rbp
	mov	48(%r15), %rbx
	mov	56(%r15), %r11
	mov	64(%r15), %r10
	mov	72(%r15), %r9
	mov	80(%r15), %r8
	mov	88(%r15), %rcx
	mov	96(%r15), %rdx
	mov	104(%r15), %rsi
	mov	112(%r15), %rdi
	mov	120(%r15), %rax
	mov	8(%r15), %r15
	popfq
	ret	$136

stub_end:
	.section .note.GNU-stack, "", @progbits

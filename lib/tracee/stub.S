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
 *	both		r14: the signal that tells the tracer
 *
 * At the end the task sends itself a signal whose default is to be ignored.
 * A tracer sees it stop there, takes the results and puts the task's own
 * registers back.  If the tracer has been killed meanwhile, the signal does
 * nothing and the stub heals the task itself: it sets the mask and all
 * registers as they were, from the block behind the code.
 *
 * Below the red zone the task's stack may be written, as a signal would do.
 */
	.section .rodata
	.globl	stub_begin, stub_batch, stub_once, stub_told, stub_saved, stub_end
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
	lea	saved_mask(%rip), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	saved_r15(%rip), %r15
	mov	saved_r14(%rip), %r14
	mov	saved_r13(%rip), %r13
	mov	saved_r12(%rip), %r12
	mov	saved_rbp(%rip), %rbp
	mov	saved_rbx(%rip), %rbx
	mov	saved_r11(%rip), %r11
	mov	saved_r10(%rip), %r10
	mov	saved_r9(%rip), %r9
	mov	saved_r8(%rip), %r8
	mov	saved_rcx(%rip), %rcx
	mov	saved_rdx(%rip), %rdx
	mov	saved_rsi(%rip), %rsi
	mov	saved_rdi(%rip), %rdi
	mov	saved_rax(%rip), %rax
	lea	-136(%rsp), %rsp
	pushq	saved_flags(%rip)
	popfq
	lea	136(%rsp), %rsp
	jmp	*saved_rip(%rip)

	/* struct stub_saved in x86_64.c */
	.balign	8
stub_saved:
saved_mask:	.quad 0
saved_r15:	.quad 0
saved_r14:	.quad 0
saved_r13:	.quad 0
saved_r12:	.quad 0
saved_rbp:	.quad 0
saved_rbx:	.quad 0
saved_r11:	.quad 0
saved_r10:	.quad 0
saved_r9:	.quad 0
saved_r8:	.quad 0
saved_rcx:	.quad 0
saved_rdx:	.quad 0
saved_rsi:	.quad 0
saved_rdi:	.quad 0
saved_rax:	.quad 0
saved_flags:	.quad 0
saved_rip:	.quad 0
stub_end:
	.section .note.GNU-stack, "", @progbits

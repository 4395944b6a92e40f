/* SPDX-License-Identifier: MIT */
/*
 * x86_64.c - registers and the stub on x86-64
 *
 * Contract of a restarted system call: arch/x86/kernel/signal.c,
 * arch_do_signal_or_restart().  The NT_ register sets: ptrace(2), elf(5).
 */
#include "tracee/x86_64.h"

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define ERESTARTSYS		512
#define ERESTARTNOINTR		513
#define ERESTARTNOHAND		514
#define ERESTART_RESTARTBLOCK	516

extern const uint8_t stub_begin[], stub_batch[], stub_once[], stub_told[],
	stub_end[];

/* In the order of stub.S. */
struct saved {
	uint64_t mask, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rcx,
		 rdx, rsi, rdi, rax, flags, rip;
};

const struct stub_code *stub_code(void)
{
	static struct stub_code c;

	c = (struct stub_code){
		.bytes = stub_begin, .size = stub_end - stub_begin,
		.batch = stub_batch - stub_begin,
		.once = stub_once - stub_begin,
		.told = stub_told - stub_begin,
	};
	return &c;
}

_Static_assert(sizeof(struct saved) == HEAL_SIZE, "room for it");

void stub_heal(uint8_t *block, const struct user_regs_struct *r, uint64_t mask)
{
	struct saved s = {
		mask, r->r15, r->r14, r->r13, r->r12, r->rbp, r->rbx, r->r11,
		r->r10, r->r9, r->r8, r->rcx, r->rdx, r->rsi, r->rdi, r->rax,
		r->eflags, r->rip,
	};

	if ((int64_t)r->orig_rax >= 0) {
		switch (-(int64_t)r->rax) {
		case ERESTARTSYS:
		case ERESTARTNOINTR:
		case ERESTARTNOHAND:
			s.rax = r->orig_rax;
			s.rip -= 2;
			break;
		case ERESTART_RESTARTBLOCK:
			s.rax = SYS_restart_syscall;
			s.rip -= 2;
			break;
		}
	}
	memcpy(block, &s, sizeof(s));
}

void regs_batch(struct user_regs_struct *r, uint64_t stub, uint64_t calls,
		size_t n, int tell, uint64_t heal)
{
	r->rip = stub + stub_code()->batch;
	r->rbx = calls;
	r->r12 = n;
	r->r14 = tell;
	r->r15 = heal;
	r->orig_rax = -1;	/* no system call to restart */
	r->eflags &= ~0x100ul;
}

void regs_once(struct user_regs_struct *r, uint64_t stub, long nr,
	       const uint64_t arg[6], int tell, uint64_t heal)
{
	r->rip = stub + stub_code()->once;
	r->rax = nr;
	r->rdi = arg[0];
	r->rsi = arg[1];
	r->rdx = arg[2];
	r->r10 = arg[3];
	r->r8 = arg[4];
	r->r9 = arg[5];
	r->r14 = tell;
	r->r15 = heal;
	r->orig_rax = -1;
	r->eflags &= ~0x100ul;
}

uint64_t regs_pc(const struct user_regs_struct *r)
{
	return r->rip;
}

int64_t regs_once_result(const struct user_regs_struct *r)
{
	return r->r13;
}

bool regs_in_call(const struct user_regs_struct *r, long nr)
{
	return (long)r->orig_rax == nr;
}

int64_t regs_result(const struct user_regs_struct *r)
{
	return r->rax;
}

int tracee_get_regs(struct tracee *t, struct user_regs_struct *r)
{
	struct iovec v = { r, sizeof(*r) };

	return ptrace(PTRACE_GETREGSET, t->tid, NT_PRSTATUS, &v) < 0 ? -1 : 0;
}

int tracee_set_regs(struct tracee *t, const struct user_regs_struct *r)
{
	struct iovec v = { (void *)r, sizeof(*r) };

	return ptrace(PTRACE_SETREGSET, t->tid, NT_PRSTATUS, &v) < 0 ? -1 : 0;
}

int tracee_get_xstate(struct tracee *t, uint8_t *buf, size_t *len)
{
	struct iovec v = { buf, *len };

	if (ptrace(PTRACE_GETREGSET, t->tid, NT_X86_XSTATE, &v) < 0)
		return -1;
	*len = v.iov_len;
	return 0;
}

int tracee_set_xstate(struct tracee *t, const uint8_t *buf, size_t len)
{
	struct iovec v = { (void *)buf, len };

	return ptrace(PTRACE_SETREGSET, t->tid, NT_X86_XSTATE, &v) < 0 ? -1 : 0;
}

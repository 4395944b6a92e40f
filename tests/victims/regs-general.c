/* SPDX-License-Identifier: MIT */
/* regs-general - all general purpose registers are alive in a busy loop */
#include "spin.h"

#define FIFTEEN(op) \
	op("rax", 0) op("rbx", 1) op("rcx", 2) op("rdx", 3) op("rsi", 4) \
	op("rdi", 5) op("rbp", 6) op("r8", 7) op("r9", 8) op("r10", 9) \
	op("r11", 10) op("r12", 11) op("r13", 12) op("r14", 13) op("r15", 14)
#define LOAD(reg, n)	"movq spin_in+8*" #n "(%rip), %" reg "\n"
#define STORE(reg, n)	"movq %" reg ", spin_out+8*" #n "(%rip)\n"

static uint64_t stack_before SHARED, stack_after SHARED;

FUNCTION_SPIN(
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"movq %rsp, stack_before(%rip)\n"
	FIFTEEN(LOAD)
	SPIN
	FIFTEEN(STORE)
	"movq %rsp, stack_after(%rip)\n"
	"movq stack_before(%rip), %rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\n"
);

void victim(void)
{
	spin_move(15 * 8);
	same(stack_after, stack_before);
}

/* SPDX-License-Identifier: MIT */
/* x86_64.h - what lib/tracee does differently on each architecture */
#ifndef TRACEE_X86_64_H
#define TRACEE_X86_64_H

#include "tracee/tracee.h"

struct stub_code {
	const uint8_t *bytes;
	size_t size;
	size_t batch, once;	/* entry points, offsets */
	size_t told;		/* where the task stops at the end */
};

#define HEAL_SIZE 144		/* of the block that heals, bytes */

const struct stub_code *stub_code(void);

/* The block that brings a task back to @r and @mask, a system call restarted
 * as the kernel would restart it. */
void stub_heal(uint8_t *block, const struct user_regs_struct *r, uint64_t mask);
/* Registers that enter the stub; @heal is the address of that block. */
void regs_batch(struct user_regs_struct *r, uint64_t stub, uint64_t calls,
		size_t n, int tell, uint64_t heal);
void regs_once(struct user_regs_struct *r, uint64_t stub, long nr,
	       const uint64_t arg[6], int tell, uint64_t heal);
uint64_t regs_pc(const struct user_regs_struct *r);
int64_t regs_once_result(const struct user_regs_struct *r);
/* Is it stopped in, or just behind, the system call @nr? */
bool regs_in_call(const struct user_regs_struct *r, long nr);
/* Result of the system call that was interrupted. */
int64_t regs_result(const struct user_regs_struct *r);

#endif

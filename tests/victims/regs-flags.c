/* SPDX-License-Identifier: MIT */
/* regs-flags - direction, carry and alignment flag in a busy loop */
#include "spin.h"

#define DF	(1 << 10)
#define AC	(1 << 18)
#define CF	1

static uint64_t flags_after SHARED;

/* The loop compares, so the carry flag is tried by itself: jrcxz and lea
 * leave the flags alone. */
FUNCTION_SPIN(
	"pushfq\n"
	"pushfq\n"
	"orq $0x40401, (%rsp)\n"
	"popfq\n"
	"movl $1, spin_started(%rip)\n"
	"7: pause\n"
	"movl spin_stop(%rip), %ecx\n"
	"jrcxz 7b\n"
	"pushfq\n"
	"popq flags_after(%rip)\n"
	"popfq\n"
	"cld\n"
);

void victim(void)
{
	spin_move(0);
	same(flags_after & (DF | AC | CF), DF | AC | CF);
}

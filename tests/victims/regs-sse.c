/* SPDX-License-Identifier: MIT */
/* regs-sse - the 16 xmm registers are alive in a busy loop */
#include "spin.h"

FUNCTION_SPIN(
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"movdqu spin_in+16*\\n(%rip), %xmm\\n\n"
	".endr\n"
	SPIN
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"movdqu %xmm\\n, spin_out+16*\\n(%rip)\n"
	".endr\n"
);

void victim(void)
{
	spin_move(16 * 16);
}

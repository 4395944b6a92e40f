/* SPDX-License-Identifier: MIT */
/* regs-avx - the 16 ymm registers are alive in a busy loop */
#include "spin.h"

FUNCTION_SPIN(
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"vmovdqu spin_in+32*\\n(%rip), %ymm\\n\n"
	".endr\n"
	SPIN
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"vmovdqu %ymm\\n, spin_out+32*\\n(%rip)\n"
	".endr\n"
	"vzeroupper\n"
);

void victim(void)
{
	if (!__builtin_cpu_supports("avx"))
		victim_skip("this processor has no AVX");
	spin_move(16 * 32);
}

/* SPDX-License-Identifier: MIT */
/* regs-avx512 - the 32 zmm registers are alive in a busy loop */
#include "spin.h"

#define ALL "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15," \
	"16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

FUNCTION_SPIN(
	".irp n," ALL "\n"
	"vmovdqu64 spin_in+64*\\n(%rip), %zmm\\n\n"
	".endr\n"
	SPIN
	".irp n," ALL "\n"
	"vmovdqu64 %zmm\\n, spin_out+64*\\n(%rip)\n"
	".endr\n"
	"vzeroupper\n"
);

void victim(void)
{
	if (!__builtin_cpu_supports("avx512f"))
		victim_skip("this processor has no AVX-512");
	spin_move(32 * 64);
}

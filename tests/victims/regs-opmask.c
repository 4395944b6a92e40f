/* SPDX-License-Identifier: MIT */
/* regs-opmask - the 8 mask registers of AVX-512 are alive in a busy loop */
#include "spin.h"

FUNCTION_SPIN(
	".irp n,0,1,2,3,4,5,6,7\n"
	"kmovq spin_in+8*\\n(%rip), %k\\n\n"
	".endr\n"
	SPIN
	".irp n,0,1,2,3,4,5,6,7\n"
	"kmovq %k\\n, spin_out+8*\\n(%rip)\n"
	".endr\n"
);

void victim(void)
{
	if (!__builtin_cpu_supports("avx512bw"))
		victim_skip("this processor has no AVX-512BW");
	spin_move(8 * 8);
}

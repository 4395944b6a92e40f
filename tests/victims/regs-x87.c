/* SPDX-License-Identifier: MIT */
/* regs-x87 - a full x87 stack, its top not at 0, is alive in a busy loop */
#include "spin.h"

static uint16_t status_before SHARED, status_after SHARED;

/* Of each 80-bit number the whole is kept; 16 bytes a slot. */
FUNCTION_SPIN(
	"fninit\n"
	"fld1\n"
	"fldpi\n"
	"fldl2e\n"
	"fldl2t\n"
	"fldlg2\n"
	"fldln2\n"
	"fldz\n"
	"fldpi\n"
	/* One off and another on: exponent, sign, and C1 live too. */
	"fstp %st(0)\n"
	"fldl2e\n"
	"fchs\n"
	"fincstp\n"
	"fincstp\n"
	"fincstp\n"
	"fxam\n"
	"fnstsw status_before(%rip)\n"
	SPIN
	"fnstsw status_after(%rip)\n"
	".irp n,0,1,2,3,4,5,6,7\n"
	"fstpt spin_out+16*\\n(%rip)\n"
	".endr\n"
);

void victim(void)
{
	static const long double was[8] = {
		-1.44269504088896340735992468100189214L, 0,
		0.693147180559945309417232121458176568L,
		0.301029995663981195213738894724493027L,
		3.32192809488736234787031942948939018L,
		1.44269504088896340735992468100189214L,
		3.14159265358979323846264338327950288L, 1,
	};

	spin_move(0);
	for (int i = 0; i < 8; i++) {
		long double now;

		memcpy(&now, spin_out + 16 * i, sizeof(now));
		if (now != was[(i + 3) % 8])
			victim_fail("st(%d) was %Lg and is %Lg", i, was[(i + 3) % 8], now);
	}
	same(status_after, status_before);
}

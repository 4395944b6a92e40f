/* SPDX-License-Identifier: MIT */
/* mem-mlockall - mlockall(2) holds for all there is, and for all to come */
#include "victim.h"

#define SIZE	(16 * 4096)

void victim(void)
{
	unsigned char *old, *new;
	char was[256], now[256];

	must(mlockall(MCL_CURRENT | MCL_FUTURE));
	old = AREA_ANON(SIZE);
	fill(old, SIZE, 1);
	vm_flags(old, was);
	check(strstr(was, "lo "));
	victim_move();
	vm_flags(old, now);
	same_text(now, was);
	same_fill(old, SIZE, 1);
	new = AREA_ANON(SIZE);
	vm_flags(new, now);
	if (!strstr(now, "lo "))
		victim_fail("memory mapped after the move is not locked");
}

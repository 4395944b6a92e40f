/* SPDX-License-Identifier: MIT */
/* mem-mlock - locked memory is locked again, at once or on first touch */
#include "victim.h"

#define SIZE	(64 * 4096)
#define ONFAULT	1

void victim(void)
{
	unsigned char *plain = AREA_ANON(SIZE), *onfault = AREA_ANON(SIZE);
	char was[3][256], now[256];
	long locked;

	fill(plain, SIZE, 1);
	must(mlock(plain, SIZE / 2));
	must(syscall(SYS_mlock2, onfault, SIZE, ONFAULT));
	onfault[0] = 1;
	vm_flags(plain, was[0]);
	vm_flags(plain + SIZE - 1, was[1]);
	vm_flags(onfault, was[2]);
	locked = atol(field("/proc/self/status", "VmLck"));
	same(locked, (SIZE / 2 + SIZE) / 1024);
	victim_move();
	same(atol(field("/proc/self/status", "VmLck")), locked);
	vm_flags(plain, now);
	same_text(now, was[0]);
	vm_flags(plain + SIZE - 1, now);
	same_text(now, was[1]);
	vm_flags(onfault, now);
	same_text(now, was[2]);
	same_fill(plain, SIZE, 1);
}

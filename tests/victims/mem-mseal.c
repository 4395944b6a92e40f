/* SPDX-License-Identifier: MIT */
/* mem-mseal - sealed memory has what it had, and stays sealed */
#include "victim.h"

#define PAGE	4096
#define MSEAL	462

void victim(void)
{
	unsigned char *sealed = AREA_ANON(8 * PAGE), *locked;

	fill(sealed, 8 * PAGE, 1);
	must(mprotect(sealed + 4 * PAGE, PAGE, PROT_READ));
	if (syscall(MSEAL, sealed + 2 * PAGE, 4 * PAGE, 0) < 0)
		victim_skip("no mseal: %s", strerror(errno));
	locked = AREA_ANON(PAGE);
	fill(locked, PAGE, 2);
	must(madvise(locked, PAGE, MADV_DONTFORK));
	must(syscall(MSEAL, locked, PAGE, 0));
	victim_move();
	same_fill(sealed, 8 * PAGE, 1);
	same_fill(locked, PAGE, 2);
	refused(munmap(sealed + 2 * PAGE, PAGE), EPERM);
	refused(mprotect(sealed + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE), EPERM);
	refused(mprotect(locked, PAGE, PROT_NONE), EPERM);
	sealed[2 * PAGE] = 7;
	must(mprotect(sealed, 2 * PAGE, PROT_READ));
	must(munmap(sealed + 6 * PAGE, 2 * PAGE));
}

/* SPDX-License-Identifier: MIT */
/* mem-guard-install - pages that MADV_GUARD_INSTALL made to fault still do,
 * in memory of its own and in a file, and can be taken back */
#include "victim.h"

#include "faults.h"

#define PAGE	4096
#define INSTALL	102
#define REMOVE	103

void victim(void)
{
	unsigned char *block = AREA_ANON(1024 * PAGE), *file;
	int fd = must(memfd_create("guarded", 0));

	fill(block, 1024 * PAGE, 1);
	if (madvise(block + 3 * PAGE, 2 * PAGE, INSTALL) < 0)
		victim_skip("no guards: %s", strerror(errno));
	must(madvise(block, PAGE, INSTALL));
	must(madvise(block + 1023 * PAGE, PAGE, INSTALL));
	/* Two mappings with a guard from one into the other. */
	must(madvise(block + 500 * PAGE, 100 * PAGE, INSTALL));
	must(mprotect(block + 550 * PAGE, 100 * PAGE, PROT_READ));
	must(ftruncate(fd, 8 * PAGE));
	file = area(8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fill(file, 8 * PAGE, 2);
	must(madvise(file + 2 * PAGE, PAGE, INSTALL));
	victim_move();
	same(fault_of(block, false), SIGSEGV);
	same_fill(block + 5 * PAGE, 0, 1);
	same(fault_of(block + PAGE, true), 0);
	same(fault_of(block + 3 * PAGE, false), SIGSEGV);
	same(fault_of(block + 5 * PAGE - 1, true), SIGSEGV);
	same(fault_of(block + 5 * PAGE, true), 0);
	same(fault_of(block + 499 * PAGE, false), 0);
	same(fault_of(block + 500 * PAGE, false), SIGSEGV);
	same(fault_of(block + 599 * PAGE, false), SIGSEGV);
	same(fault_of(block + 600 * PAGE, false), 0);
	same(fault_of(block + 600 * PAGE, true), SIGSEGV);
	same(fault_of(block + 1023 * PAGE, false), SIGSEGV);
	same(fault_of(file + 2 * PAGE, false), SIGSEGV);
	same(fault_of(file + 3 * PAGE, true), 0);
	must(madvise(block + 3 * PAGE, 2 * PAGE, REMOVE));
	same(block[3 * PAGE], 0);
	must(madvise(file + 2 * PAGE, PAGE, REMOVE));
	same_fill(file, 8 * PAGE, 2);
}

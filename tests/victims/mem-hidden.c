/* SPDX-License-Identifier: MIT */
/* mem-hidden - what is in memory that the process itself may not read now:
 * PROT_NONE, PROT_EXEC alone, write alone; also of a file, and shared */
#include "victim.h"

#include "faults.h"

#define PAGE	4096
#define SIZE	(300 * PAGE)

static unsigned char *hide(unsigned char *memory, uint64_t seed, int prot)
{
	fill(memory, SIZE, seed);
	must(mprotect(memory, SIZE, prot));
	return memory;
}

void victim(void)
{
	int fd = must(open(victim_file("file", ""), O_RDWR));
	unsigned char *none, *code, *write, *file, *shared;

	must(ftruncate(fd, SIZE));
	none = hide(AREA_ANON(SIZE), 1, PROT_NONE);
	code = hide(AREA_ANON(SIZE), 2, PROT_EXEC);
	write = hide(AREA_ANON(SIZE), 3, PROT_WRITE);
	file = hide(area(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), 4,
		    PROT_NONE);
	shared = hide(AREA_SHARED(SIZE), 5, PROT_NONE);
	victim_move();
	same(fault_of(none, false), SIGSEGV);
	same(fault_of(none + SIZE - 1, false), SIGSEGV);
	same(fault_of(file, false), SIGSEGV);
	same(fault_of(shared, false), SIGSEGV);
	same(fault_of(code, true), SIGSEGV);
	must(mprotect(none, SIZE, PROT_READ));
	must(mprotect(code, SIZE, PROT_READ));
	must(mprotect(write, SIZE, PROT_READ));
	must(mprotect(file, SIZE, PROT_READ));
	must(mprotect(shared, SIZE, PROT_READ));
	same_fill(none, SIZE, 1);
	same_fill(code, SIZE, 2);
	same_fill(write, SIZE, 3);
	same_fill(file, SIZE, 4);
	same_fill(shared, SIZE, 5);
}

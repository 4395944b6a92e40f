/* SPDX-License-Identifier: MIT */
/* mem-text - a program that has patched its own code runs the patched code */
#include "victim.h"

int answer(void);

__asm__(".text\n.balign 4096\n.globl answer\nanswer: movl $41, %eax\nret\n"
	".balign 4096\n");

static void patch(unsigned char value)
{
	unsigned char *page = (unsigned char *)(uintptr_t)answer;

	must(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	page[1] = value;
	must(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

void victim(void)
{
	same(answer(), 41);
	patch(42);
	victim_move();
	same(answer(), 42);
	patch(43);
	same(answer(), 43);
}

/* SPDX-License-Identifier: MIT */
/* mem-data - the program's own variables: .data and .bss changed in part,
 * .rodata and relocated constants as they were */
#include "victim.h"

#define PAGE	4096

static unsigned char data[16 * PAGE] = { [0] = 1, [16 * PAGE - 1] = 2 };
static unsigned char bss[16 * PAGE];
static const char *const relocated[] = { "alpha", "beta", "gamma" };
static void (*const functions[])(void) = { victim, victim_ready };

void victim(void)
{
	fill(data + 3 * PAGE + 100, 2 * PAGE, 1);
	fill(bss + 7 * PAGE + 9, PAGE, 2);
	victim_move();
	same(data[0], 1);
	same(data[16 * PAGE - 1], 2);
	same(data[3 * PAGE + 99], 0);
	same_fill(data + 3 * PAGE + 100, 2 * PAGE, 1);
	same_fill(bss + 7 * PAGE + 9, PAGE, 2);
	for (int i = 0; i < 7 * PAGE + 9; i++)
		same(bss[i], 0);
	same_text(relocated[2], "gamma");
	check(functions[0] == victim && functions[1] == victim_ready);
}

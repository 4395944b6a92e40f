/* SPDX-License-Identifier: MIT */
/* mem-growsdown - a MAP_GROWSDOWN mapping grows when touched below its start */
#include "victim.h"

#define PAGE	4096

void victim(void)
{
	volatile unsigned char *low;
	char was[256], now[256];

	/* Room below: nothing is mapped for 16 MiB there. */
	area(PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	low = area(4 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
	fill((void *)low, 4 * PAGE, 1);
	for (int i = 1; i <= 5; i++)
		low[-i * PAGE] = i;
	vm_flags((void *)low, was);
	victim_move();
	vm_flags((void *)low, now);
	same_text(now, was);
	same_fill((void *)low, 4 * PAGE, 1);
	for (int i = 1; i <= 5; i++)
		same(low[-i * PAGE], i);
	for (int i = 6; i <= 50; i++)
		low[-i * PAGE] = i;
	for (int i = 1; i <= 50; i++)
		same(low[-i * PAGE], i);
}

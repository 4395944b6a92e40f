/* SPDX-License-Identifier: MIT */
/* mem-droppable - memory that the kernel may take back stays such memory */
#include "victim.h"

#define PAGE		4096
#define DROPPABLE	0x08	/* MAP_DROPPABLE */

void victim(void)
{
	char was[256], now[256];
	unsigned char *memory = mmap((void *)0x12340000000, 64 * PAGE,
				     PROT_READ | PROT_WRITE, DROPPABLE |
				     MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (memory == MAP_FAILED)
		victim_skip("no MAP_DROPPABLE: %s", strerror(errno));
	fill(memory, 64 * PAGE, 1);
	vm_flags(memory, was);
	check(strstr(was, "dp"));
	victim_move();
	vm_flags(memory, now);
	same_text(now, was);
	/* Nobody was short of memory meanwhile. */
	same_fill(memory, 64 * PAGE, 1);
	refused(madvise(memory, PAGE, MADV_DODUMP), EINVAL);
}

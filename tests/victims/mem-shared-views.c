/* SPDX-License-Identifier: MIT */
/* mem-shared-views - one shared object, seen in parts: moved by mremap(2),
 * partly unmapped, out of order (remap_file_pages), each process its own part */
#include "victim.h"

#define PAGE	4096
#define PAGES	16

static volatile unsigned char *base, *moved;

static void child(void)
{
	/* Only the pages 4 to 7, elsewhere; the rest is gone here. */
	volatile unsigned char *mine = (void *)0x15000000000;

	must(mremap((void *)(base + 4 * PAGE), 4 * PAGE, 4 * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, (void *)mine));
	must(munmap((void *)base, 4 * PAGE));
	must(munmap((void *)base + 8 * PAGE, 8 * PAGE));
	victim_arrive();
	mine[1] = 11;
	victim_wait();
	same_fill((void *)(mine + PAGE), PAGE, 5);
	same(mine[1], 11);
	while (*mine != 200)
		victim_sleep(0.001);
	mine[2 * PAGE] = 201;
}

void victim(void)
{
	unsigned char *tail = (void *)0x16000000000;
	pid_t pid;

	base = AREA_SHARED(PAGES * PAGE);
	for (int i = 0; i < PAGES; i++)
		fill((void *)(base + i * PAGE), PAGE, i);
	pid = victim_child(child);
	while (base[4 * PAGE + 1] != 11)
		victim_sleep(0.001);
	/* The last four once more, at another place. */
	moved = must(mremap((void *)base + 12 * PAGE, 0, 4 * PAGE,
			    MREMAP_MAYMOVE | MREMAP_FIXED, tail));
	/* Page 2 shows page 3. */
	must(syscall(SYS_remap_file_pages, base + 2 * PAGE, PAGE, 0, 3, 0));
	must(munmap((void *)base + 14 * PAGE, PAGE));
	victim_move();
	same_fill((void *)base, PAGE, 0);
	same_fill((void *)(base + 2 * PAGE), PAGE, 3);
	same_fill((void *)(base + 3 * PAGE), PAGE, 3);
	same_fill((void *)(moved + 2 * PAGE), PAGE, 14);
	base[3 * PAGE] = 77;
	same(base[2 * PAGE], 77);
	moved[0] = 78;
	same(base[12 * PAGE], 78);
	base[4 * PAGE] = 200;
	victim_reap(pid, 0);
	same(base[6 * PAGE], 201);
	same(base[4 * PAGE + 1], 11);
}

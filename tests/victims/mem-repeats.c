/* SPDX-License-Identifier: MIT */
/* mem-repeats - pages that several have, or one has twice, and each its own
 *
 * Random ones, which only a reference can make shorter, and text.  Some are the
 * same in all processes, some differ by a bit from what the others have there,
 * some are behind mappings that cannot be read or are the kernel's to drop.
 */
#include "victim.h"

#define PAGE		4096
#define PAGES		1024
#define SIZE		(PAGES * PAGE)
#define CHILDREN	3
#define DROPPABLE	0x08	/* MAP_DROPPABLE */

static unsigned char *block, *twice, *text, *hidden, *droppable;
static volatile int *ready;

static void set_up(void)
{
	block = AREA_ANON(SIZE);
	fill(block, SIZE, 1);
	twice = AREA_ANON(SIZE);
	memcpy(twice, block + PAGE, SIZE - PAGE);
	text = AREA_ANON(SIZE);
	for (int i = 0; i < SIZE; i += 16)
		snprintf((char *)text + i, 16, "line %d", i / 64);
	hidden = AREA_ANON(SIZE);
	memcpy(hidden, block, SIZE);
	must(mprotect(hidden, SIZE, PROT_NONE));
	droppable = mmap((void *)0x12340000000, SIZE, PROT_READ | PROT_WRITE,
			 DROPPABLE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (droppable != MAP_FAILED)
		memcpy(droppable, block, SIZE);
}

/* Number @n has every sixteenth page another way, from the n-th on. */
static void differ(int n)
{
	for (int i = n; i < PAGES; i += 16)
		block[i * PAGE + 100 + n] ^= 1;
}

static void look(int n)
{
	differ(n);
	same_fill(block, SIZE, 1);
	differ(n);
	for (int i = 0; i < SIZE - PAGE; i += PAGE) {
		bool other = (i / PAGE + 1) % 16 == n;

		same(!memcmp(twice + i, block + i + PAGE, PAGE), !other);
	}
	for (int i = 0; i < SIZE; i += 16)
		same(atoi((char *)text + i + 5), i / 64);
	must(mprotect(hidden, SIZE, PROT_READ));
	same_fill(hidden, SIZE, 1);
	if (droppable != MAP_FAILED && droppable[0])
		same_fill(droppable, PAGE, 1);
}

static void child(void)
{
	int n = __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);

	differ(n);
	__atomic_add_fetch(ready + 1, 1, __ATOMIC_SEQ_CST);
	victim_wait();
	look(n);
}

void victim(void)
{
	pid_t pids[CHILDREN];

	ready = AREA_SHARED(PAGE);
	set_up();
	for (int i = 0; i < CHILDREN; i++)
		pids[i] = victim_child(child);
	while (ready[1] != CHILDREN)
		victim_sleep(0.001);
	differ(0);
	victim_move();
	look(0);
	for (int i = 0; i < CHILDREN; i++)
		victim_reap(pids[i], 0);
}

/* SPDX-License-Identifier: MIT */
/* file-shared-fork - a description inherited by fork is one, with one offset;
 * opened separately it is not */
#include "victim.h"

static int inherited, separate;
static volatile int *turn;

static void reads(int fd, char expected)
{
	char byte;

	same(read(fd, &byte, 1), 1);
	same(byte, expected);
}

static void child(void)
{
	separate = must(open(victim_path("file"), O_RDONLY));
	/* The same number as a descriptor of the parent, another file. */
	reads(separate, '0');
	*turn = 1;
	while (*turn != 2)
		victim_sleep(0.001);
	reads(inherited, '2');
	reads(separate, '1');
	*turn = 3;
}

void victim(void)
{
	pid_t pid;

	turn = AREA_SHARED(4096);
	inherited = must(open(victim_file("file", "0123456789"), O_RDONLY));
	reads(inherited, '0');
	pid = victim_child(child);
	separate = must(open(victim_path("file"), O_RDONLY));
	while (*turn != 1)
		victim_sleep(0.001);
	victim_move();
	reads(inherited, '1');
	*turn = 2;
	while (*turn != 3)
		victim_sleep(0.001);
	reads(inherited, '3');
	reads(separate, '0');
	victim_reap(pid, 0);
}

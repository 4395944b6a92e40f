/* SPDX-License-Identifier: MIT */
/* mem-beyond-file - mappings that are longer than their file: SIGBUS beyond
 * it, zeros in its last page, and more when it grows */
#include "victim.h"

#include "faults.h"

#define PAGE	4096

static unsigned char *map(int fd, int flags)
{
	return area(16 * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
}

void victim(void)
{
	int fd = must(open(victim_file("short", "abc"), O_RDWR)), gone;
	unsigned char *shared, *private, *deleted, *empty;
	char *path = victim_file("gone", "0123");

	shared = map(fd, MAP_SHARED);
	private = map(fd, MAP_PRIVATE);
	gone = must(open(path, O_RDWR));
	deleted = map(gone, MAP_PRIVATE);
	must(unlink(path));
	empty = map(must(memfd_create("empty", 0)), MAP_SHARED);
	private[1] = 'X';
	private[100] = 'Y';
	victim_move();
	same(memcmp(shared, "abc\0", 4), 0);
	same(memcmp(private, "aXc\0", 4), 0);
	same(private[100], 'Y');
	same(memcmp(deleted, "0123\0", 5), 0);
	same(fault_of(shared + PAGE, false), SIGBUS);
	same(fault_of(private + PAGE, true), SIGBUS);
	same(fault_of(deleted + PAGE, false), SIGBUS);
	same(fault_of(empty, false), SIGBUS);
	must(ftruncate(fd, 3 * PAGE));
	same(pwrite(fd, "!", 1, 2 * PAGE), 1);
	same(shared[2 * PAGE], '!');
	same(private[2 * PAGE], '!');
	same(fault_of(shared + 3 * PAGE, false), SIGBUS);
}

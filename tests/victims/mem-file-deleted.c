/* SPDX-License-Identifier: MIT */
/* mem-file-deleted - mappings of files that no longer have a name
 *
 * Shared between two processes it stays one file; private pages stay one's
 * own.  No descriptor is left of either.
 */
#include "victim.h"

#define PAGE	4096
#define SIZE	(8 * PAGE)

static unsigned char *shared, *private;

static unsigned char *map_deleted(const char *name, int flags, uint64_t seed)
{
	static unsigned char text[SIZE];
	char *path = victim_file(name, "");
	int fd = must(open(path, O_RDWR));
	unsigned char *map;

	fill(text, SIZE, seed);
	same(write(fd, text, SIZE), SIZE);
	map = area(SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	must(unlink(path));
	close(fd);
	return map;
}

static void child(void)
{
	private[3 * PAGE] = 1;
	victim_wait();
	same(private[3 * PAGE], 1);
	while (shared[PAGE] != 200)
		victim_sleep(0.001);
	shared[PAGE] = 201;
}

void victim(void)
{
	unsigned char byte;
	pid_t pid;

	shared = map_deleted("shared", MAP_SHARED, 1);
	private = map_deleted("private", MAP_PRIVATE, 2);
	shared[PAGE] = 1;
	fill(private + PAGE, PAGE, 3);
	byte = private[3 * PAGE];
	pid = victim_child(child);
	victim_move();
	same_fill(shared, PAGE, 1);
	same(shared[PAGE], 1);
	same_fill(private, PAGE, 2);
	same_fill(private + PAGE, PAGE, 3);
	same(private[3 * PAGE], byte);
	shared[PAGE] = 200;
	victim_reap(pid, 0);
	same(shared[PAGE], 201);
}

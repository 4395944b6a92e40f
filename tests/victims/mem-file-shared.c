/* SPDX-License-Identifier: MIT */
/* mem-file-shared - a shared file mapping writes to the file after the move */
#include "victim.h"

#define PAGE	4096
#define SIZE	(16 * PAGE)

static unsigned char *map;

static void child(void)
{
	victim_wait();
	map[2 * PAGE] = 33;
}

void victim(void)
{
	unsigned char now[4] = "";
	char *path = victim_file("file", "");
	int fd = must(open(path, O_RDWR));
	pid_t pid;

	must(ftruncate(fd, SIZE));
	map = area(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	fill(map, PAGE, 1);
	pid = victim_child(child);
	victim_move();
	victim_reap(pid, 0);
	same(map[2 * PAGE], 33);
	same_fill(map, PAGE, 1);
	memcpy(map + PAGE, "abc", 4);
	must(msync(map, SIZE, MS_SYNC));
	fd = must(open(path, O_RDWR));
	same(pread(fd, now, 4, PAGE), 4);
	same_text((char *)now, "abc");
	same(pwrite(fd, "xyz", 4, 3 * PAGE), 4);
	same_text((char *)map + 3 * PAGE, "xyz");
}

/* SPDX-License-Identifier: MIT */
/* mem-file-private - a private file mapping: some pages changed, some not
 *
 * Changed pages are the process's, unchanged ones the file's; the file never
 * learns of the changes.  The descriptor is long closed.
 */
#include "victim.h"

#define PAGE	4096
#define PAGES	32

void victim(void)
{
	static unsigned char text[PAGES * PAGE], file[PAGES * PAGE];
	char *path = victim_file("file", "");
	unsigned char *map, *tail;
	int fd = must(open(path, O_RDWR));

	fill(text, sizeof(text), 1);
	same(write(fd, text, sizeof(text)), sizeof(text));
	map = area(sizeof(text), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	tail = area(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		    28 * PAGE);
	close(fd);
	for (int i = 0; i < PAGES; i += 3)
		fill(map + i * PAGE, PAGE, 100 + i);
	tail[3 * PAGE] = 77;
	/* Changed, and read-only since. */
	must(mprotect(map + 3 * PAGE, PAGE, PROT_READ));
	victim_move();
	for (int i = 0; i < PAGES; i++) {
		if (i % 3 == 0)
			same_fill(map + i * PAGE, PAGE, 100 + i);
		else
			check(!memcmp(map + i * PAGE, text + i * PAGE, PAGE));
	}
	same(tail[3 * PAGE], 77);
	check(!memcmp(tail, text + 28 * PAGE, PAGE));
	fd = must(open(path, O_RDWR));
	same(read(fd, file, sizeof(file)), sizeof(file));
	check(!memcmp(file, text, sizeof(text)));
	/* An unchanged page still is the file's. */
	same(pwrite(fd, "new", 3, PAGE), 3);
	check(!memcmp(map + PAGE, "new", 3));
}

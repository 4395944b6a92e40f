/* SPDX-License-Identifier: MIT */
/* file-link-elsewhere - the name it was opened by is gone, with its directory;
 * another is left in quite another directory: it is still that file, open as
 * well as mapped */
#include "victim.h"

#include <sys/stat.h>

void victim(void)
{
	char *one, *two = victim_path("b"), *deep = victim_path("b/c");
	char *other = victim_path("b/c/other"), *away = victim_path("b/d");
	struct stat a, b;
	char *map, *copy;
	int fd, second;

	must(mkdir(victim_path("a"), 0755));
	must(mkdir(two, 0755));
	must(mkdir(deep, 0755));
	one = victim_file("a/one", "one file");
	must(link(one, other));
	fd = must(open(one, O_RDWR));
	map = area(4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(unlink(one));
	must(rmdir(victim_path("a")));
	one = victim_file("two", "mapped");
	must(link(one, away));
	second = must(open(one, O_RDONLY));
	copy = area(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, second, 0);
	copy[0] = 'M';
	close(second);
	must(unlink(one));
	victim_move();
	must(fstat(fd, &a));
	must(stat(other, &b));
	same(a.st_ino, b.st_ino);
	same(a.st_nlink, 1);
	map[0] = 'O';
	second = must(open(other, O_RDONLY));
	check(read(second, copy + 100, 1) == 1);
	same(copy[100], 'O');
	same(memcmp(copy, "Mapped", 6), 0);
}

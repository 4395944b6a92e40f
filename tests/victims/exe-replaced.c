/* SPDX-License-Identifier: MIT */
/* exe-replaced - an upgrade while it runs: other files have the names of the
 * program and of what it has mapped */
#include "victim.h"

#include "again.h"

#define SIZE	(16 * 4096)

static unsigned char text[SIZE];

static unsigned char *library(const char *path, uint64_t seed)
{
	int fd = must(open(path, O_CREAT | O_EXCL | O_RDWR, 0755));
	unsigned char *map;

	fill(text, SIZE, seed);
	same(write(fd, text, SIZE), SIZE);
	map = area(SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	return map;
}

void victim(void)
{
	char *path = victim_path("program"), *lib = victim_path("lib.so");
	char *next = victim_path("lib.so.new");
	unsigned char *old, *new;
	uint64_t was;
	int fd;

	if (!is_copy()) {
		fd = must(open(path, O_CREAT | O_WRONLY, 0755));
		copy_to(fd);
		close(fd);
		run_copy(must(open(path, O_RDONLY | O_CLOEXEC)));
	}
	was = sum_of("/proc/self/exe");
	must(rename(victim_file("program.new", "#!/bin/false\n"), path));
	old = library(lib, 1);
	old[0] = 0xee;
	old[5 * 4096] = 0xee;
	new = library(next, 2);
	must(rename(next, lib));
	victim_move();
	check(sum_of("/proc/self/exe") == was);
	check(sum_of(path) != was);
	same(old[0], 0xee);
	same(old[5 * 4096], 0xee);
	fill(text, SIZE, 1);
	same(memcmp(old + 1, text + 1, 4095), 0);
	same(memcmp(old + 6 * 4096, text + 6 * 4096, 10 * 4096), 0);
	same_fill(new, SIZE, 2);
}

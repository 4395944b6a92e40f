/* SPDX-License-Identifier: MIT */
/* proc-self - executable, arguments, environment, auxiliary vector, names */
/* ways: -rootfs because its executable is not at its path there */
#include "victim.h"

#include <sys/auxv.h>
#include <sys/prctl.h>

static ssize_t read_proc(const char *name, char *to, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	fd = must(open(path, O_RDONLY));
	n = must(read(fd, to, size));
	close(fd);
	return n;
}

/* Fields of stat that say where things lie: 26-28 and 45-51. */
static void places(unsigned long *at)
{
	char text[4096] = "", *word, *save;
	int field_number = 3;

	read_proc("stat", text, sizeof(text) - 1);
	word = strtok_r(strrchr(text, ')') + 1, " ", &save);
	for (; word; word = strtok_r(NULL, " ", &save), field_number++)
		if ((field_number >= 26 && field_number <= 28) ||
		    (field_number >= 45 && field_number <= 51))
			*at++ = strtoul(word, NULL, 10);
}

void victim(void)
{
	static const char *const names[] = {
		"cmdline", "environ", "auxv", "comm",
	};
	static char was[4][65536], now[65536];
	unsigned long at_was[10], at_now[10];
	char exe_was[4096] = "", exe_now[4096] = "";
	ssize_t length[4];

	must(prctl(PR_SET_NAME, "renamed"));
	must(readlink("/proc/self/exe", exe_was, sizeof(exe_was) - 1));
	places(at_was);
	for (int i = 0; i < 4; i++)
		length[i] = read_proc(names[i], was[i], sizeof(was[i]));
	victim_move();
	must(readlink("/proc/self/exe", exe_now, sizeof(exe_now) - 1));
	same_text(exe_now, exe_was);
	for (int i = 0; i < 4; i++) {
		ssize_t n = read_proc(names[i], now, sizeof(now));

		if (n != length[i] || memcmp(now, was[i], n))
			victim_fail("/proc/self/%s is not what it was",
				    names[i]);
	}
	places(at_now);
	for (int i = 0; i < 10; i++)
		if (at_now[i] != at_was[i])
			victim_fail("place %d is %#lx, was %#lx", i, at_now[i],
				    at_was[i]);
	check(getauxval(AT_RANDOM));
	same(getauxval(AT_PAGESZ), 4096);
}

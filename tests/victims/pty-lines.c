/* SPDX-License-Identifier: MIT */
/* pty-lines - typed lines that wait, each to be had by one read(2): with
 * quoted characters, ends of file, an end of line of their own, and a part */
#include "ptys.h"

void victim(void)
{
	static const char typed[] = "first\n"
		"a\026\nb\026\004c\n"		/* quoted newline and ^D */
		"no newline\004"
		"\004"				/* end of file */
		"semicolon;"
		"\n"
		"part\026\177\026\001";
	int slave, master = open_pair(&slave);
	struct termios t, now;
	char buf[64];

	must(tcgetattr(slave, &t));
	t.c_cc[VEOL] = ';';
	t.c_lflag &= ~ECHO;
	must(tcsetattr(slave, TCSANOW, &t));
	same(write(master, typed, sizeof(typed) - 1), sizeof(typed) - 1);
	await_bytes(slave, 6 + 6 + 10 + 10 + 1);
	victim_move();
	must(tcgetattr(slave, &now));
	same_modes(&now, &t);
	expect_line(slave, "first\n");
	expect_line(slave, "a\nb\004c\n");
	expect_line(slave, "no newline");
	check(readable(slave, 0));
	same(read(slave, buf, sizeof(buf)), 0);
	expect_line(slave, "semicolon;");
	expect_line(slave, "\n");
	check(!readable(slave, 0));
	/* ^? of the program's own takes back what was typed last. */
	same(write(master, "\177 of it\n", 8), 8);
	expect_line(slave, "part\177 of it\n");
	check(!readable(master, 0));
}

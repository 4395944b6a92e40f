/* SPDX-License-Identifier: MIT */
/* pty-echo - what was typed is echoed once, before the move, and not again */
#include "ptys.h"

void victim(void)
{
	int slave, master = open_pair(&slave);

	same(write(master, "one\ntw", 6), 6);
	await_bytes(slave, 4);
	same(write(slave, "prompt\n", 7), 7);
	victim_move();
	expect_bytes(master, "one\r\ntwprompt\r\n", 15);
	same(write(master, "o\n", 2), 2);
	expect_bytes(master, "o\r\n", 3);
	expect_line(slave, "one\n");
	expect_line(slave, "two\n");
}

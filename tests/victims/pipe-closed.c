/* SPDX-License-Identifier: MIT */
/* pipe-closed - the other end is closed: content and then EOF, or EPIPE */
#include "victim.h"

void victim(void)
{
	int no_writer[2], empty[2], no_reader[2];
	char text[16] = "";

	must(pipe(no_writer));
	must(pipe(empty));
	must(pipe(no_reader));
	same(write(no_writer[1], "left", 4), 4);
	close(no_writer[1]);
	close(empty[1]);
	close(no_reader[0]);
	signal(SIGPIPE, SIG_IGN);
	victim_move();
	same(read(no_writer[0], text, 2), 2);
	same(read(no_writer[0], text + 2, 2), 2);
	same_text(text, "left");
	same(read(no_writer[0], text, 1), 0);
	same(read(empty[0], text, 1), 0);
	refused(write(no_reader[1], "x", 1), EPIPE);
}

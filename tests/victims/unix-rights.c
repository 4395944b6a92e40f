/* SPDX-License-Identifier: MIT */
/* unix-rights - descriptors on their way are those that the tree has, and others */
#include "unix.h"

void victim(void)
{
	char *path = victim_file("file", "0123456789"), got[16] = "";
	int ends[2], pipes[2], fds[3], file = must(open(path, O_RDWR)), n;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(pipe(pipes));
	same(write(pipes[1], "in the pipe", 11), 11);
	/* A file that stays open here, and a pipe's end that does not. */
	unix_send_fds(ends[0], "first", (int []){ file, pipes[0] }, 2);
	close(pipes[0]);
	unix_say(ends[0], "second");
	unix_send_fds(ends[0], "third", &file, 1);
	same(lseek(file, 3, SEEK_SET), 3);
	victim_move();
	same(unix_take_fds(ends[1], "first", fds), 2);
	same(lseek(fds[0], 0, SEEK_CUR), 3);
	same(read(file, got, 2), 2);
	same(lseek(fds[0], 0, SEEK_CUR), 5);
	same(write(pipes[1], "!", 1), 1);
	n = must(read(fds[1], got, sizeof(got) - 1));
	got[n] = 0;
	same_text(got, "in the pipe!");
	close(pipes[1]);
	same(read(fds[1], got, 1), 0);
	/* They come with the first byte of the write that brought them. */
	same(recv(ends[1], got, 5, 0), 5);
	same(unix_take_fds(ends[1], "dthird", fds), 1);
	same(read(fds[0], got, 1), 1);
	same(got[0], '5');
}

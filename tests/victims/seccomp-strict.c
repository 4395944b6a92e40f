/* SPDX-License-Identifier: MIT */
/* seccomp-strict - a child in strict mode: read, write, exit and no more */
#include "seccomp.h"

static int to[2], from[2];

static void child(void)
{
	char c = 'r';

	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	syscall(SYS_write, from[1], &c, 1);
	while (syscall(SYS_read, to[0], &c, 1) == 1 && c != 'q')
		syscall(SYS_write, from[1], &c, 1);
	syscall(SYS_getppid);
	syscall(SYS_exit, 0);
}

void victim(void)
{
	int status;
	pid_t pid;
	char c;

	need_root();
	must(pipe(to));
	must(pipe(from));
	pid = victim_child(child);
	same(read(from[0], &c, 1), 1);
	victim_move();
	same(write(to[1], "x", 1), 1);
	same(read(from[0], &c, 1), 1);
	same(c, 'x');
	same(write(to[1], "q", 1), 1);
	same(waitpid(pid, &status, 0), pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

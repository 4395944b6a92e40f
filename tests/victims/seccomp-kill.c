/* SPDX-License-Identifier: MIT */
/* seccomp-kill - a child of which hardly any call is allowed: another one would
 * kill it, also one that is not its own */
#include "seccomp.h"

static int to[2], from[2];

static void confine(void)
{
#define ALLOW(nr) \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_read),
		ALLOW(SYS_write),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
}

static void child(void)
{
	char c = 'r';

	confine();
	same(syscall(SYS_write, from[1], &c, 1), 1);
	while (syscall(SYS_read, to[0], &c, 1) == 1 && c != 'q')
		syscall(SYS_write, from[1], &c, 1);
	syscall(SYS_getppid);	/* the end */
	syscall(SYS_exit_group, 0);
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
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

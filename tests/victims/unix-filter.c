/* SPDX-License-Identifier: MIT */
/* unix-filter - a filter on a socket goes on to filter */
#include <linux/filter.h>

#include "unix.h"

/* Only what begins with an x passes. */
static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'x', 0, 1),
	BPF_STMT(BPF_RET | BPF_K, ~0u),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

void victim(void)
{
	struct sock_fprog prog = { 4, code };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
	unix_say(ends[0], "a before it");
	must(setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			sizeof(prog)));
	unix_set(ends[1], SO_LOCK_FILTER, 1);
	unix_say(ends[0], "y");
	unix_say(ends[0], "x");
	victim_move();
	send(ends[0], "z", 1, 0);
	unix_say(ends[0], "x after");
	unix_hear(ends[1], "a before it");
	unix_hear(ends[1], "x");
	unix_hear(ends[1], "x after");
	refused(setsockopt(ends[1], SOL_SOCKET, SO_DETACH_FILTER, &prog,
			   sizeof(prog)), EPERM);
}

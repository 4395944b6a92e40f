/* SPDX-License-Identifier: MIT */
/* wait-child - waitpid(2) and waitid(2) that block while the child lives */
#include "victim.h"

static volatile pid_t tid[2];

static void child(void)
{
	victim_wait();
	_exit(33);
}

static void killed(void)
{
	victim_wait();
	raise(SIGTERM);
}

static void *waits(void *arg)
{
	pid_t pid = victim_child(child);

	(void)arg;
	tid[0] = syscall(SYS_gettid);
	victim_arrive();
	victim_reap(pid, 33);
	return NULL;
}

static void *waits_id(void *arg)
{
	pid_t pid = victim_child(killed);
	siginfo_t info = { 0 };

	(void)arg;
	tid[1] = syscall(SYS_gettid);
	victim_arrive();
	must(waitid(P_PID, pid, &info, WEXITED));
	same(info.si_pid, pid);
	same(info.si_code, CLD_KILLED);
	same(info.si_status, SIGTERM);
	return NULL;
}

void victim(void)
{
	pthread_t a, b;

	a = victim_thread(waits, NULL);
	b = victim_thread(waits_id, NULL);
	victim_gather(2);
	victim_blocked(tid[0], SYS_wait4);
	victim_blocked(tid[1], SYS_waitid);
	victim_move();
	zero(pthread_join(a, NULL));
	zero(pthread_join(b, NULL));
}

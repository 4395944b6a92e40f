/* SPDX-License-Identifier: MIT */
/* mq-notify - mq_notify with a value, for a queue that has messages and for one
 * that has none; a child's of another queue */
#include "mq.h"

static void ask(mqd_t queue, int sig, int value)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = sig,
				  .sigev_value.sival_int = value };

	must(mq_notify(queue, &event));
}

static void same_signal(int sig, int value)
{
	struct timespec limit = { .tv_sec = 10 };
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	same(must(sigtimedwait(&set, &si, &limit)), sig);
	same(si.si_code, SI_MESGQ);
	same(si.si_value.sival_int, value);
}

static mqd_t empty, filled, childs;

static void child(void)
{
	ask(childs, SIGUSR2, 33);
	victim_arrive();
	same_signal(SIGUSR2, 33);
	mq_same(childs, "to the child", 0);
	_exit(0);
}

void victim(void)
{
	char name[MQ_SIZE];
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	empty = mq_new(name, 4, O_NONBLOCK);
	must(mq_unlink(name));
	filled = mq_new(name, 4, O_NONBLOCK);
	must(mq_unlink(name));
	childs = mq_new(name, 4, O_NONBLOCK);
	must(mq_unlink(name));
	mq_put(filled, "a", 2);
	mq_put(filled, "b", 5);
	ask(empty, SIGRTMIN + 3, 11);
	ask(filled, SIGUSR1, 22);
	pid = victim_child(child);
	victim_blocked(pid, SYS_rt_sigtimedwait);
	victim_move();
	sigpending(&set);
	check(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGRTMIN + 3));
	mq_same(filled, "b", 5);
	mq_same(filled, "a", 2);
	mq_put(filled, "c", 0);
	same_signal(SIGUSR1, 22);
	mq_put(empty, "d", 0);
	same_signal(SIGRTMIN + 3, 11);
	mq_put(childs, "to the child", 0);
	victim_reap(pid, 0);
	ask(filled, SIGUSR1, 1);	/* once told, it was over */
}

/* SPDX-License-Identifier: MIT */
/* file-owner - whom a descriptor tells of input: a process, a thread, a group,
 * by SIGIO or by a signal of its choice */
#include "victim.h"

#include <sys/socket.h>

static volatile sig_atomic_t told, told_fd;
static volatile int done;
static pid_t thread_id;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	told_fd = info->si_fd;
	told++;
}

static void *run(void *arg)
{
	(void)arg;
	thread_id = gettid();
	victim_arrive();
	while (!done)
		victim_sleep(0.01);
	return NULL;
}

static void child(void)
{
	victim_wait();
}

static void owner_is(int fd, int type, pid_t pid)
{
	struct f_owner_ex owner;

	must(fcntl(fd, F_GETOWN_EX, &owner));
	same(owner.type, type);
	same(owner.pid, pid);
}

void victim(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	struct f_owner_ex owner = { .type = F_OWNER_TID };
	int pair[2], ends[2], more[2];
	pthread_t thread;
	pid_t pid;

	sa.sa_sigaction = handler;
	must(sigaction(SIGRTMIN, &sa, NULL));
	must(sigaction(SIGIO, &sa, NULL));
	must(pipe(ends));
	must(pipe(pair));
	must(pipe(more));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	pid = victim_child(child);
	must(fcntl(ends[0], F_SETOWN, getpid()));
	must(fcntl(ends[0], F_SETSIG, SIGRTMIN));
	must(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	owner.pid = thread_id;
	must(fcntl(pair[0], F_SETOWN_EX, &owner));
	owner.type = F_OWNER_PGRP;
	owner.pid = getpgid(0);
	must(fcntl(pair[1], F_SETOWN_EX, &owner));
	must(fcntl(more[0], F_SETOWN, pid));
	must(fcntl(more[1], F_SETSIG, SIGUSR2));
	victim_move();
	owner_is(ends[0], F_OWNER_PID, getpid());
	owner_is(pair[0], F_OWNER_TID, thread_id);
	owner_is(pair[1], F_OWNER_PGRP, getpgid(0));
	owner_is(more[0], F_OWNER_PID, pid);
	same(fcntl(ends[0], F_GETSIG), SIGRTMIN);
	same(fcntl(more[1], F_GETSIG), SIGUSR2);
	same(fcntl(more[0], F_GETSIG), 0);
	same(file_flags(ends[0]), O_ASYNC | O_NONBLOCK);
	same(write(ends[1], "x", 1), 1);
	while (!told)
		victim_sleep(0.001);
	same(told_fd, ends[0]);
	done = 1;
	zero(pthread_join(thread, NULL));
	victim_reap(pid, 0);
}

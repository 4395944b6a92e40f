/* SPDX-License-Identifier: MIT */
/* signalfd-blocked - a thread that waits in a read of a signalfd; the mask was
 * changed after it was made */
#include <sys/signalfd.h>

#include "victim.h"

static int fd;

static void *reads(void *arg)
{
	struct signalfd_siginfo si;

	*(pid_t *)arg = gettid();
	victim_arrive();
	same(read(fd, &si, sizeof(si)), sizeof(si));
	same(si.ssi_signo, SIGUSR2);
	return NULL;
}

void victim(void)
{
	pthread_t thread;
	sigset_t set;
	pid_t tid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	fd = must(signalfd(-1, &set, 0));
	sigaddset(&set, SIGUSR2);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	sigdelset(&set, SIGUSR1);
	same(must(signalfd(fd, &set, 0)), fd);
	thread = victim_thread(reads, &tid);
	victim_gather(1);
	victim_blocked(tid, SYS_read);
	victim_move();
	must(kill(getpid(), SIGUSR1));
	must(kill(getpid(), SIGUSR2));
	zero(pthread_join(thread, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	same(sigwaitinfo(&set, NULL), SIGUSR1);
}

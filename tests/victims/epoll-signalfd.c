/* SPDX-License-Identifier: MIT */
/* epoll-signalfd - a signalfd that is watched tells of the signals of who began
 * to watch it */
#include <sys/signalfd.h>

#include "epoll.h"

static int ep, own, go;

static void child(void)
{
	struct signalfd_siginfo si;
	sigset_t set;
	uint64_t n;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	own = must(signalfd(-1, &set, SFD_NONBLOCK));
	ep = must(epoll_create1(0));
	watch_add(ep, own, EPOLLIN, 5);
	same(read(go, &n, sizeof(n)), 8);
	reports(ep, EPOLLIN, 5);
	same(read(own, &si, sizeof(si)), sizeof(si));
	same(si.ssi_signo, SIGUSR2);
	reports_none(ep);
}

void victim(void)
{
	int fd, mine = must(epoll_create1(0));
	struct signalfd_siginfo si;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 3);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	fd = must(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	watch_add(mine, fd, EPOLLIN, 1);
	go = must(eventfd(0, 0));
	pid = victim_child(child);
	victim_blocked(pid, SYS_read);
	victim_move();
	reports_none(mine);
	must(kill(pid, SIGUSR2));
	same(eventfd_write(go, 1), 0);
	victim_reap(pid, 0);
	reports_none(mine);
	must(kill(getpid(), SIGRTMIN + 3));
	reports(mine, EPOLLIN, 1);
	same(read(fd, &si, sizeof(si)), sizeof(si));
	same(si.ssi_signo, SIGRTMIN + 3);
	reports_none(mine);
}

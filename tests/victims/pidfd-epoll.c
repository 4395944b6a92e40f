/* SPDX-License-Identifier: MIT */
/* pidfd-epoll - a child watched by epoll, as event loops do; a thread that
 * waits for another child by its pidfd */
#include "epoll.h"
#include "pidfd.h"

static int go;

static void child(void)
{
	uint64_t n;

	same(read(go, &n, sizeof(n)), 8);
	_exit(n + 2);
}

static void *waits(void *arg)
{
	int *fd = arg;
	siginfo_t si;

	fd[1] = gettid();
	victim_arrive();
	must(waitid(P_PIDFD, fd[0], &si, WEXITED));
	same(si.si_status, 3);
	return NULL;
}

void victim(void)
{
	int ep = must(epoll_create1(0)), fd, other[2];
	pthread_t thread;
	pid_t pid, second;
	siginfo_t si;

	go = must(eventfd(0, EFD_SEMAPHORE));
	pid = victim_child(child);
	second = victim_child(child);
	fd = must(pidfd_of(pid, 0));
	other[0] = must(pidfd_of(second, 0));
	watch_add(ep, fd, EPOLLIN, 99);
	thread = victim_thread(waits, other);
	victim_gather(1);
	victim_blocked(other[1], SYS_waitid);
	victim_blocked(pid, SYS_read);
	victim_move();
	reports_none(ep);
	/* Either may take one; each ends with 3. */
	same(eventfd_write(go, 2), 0);
	zero(pthread_join(thread, NULL));
	reports(ep, EPOLLIN, 99);
	must(waitid(P_PIDFD, fd, &si, WEXITED));
	same(si.si_pid, pid);
	same(si.si_status, 3);
}

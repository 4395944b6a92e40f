/* SPDX-License-Identifier: MIT */
/* anon-flying - an eventfd, a timer, a signalfd and an inotify that are on their
 * way in a socket, and nobody's descriptors at the moment */
/* ways: -as because where its inotify looks may be found by root alone */
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "victim.h"

#define COUNT	4

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(COUNT * sizeof(int))];
};

static void sends(int to, const int *fds)
{
	union control c = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &c, .msg_controllen = sizeof(c) };

	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(COUNT * sizeof(int));
	memcpy(CMSG_DATA(&c.head), fds, COUNT * sizeof(int));
	same(sendmsg(to, &msg, 0), 1);
}

static void receives(int from, int *fds)
{
	char byte;
	union control c = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &c, .msg_controllen = sizeof(c) };

	same(recvmsg(from, &msg, 0), 1);
	same(c.head.cmsg_len, CMSG_LEN(COUNT * sizeof(int)));
	memcpy(fds, CMSG_DATA(&c.head), COUNT * sizeof(int));
}

void victim(void)
{
	struct itimerspec it = { .it_value.tv_sec = 1000 }, left;
	struct signalfd_siginfo si;
	struct inotify_event ev[4];
	int pair[2], fds[COUNT], wd;
	char *dir = victim_path("");
	sigset_t set;
	uint64_t n;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	fds[0] = must(eventfd(5, 0));
	fds[1] = must(timerfd_create(CLOCK_MONOTONIC, 0));
	must(timerfd_settime(fds[1], 0, &it, NULL));
	fds[2] = must(signalfd(-1, &set, 0));
	fds[3] = must(inotify_init1(IN_NONBLOCK));
	wd = must(inotify_add_watch(fds[3], dir, IN_DELETE_SELF));
	sends(pair[0], fds);
	for (int i = 0; i < COUNT; i++) {
		close(fds[i]);
		fds[i] = -1;
	}
	victim_move();
	receives(pair[1], fds);
	same(read(fds[0], &n, sizeof(n)), 8);
	same(n, 5);
	must(timerfd_gettime(fds[1], &left));
	check(left.it_value.tv_sec > 800 && left.it_value.tv_sec < 1000);
	must(kill(getpid(), SIGUSR1));
	same(read(fds[2], &si, sizeof(si)), sizeof(si));
	same(si.ssi_signo, SIGUSR1);
	refused(read(fds[3], ev, sizeof(ev)), EAGAIN);
	must(inotify_rm_watch(fds[3], wd));
	check(read(fds[3], ev, sizeof(ev)) > 0);
	same(ev[0].mask, IN_IGNORED);
}

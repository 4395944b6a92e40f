/* SPDX-License-Identifier: MIT */
/* unix-async - signals for what arrives reach who asked for them */
#include "unix.h"

static volatile sig_atomic_t io, chosen;

static void on_io(int sig)
{
	(void)sig;
	io = 1;
}

static void on_chosen(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	chosen = si->si_fd;
}

void victim(void)
{
	struct sigaction act = { .sa_sigaction = on_chosen,
				 .sa_flags = SA_SIGINFO };
	struct f_owner_ex who = { 0 };
	int a[2], b[2];

	signal(SIGIO, on_io);
	must(sigaction(SIGRTMIN + 3, &act, NULL));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, a));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, b));
	must(fcntl(a[1], F_SETOWN, getpid()));
	must(fcntl(a[1], F_SETFL, O_ASYNC));
	who.type = F_OWNER_TID;
	who.pid = syscall(SYS_gettid);
	must(fcntl(b[1], F_SETOWN_EX, &who));
	must(fcntl(b[1], F_SETSIG, SIGRTMIN + 3));
	must(fcntl(b[1], F_SETFL, O_ASYNC | O_NONBLOCK));
	victim_move();
	same(io, 0);
	same(chosen, 0);
	unix_say(a[0], "x");
	while (!io)
		victim_sleep(0.01);
	unix_say(b[0], "x");
	while (!chosen)
		victim_sleep(0.01);
	same(chosen, b[1]);
	same(fcntl(a[1], F_GETOWN), getpid());
	same(file_flags(b[1]), O_RDWR | O_NONBLOCK | O_ASYNC);
}

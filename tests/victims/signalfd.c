/* SPDX-License-Identifier: MIT */
/* signalfd - masks, flags, a signal that was pending, and one that comes */
#include <sys/signalfd.h>

#include "victim.h"

static int made(const int *signals, int flags)
{
	sigset_t set;

	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	return must(signalfd(-1, &set, flags));
}

static struct signalfd_siginfo taken(int fd)
{
	struct signalfd_siginfo si;

	same(read(fd, &si, sizeof(si)), sizeof(si));
	return si;
}

void victim(void)
{
	int user = made((int[]){ SIGUSR1, SIGUSR2, 0 }, SFD_NONBLOCK);
	int real = made((int[]){ 40, 64, 0 }, SFD_NONBLOCK | SFD_CLOEXEC);
	struct signalfd_siginfo si;
	union sigval value = { .sival_ptr = (void *)0x123456789abc };
	sigset_t all;

	sigfillset(&all);
	zero(pthread_sigmask(SIG_SETMASK, &all, NULL));
	must(sigqueue(getpid(), 64, value));
	must(kill(getpid(), SIGUSR2));
	victim_move();
	same(fcntl(real, F_GETFD), FD_CLOEXEC);
	same(file_flags(real), O_RDWR | O_NONBLOCK);
	same(taken(user).ssi_signo, SIGUSR2);
	refused(read(user, &si, sizeof(si)), EAGAIN);
	si = taken(real);
	same(si.ssi_signo, 64);
	same(si.ssi_code, SI_QUEUE);
	same(si.ssi_ptr, 0x123456789abc);
	must(kill(getpid(), SIGHUP));
	must(kill(getpid(), SIGUSR1));
	same(taken(user).ssi_signo, SIGUSR1);
	refused(read(user, &si, sizeof(si)), EAGAIN);
	must(sigqueue(getpid(), 40, value));
	same(taken(real).ssi_signo, 40);
	refused(read(real, &si, sizeof(si)), EAGAIN);
}

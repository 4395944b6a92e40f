/* SPDX-License-Identifier: MIT */
/* lock-lease - leases on files: whoever opens one makes the holder hear of it,
 * by the signal it has chosen */
/* ways: -leave because the capture opens the files that it has to compare, which breaks a lease */
/* ways: -rootfs because who has a lease keeps others from reading the file */
/* ways: -taken because its source, stopped, still holds the locks */
#include "victim.h"

static volatile sig_atomic_t told, told_fd;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	told_fd = info->si_fd;
	told = 1;
}

void victim(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	char *one = victim_file("one", "text"), *two = victim_file("two", "");
	int read_lease, write_lease, fd;

	sa.sa_sigaction = handler;
	must(sigaction(SIGRTMIN + 1, &sa, NULL));
	read_lease = must(open(one, O_RDONLY));
	write_lease = must(open(two, O_RDWR));
	if (fcntl(write_lease, F_SETLEASE, F_WRLCK) < 0)
		victim_skip("no leases here: %s", strerror(errno));
	must(fcntl(read_lease, F_SETLEASE, F_RDLCK));
	must(fcntl(write_lease, F_SETSIG, SIGRTMIN + 1));
	victim_move();
	same(fcntl(read_lease, F_GETLEASE), F_RDLCK);
	same(fcntl(write_lease, F_GETLEASE), F_WRLCK);
	same(fcntl(write_lease, F_GETSIG), SIGRTMIN + 1);
	fd = open(two, O_RDONLY | O_NONBLOCK);
	same(errno, EWOULDBLOCK);
	same(fd, -1);
	while (!told)
		victim_sleep(0.001);
	same(told_fd, write_lease);
	must(fcntl(write_lease, F_SETLEASE, F_UNLCK));
	must(open(two, O_RDONLY | O_NONBLOCK));
}

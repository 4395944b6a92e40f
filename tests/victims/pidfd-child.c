/* SPDX-License-Identifier: MIT */
/* pidfd-child - pidfds of a child, of the parent and of oneself: signals go to
 * whom they went to, flags are kept, and one can wait with them */
#include "pidfd.h"

static void child(void)
{
	sigset_t set;
	siginfo_t si;
	int mine = must(pidfd_of(getpid(), 0)), up = must(pidfd_of(getppid(), 0));

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	victim_arrive();
	same(sigwaitinfo(&set, &si), SIGUSR1);
	same(si.si_pid, getppid());
	must(syscall(SYS_pidfd_send_signal, mine, SIGUSR1, NULL, 0));
	same(sigwaitinfo(&set, &si), SIGUSR1);
	same(si.si_pid, getpid());
	must(syscall(SYS_pidfd_send_signal, up, SIGUSR2, NULL, 0));
	_exit(23);
}

void victim(void)
{
	sigset_t set;
	siginfo_t si;
	int fd, twin;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	pid = victim_child(child);
	fd = must(pidfd_of(pid, O_NONBLOCK));
	twin = must(pidfd_of(pid, 0));
	victim_blocked(pid, SYS_rt_sigtimedwait);
	victim_move();
	same(file_flags(fd), O_RDWR | O_NONBLOCK);
	same(fcntl(fd, F_GETFD), FD_CLOEXEC);
	refused(waitid(P_PIDFD, fd, &si, WEXITED), EAGAIN);
	check(!has_ended(fd, 0));
	must(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
	same(sigwaitinfo(&set, &si), SIGUSR2);
	same(si.si_pid, pid);
	check(has_ended(twin, 10000));
	check(has_ended(fd, 0));
	must(waitid(P_PIDFD, twin, &si, WEXITED));
	same(si.si_pid, pid);
	same(si.si_status, 23);
	refused(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
}

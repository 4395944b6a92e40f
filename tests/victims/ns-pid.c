/* SPDX-License-Identifier: MIT */
/* ns-pid - a PID namespace with its init, a thread, children and a grandchild,
 * as many numbers as levels; a proc of it; groups, pending signals and timers
 * in its numbers; another namespace in it, and one that has nobody yet */
/* ways: -rootfs because what it has mounted is of this user land */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

#include <sys/prctl.h>

static void nothing(int sig)
{
	(void)sig;
}

static volatile sig_atomic_t sender;

static void note(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	sender = si->si_pid;
}

static void *thread(void *arg)
{
	int *tid = arg;

	*tid = gettid();
	victim_arrive();
	victim_wait();
	same(gettid(), *tid);
	return NULL;
}

static void innermost(void)
{
	same(getpid(), 1);
	same(getppid(), 0);
	pause();
	same(getpid(), 1);
	same(getppid(), 0);
	same(fork() ? wait(NULL) : (_exit(0), 0), 2);
	_exit(6);
}

static void deeper(void)
{
	pid_t pid;

	signal(SIGUSR2, nothing);
	must(unshare(CLONE_NEWPID));
	pid = victim_child(innermost);
	pause();
	same(getpid(), 3);
	must(kill(pid, SIGUSR2));
	victim_reap(pid, 6);
	_exit(5);
}

static void plain(void)
{
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(sigaction(SIGRTMIN, &act, NULL));
	must(setpgid(0, 0));
	must(kill(getpid(), SIGRTMIN));
	signal(SIGUSR2, nothing);
	pause();
	same(getpid(), 5);
	same(getpgrp(), 5);
	same(getppid(), 1);
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	same(sender, 5);
	_exit(7);
}

/* The init. */
static void inside(void)
{
	pid_t deep, other;
	pthread_t second;
	timer_t timer;
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
			       .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value = { .tv_nsec = 1000 } };
	char text[64];
	int tid = 0, fd, sig;
	sigset_t set;

	own_namespaces(CLONE_NEWNS);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("proc", "/proc", "proc", 0, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	second = victim_thread(thread, &tid);
	victim_gather(1);
	deep = victim_child(deeper);
	same(deep, 3);
	victim_blocked(deep, SYS_pause);
	other = victim_child(plain);
	same(other, 5);		/* 4 is in the one below */
	ev._sigev_un._tid = gettid();
	must(timer_create(CLOCK_MONOTONIC, &ev, &timer));
	victim_blocked(other, SYS_pause);
	fd = must(open("/proc/uptime", O_RDONLY));
	victim_move();
	same(getpid(), 1);
	same(gettid(), 1);
	same(getppid(), 0);
	zero(pthread_join(second, NULL));
	same(must(readlink("/proc/self", text, sizeof(text))), 1);
	same(text[0], '1');
	same(access("/proc/3/status", F_OK), 0);
	same(access("/proc/4/status", F_OK), 0);
	same(access("/proc/5/status", F_OK), 0);
	check(read(fd, text, sizeof(text)) > 0);
	must(timer_settime(timer, 0, &soon, NULL));
	zero(sigwait(&set, &sig));
	must(kill(-5, SIGUSR2));
	victim_reap(other, 7);
	must(kill(3, SIGUSR2));
	victim_reap(deep, 5);
	_exit(9);
}

void victim(void)
{
	pid_t init, fresh;

	must(unshare(CLONE_NEWPID));
	init = victim_child(inside);
	victim_reap(init, 9);
	/* Nobody else can come into it any more. */
	fresh = fork();
	if (!fresh)
		_exit(0);
	same(fresh, -1);
	same(errno, ENOMEM);
}

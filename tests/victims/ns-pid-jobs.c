/* SPDX-License-Identifier: MIT */
/* ns-pid-jobs - in a PID namespace: a session, a group whose leader has ended,
 * an orphan that its init has taken, a zombie */
/* ways: -rootfs because what it has mounted is of this user land */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

static void nothing(int sig)
{
	(void)sig;
}

static void in_group(void)
{
	signal(SIGUSR2, nothing);
	pause();
	same(getpgrp(), 3);
	same(getsid(0), 2);
	_exit(4);
}

static void short_lived(void)
{
	must(setpgid(0, 0));
	pause();
	_exit(0);
}

static void ended(void)
{
	_exit(8);
}

static void father(void)
{
	victim_child(in_group);
	_exit(0);
}

/* A shell, PID 2: leads a session; the first of its pipeline (3) has ended. */
static void shell(void)
{
	pid_t first, second;

	signal(SIGUSR2, nothing);
	same(must(setsid()), 2);
	first = victim_child(short_lived);
	same(first, 3);
	victim_blocked(first, SYS_pause);
	second = victim_child(in_group);
	must(setpgid(second, first));
	victim_blocked(second, SYS_pause);
	must(kill(first, SIGKILL));
	must(waitpid(first, NULL, 0));
	pause();
	same(getsid(0), 2);
	same(getpgrp(), 2);
	same(getpgid(second), 3);
	must(kill(-3, SIGUSR2));
	victim_reap(second, 4);
	_exit(5);
}

static void inside(void)
{
	pid_t leader, zombie, orphan, parent;
	siginfo_t si;

	own_namespaces(CLONE_NEWNS);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("proc", "/proc", "proc", 0, NULL));
	leader = victim_child(shell);
	same(leader, 2);
	while (access("/proc/4", F_OK) || !access("/proc/3", F_OK))
		usleep(1000);
	victim_blocked(leader, SYS_pause);
	zombie = victim_child(ended);
	must(waitid(P_PID, zombie, &si, WEXITED | WNOWAIT));
	parent = victim_child(father);
	victim_reap(parent, 0);
	orphan = parent + 1;
	victim_blocked(orphan, SYS_pause);
	victim_move();
	victim_reap(zombie, 8);
	same(getpgid(4), 3);
	must(kill(leader, SIGUSR2));
	victim_reap(leader, 5);
	must(kill(orphan, SIGKILL));
	same(waitpid(orphan, NULL, 0), orphan);
	_exit(9);
}

void victim(void)
{
	must(unshare(CLONE_NEWPID));
	victim_reap(victim_child(inside), 9);
}

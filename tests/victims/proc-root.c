/* SPDX-License-Identifier: MIT */
/* proc-root - a child in another root directory (chroot), its working directory
 * in there, and one with it outside */
#include <sys/stat.h>

#include "victim.h"

static struct stat inside, outside;

static void enter(void)
{
	must(mkdir(victim_path("root"), 0755));
	victim_file("root/here", "");
	must(stat(victim_path("root"), &inside));
	must(stat(victim_path("."), &outside));
}

static void below(void)
{
	struct stat st;

	must(chroot(victim_path("root")));
	must(chdir("/"));
	kill(getppid(), SIGUSR1);
	pause();
	must(stat("/here", &st));
	must(stat(".", &st));
	same(st.st_ino, inside.st_ino);
	must(stat("/..", &st));
	same(st.st_ino, inside.st_ino);
	_exit(0);
}

static void beside(void)
{
	struct stat st;

	must(chdir(victim_path(".")));
	must(chroot("root"));
	kill(getppid(), SIGUSR1);
	pause();
	must(stat("/here", &st));
	must(stat(".", &st));
	same(st.st_ino, outside.st_ino);
	_exit(0);
}

static void nothing(int sig)
{
	(void)sig;
}

void victim(void)
{
	pid_t a, b;
	sigset_t set;
	int sig;

	if (geteuid())
		victim_skip("only root may chroot");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	enter();
	signal(SIGUSR2, nothing);
	a = victim_child(below);
	zero(sigwait(&set, &sig));
	b = victim_child(beside);
	zero(sigwait(&set, &sig));
	victim_blocked(a, SYS_pause);
	victim_blocked(b, SYS_pause);
	victim_move();
	must(kill(a, SIGUSR2));
	must(kill(b, SIGUSR2));
	victim_reap(a, 0);
	victim_reap(b, 0);
}

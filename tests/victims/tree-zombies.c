/* SPDX-License-Identifier: MIT */
/* tree-zombies - children that are dead and not yet waited for
 *
 * One exited, one was killed, one aborted; their statuses come with the
 * first wait after the move.
 */
#include "victim.h"

#include <sys/resource.h>

static void exits(void)
{
	_exit(77);
}

static void killed(void)
{
	raise(SIGUSR1);
}

static void aborts(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void dead(pid_t pid)
{
	siginfo_t info;

	/* Looked at and left. */
	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
}

static void signaled(pid_t pid, int signal)
{
	int status;

	same(must(waitpid(pid, &status, 0)), pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != signal)
		victim_fail("child's status is %#x, should be signal %d",
			    (unsigned int)status, signal);
}

void victim(void)
{
	pid_t a = victim_child(exits), b = victim_child(killed);
	pid_t c = victim_child(aborts);

	dead(a);
	dead(b);
	dead(c);
	victim_move();
	/* A zombie may be sent signals. */
	must(kill(a, SIGTERM));
	signaled(b, SIGUSR1);
	victim_reap(a, 77);
	signaled(c, SIGABRT);
	refused(wait(NULL), ECHILD);
}

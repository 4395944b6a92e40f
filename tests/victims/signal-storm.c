/* SPDX-License-Identifier: MIT */
/* signal-storm - of a stream of signals none is lost and none comes twice
 *
 * A child queues numbered real-time signals at its parent all the while; at
 * the moment of the move some are being delivered.
 */
#include "victim.h"

static volatile int expected, done;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_int == -1) {
		done = 1;
		return;
	}
	if (info->si_int != expected)
		victim_fail("signal %d came when %d was due", info->si_int,
			    expected);
	expected++;
}

static void sender(void)
{
	char *go = victim_path("go");
	union sigval value = { 0 };

	while (access(go, F_OK) < 0)
		for (int i = 0; i < 10; value.sival_int++, i++)
			while (sigqueue(getppid(), SIGRTMIN, value) < 0)
				same(errno, EAGAIN);
	value.sival_int = -1;
	must(sigqueue(getppid(), SIGRTMIN, value));
}

void victim(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_RESTART };
	pid_t child;

	sa.sa_sigaction = handler;
	must(sigaction(SIGRTMIN, &sa, NULL));
	child = victim_child(sender);
	while (expected < 100)
		victim_sleep(0.001);
	victim_move();
	while (!done)
		victim_sleep(0.001);
	victim_reap(child, 0);
}

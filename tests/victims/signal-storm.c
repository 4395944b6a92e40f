/* SPDX-License-Identifier: MIT */
/* signal-storm - of a stream of signals none is lost and none comes twice
 *
 * A child queues numbered real-time signals at its parent all the while; at
 * the moment of the move some are being delivered.
 */
#include "victim.h"

/* So many may be on their way; the kernel would take a hundred thousand. */
#define AHEAD	200

static volatile int *received, done;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_int == -1) {
		done = 1;
		return;
	}
	if (info->si_int != *received)
		victim_fail("signal %d came when %d was due", info->si_int,
			    *received);
	(*received)++;
}

static void sender(void)
{
	char *go = victim_path("go");
	union sigval value = { 0 };
	pid_t parent = getppid();

	while (access(go, F_OK) < 0) {
		if (getppid() != parent)
			_exit(1);
		if (value.sival_int - *received > AHEAD)
			continue;
		for (int i = 0; i < 10; value.sival_int++, i++)
			must(sigqueue(parent, SIGRTMIN, value));
	}
	value.sival_int = -1;
	must(sigqueue(parent, SIGRTMIN, value));
}

void victim(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_RESTART };
	pid_t child;

	received = AREA_SHARED(4096);
	sa.sa_sigaction = handler;
	must(sigaction(SIGRTMIN, &sa, NULL));
	child = victim_child(sender);
	while (*received < 100)
		victim_sleep(0.001);
	victim_move();
	while (!done)
		victim_sleep(0.001);
	victim_reap(child, 0);
}

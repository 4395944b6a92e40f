/* SPDX-License-Identifier: MIT */
/* unix-rights-kinds - descriptors of many kinds that are only on their way */
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "unix.h"

enum { COUNTER, TIMER, SIGNALS, MEMORY, DELETED, DIRECTORY, LISTENER, COUNT };

void victim(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1000 };
	int ends[2], fds[COUNT], at;
	char got[16] = "", *path = victim_path("sock");
	uint64_t n = 41;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	fds[COUNTER] = must(eventfd(1, 0));
	same(write(fds[COUNTER], &n, 8), 8);
	fds[TIMER] = must(timerfd_create(CLOCK_MONOTONIC, 0));
	must(timerfd_settime(fds[TIMER], 0, &soon, NULL));
	fds[SIGNALS] = must(signalfd(-1, &set, 0));
	fds[MEMORY] = must(memfd_create("flying", 0));
	same(write(fds[MEMORY], "in memory", 9), 9);
	fds[DELETED] = must(open(victim_file("gone", "no name"), O_RDWR));
	must(unlink("gone"));
	fds[DIRECTORY] = must(open(".", O_RDONLY | O_DIRECTORY));
	fds[LISTENER] = unix_listener(SOCK_STREAM, path, 3);
	unix_send_fds(ends[0], "all", fds, COUNT);
	for (int i = 0; i < COUNT; i++)
		close(fds[i]);
	victim_move();
	same(unix_take_fds(ends[1], "all", fds), COUNT);
	same(read(fds[COUNTER], &n, 8), 8);
	same(n, 42);
	same(read(fds[TIMER], &n, 8), 8);
	same(n, 1);
	must(kill(getpid(), SIGUSR1));
	same(unix_events(fds[SIGNALS]), POLLIN);
	same(pread(fds[MEMORY], got, 15, 0), 9);
	same_text(got, "in memory");
	memset(got, 0, sizeof(got));
	same(pread(fds[DELETED], got, 15, 0), 7);
	same_text(got, "no name");
	at = must(openat(fds[DIRECTORY], "sock", O_PATH));
	close(at);
	unix_say(unix_client(SOCK_STREAM, path), "x");
	unix_hear(must(accept(fds[LISTENER], NULL, NULL)), "x");
}

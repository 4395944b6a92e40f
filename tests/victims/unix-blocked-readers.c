/* SPDX-License-Identifier: MIT */
/* unix-blocked-readers - threads that wait in read, recvmsg, accept and poll */
#include "unix.h"

static int stream[2], dgram[2], polled[2], listener;

static void *reader(void *arg)
{
	char c;

	(void)arg;
	victim_arrive();
	same(read(stream[1], &c, 1), 1);
	same(c, 'a');
	return NULL;
}

static void *receiver(void *arg)
{
	(void)arg;
	victim_arrive();
	unix_hear(dgram[1], "bc");
	return NULL;
}

static void *acceptor(void *arg)
{
	(void)arg;
	victim_arrive();
	unix_hear(must(accept(listener, NULL, NULL)), "d");
	return NULL;
}

static void *poller(void *arg)
{
	struct pollfd p = { polled[1], POLLIN, 0 };

	(void)arg;
	victim_arrive();
	same(poll(&p, 1, -1), 1);
	unix_hear(polled[1], "e");
	return NULL;
}

void victim(void)
{
	char *path = victim_path("sock");
	pthread_t t[4];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, polled));
	listener = unix_listener(SOCK_STREAM, path, 5);
	t[0] = victim_thread(reader, NULL);
	t[1] = victim_thread(receiver, NULL);
	t[2] = victim_thread(acceptor, NULL);
	t[3] = victim_thread(poller, NULL);
	victim_gather(4);
	victim_move();
	unix_say(stream[0], "a");
	unix_say(dgram[0], "bc");
	unix_say(unix_client(SOCK_STREAM, path), "d");
	unix_say(polled[0], "e");
	for (int i = 0; i < 4; i++)
		zero(pthread_join(t[i], NULL));
}

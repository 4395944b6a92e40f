/* SPDX-License-Identifier: MIT */
/* tcp-accept-wait - threads are blocked in accept(2) and in poll(2) meanwhile */
/* ways: -taken because the source still has the port */
#include "inet.h"

static int listener, polled;
static int served;

static void *serve(void *arg)
{
	int fd = must(accept(listener, NULL, NULL));

	same(write(fd, "hello", 5), 5);
	must(close(fd));
	return arg;
}

static void *wait_for(void *arg)
{
	struct pollfd p = { polled, POLLIN, 0 };

	same(poll(&p, 1, -1), 1);
	served = must(accept(polled, NULL, NULL)) >= 0;
	return arg;
}

void victim(void)
{
	char text[8];
	int c = must(socket(AF_INET, SOCK_STREAM, 0));
	int d = must(socket(AF_INET, SOCK_STREAM, 0));
	pthread_t one, two;

	listener = bound(AF_INET, SOCK_STREAM);
	polled = bound(AF_INET, SOCK_STREAM);
	must(listen(listener, 5));
	must(listen(polled, 5));
	one = victim_thread(serve, NULL);
	two = victim_thread(wait_for, NULL);
	victim_move();
	must(connect_to(c, own_address(listener)));
	same(read(c, text, sizeof(text)), 5);
	zero(pthread_join(one, NULL));
	must(connect_to(d, own_address(polled)));
	zero(pthread_join(two, NULL));
	same(served, 1);
}

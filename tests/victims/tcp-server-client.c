/* SPDX-License-Identifier: MIT */
/* tcp-server-client - a server and its clients, three processes, that go on talking */
/* ways: -taken because the source still has the port */
#include "inet.h"

#define N 300

static int listener;

static void client(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	unsigned char text[1000], back[1000];

	must(connect_to(fd, own_address(listener)));
	for (int i = 0; i < N; i++) {
		if (i == 100)
			victim_wait();
		fill(text, sizeof(text), i);
		same(write(fd, text, sizeof(text)), sizeof(text));
		read_all(fd, back, sizeof(back));
		check(!memcmp(text, back, sizeof(text)));
	}
	must(shutdown(fd, SHUT_WR));
	same(read(fd, back, 1), 0);
}

static void *serve(void *arg)
{
	int fd = must(accept(listener, NULL, NULL));
	unsigned char text[1000];
	ssize_t n;

	while ((n = must(read(fd, text, sizeof(text)))) > 0)
		same(write(fd, text, n), n);
	must(close(fd));
	return arg;
}

void victim(void)
{
	pthread_t threads[2];
	pid_t pids[2];

	need_repair();
	listener = bound(AF_INET, SOCK_STREAM);
	must(listen(listener, 5));
	for (int i = 0; i < 2; i++)
		pids[i] = victim_child(client);
	for (int i = 0; i < 2; i++)
		threads[i] = victim_thread(serve, NULL);
	victim_move();
	for (int i = 0; i < 2; i++)
		zero(pthread_join(threads[i], NULL));
	for (int i = 0; i < 2; i++)
		victim_reap(pids[i], 0);
	must(close(listener));
}

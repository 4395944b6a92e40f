/* SPDX-License-Identifier: MIT */
/* tcp-wait-read - threads are blocked in read(2) and in write(2) of connections */
/* ways: -taken because the source still has the port */
#include "inet.h"

static unsigned char data[8 << 20];
static int reading[2], writing[2];

static void *reader(void *arg)
{
	char text[8];

	same(read(reading[1], text, sizeof(text)), 5);
	check(!memcmp(text, "hello", 5));
	return arg;
}

static void *writer(void *arg)
{
	for (size_t done = 0; done < sizeof(data);)
		done += must(write(writing[0], data + done,
				   sizeof(data) - done));
	return arg;
}

void victim(void)
{
	static unsigned char back[8 << 20];
	pthread_t one, two;

	need_repair();
	fill(data, sizeof(data), 5);
	pair_of(AF_INET, reading);
	pair_of(AF_INET, writing);
	one = victim_thread(reader, NULL);
	two = victim_thread(writer, NULL);
	await(writing[1], POLLIN);
	victim_move();
	same(write(reading[0], "hello", 5), 5);
	read_all(writing[1], back, sizeof(back));
	check(!memcmp(back, data, sizeof(data)));
	zero(pthread_join(one, NULL));
	zero(pthread_join(two, NULL));
}

/* SPDX-License-Identifier: MIT */
/* file-written - a file grows before and after the move, without a gap */
#include "victim.h"

#define LINES	2000

static volatile int stop;
static long written;

static void *run(void *arg)
{
	int fd = must(open(victim_path("file"), O_RDWR | O_CREAT, 0644));
	char line[32];

	while (!stop || written < LINES) {
		int n = snprintf(line, sizeof(line), "%ld\n", written++);

		same(write(fd, line, n), n);
		if (written == LINES)
			victim_arrive();
		if (written % 16 == 0)
			victim_sleep(0.0005);
	}
	close(fd);
	return arg;
}

void victim(void)
{
	pthread_t thread = victim_thread(run, NULL);
	long lines = 0, number;
	FILE *in;

	victim_gather(1);
	victim_move();
	stop = 1;
	zero(pthread_join(thread, NULL));
	in = fopen(victim_path("file"), "r");
	check(in);
	while (fscanf(in, "%ld", &number) == 1)
		same(number, lines++);
	same(lines, written);
}

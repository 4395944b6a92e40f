/* SPDX-License-Identifier: MIT */
/* pipe-full - a full pipe, and a writer blocked in it with half its bytes in
 *
 * A write that has begun cannot be restarted: each byte arrives just once.
 */
#include "victim.h"

#define SIZE	(200 * 1024)

static unsigned char text[SIZE], got[SIZE + 1];
static int ends[2];
static volatile pid_t tid;

static void *run(void *arg)
{
	size_t done = 0;

	tid = syscall(SYS_gettid);
	victim_arrive();
	/* A short count is what a stop may lead to, as signals do. */
	while (done < SIZE)
		done += must(write(ends[1], text + done, SIZE - done));
	close(ends[1]);
	return arg;
}

void victim(void)
{
	pthread_t thread;
	size_t have = 0;
	ssize_t n;

	fill(text, SIZE, 1);
	must(pipe(ends));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_write);
	victim_move();
	while ((n = must(read(ends[0], got + have, sizeof(got) - have))))
		have += n;
	zero(pthread_join(thread, NULL));
	same(have, SIZE);
	same_fill(got, SIZE, 1);
}

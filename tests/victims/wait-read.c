/* SPDX-License-Identifier: MIT */
/* wait-read - a thread and a child blocked in read(2) on a pipe */
#include "victim.h"

static int thread_ends[2], child_ends[2];
static volatile pid_t tid;

static void *run(void *arg)
{
	char text[8] = "";

	(void)arg;
	tid = syscall(SYS_gettid);
	victim_arrive();
	same(read(thread_ends[0], text, sizeof(text)), 5);
	same_text(text, "after");
	return NULL;
}

static void child(void)
{
	char text[8] = "";

	same(read(child_ends[0], text, sizeof(text)), 2);
	same_text(text, "me");
}

void victim(void)
{
	pthread_t thread;
	pid_t pid;

	must(pipe(thread_ends));
	must(pipe(child_ends));
	pid = victim_child(child);
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_read);
	victim_blocked(pid, SYS_read);
	victim_move();
	same(write(thread_ends[1], "after", 5), 5);
	same(write(child_ends[1], "me", 2), 2);
	zero(pthread_join(thread, NULL));
	victim_reap(pid, 0);
}

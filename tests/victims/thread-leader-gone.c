/* SPDX-License-Identifier: MIT */
/* thread-leader-gone - the main thread has ended, the others go on
 *
 * The leader is a zombie; the process is not, and its exit status is that of
 * the thread which calls exit.
 */
#include "victim.h"

static pid_t pid;

static void leader_ended(void)
{
	char line[256] = "";
	char state = 0;

	while (state != 'Z') {
		FILE *in = fopen("/proc/self/stat", "re");

		check(in && fgets(line, sizeof(line), in));
		fclose(in);
		state = strrchr(line, ')')[2];
	}
}

static void *other(void *arg)
{
	victim_arrive();
	victim_wait();
	return arg;
}

static void *run(void *arg)
{
	pthread_t thread = victim_thread(other, arg);
	void *result;

	victim_gather(1);
	leader_ended();
	victim_move();
	same(getpid(), pid);
	check(syscall(SYS_gettid) != pid);
	leader_ended();
	zero(pthread_join(thread, &result));
	check(result == arg);
	victim_pass();
}

void victim(void)
{
	pid = getpid();
	victim_thread(run, &pid);
	pthread_exit(NULL);
}

/* SPDX-License-Identifier: MIT */
/* wait-futex-shared - futexes without time-out, in threads and processes
 *
 * The child waits on shared memory, where the kernel knows the futex by the
 * page and not by the address.
 */
#include "victim.h"

static int *word, *other_view;
static int private_word;
static volatile pid_t tid;

#define WAIT		0
#define WAKE		1
#define PRIVATE		128

static long futex(int *at, int op, int value)
{
	return syscall(SYS_futex, at, op, value, NULL, NULL, 0);
}

static void *run(void *arg)
{
	(void)arg;
	tid = syscall(SYS_gettid);
	victim_arrive();
	same(futex(&private_word, WAIT | PRIVATE, 0), 0);
	return NULL;
}

static void child(void)
{
	same(futex(other_view, WAIT, 0), 0);
}

/* Woken by hand: the word does not change, so a wait that ended for any
 * other reason is told. */
static void wake(int *at, int op)
{
	while (futex(at, op, 1) != 1)
		victim_sleep(0.001);
}

void victim(void)
{
	pthread_t thread;
	pid_t pid;

	word = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	/* The same page at another address. */
	other_view = must(mremap(word, 0, 4096, MREMAP_MAYMOVE));
	check(other_view != word);
	pid = victim_child(child);
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_futex);
	victim_blocked(pid, SYS_futex);
	victim_move();
	wake(&private_word, WAKE | PRIVATE);
	wake(word, WAKE);
	zero(pthread_join(thread, NULL));
	victim_reap(pid, 0);
}

/* SPDX-License-Identifier: MIT */
/* aio-several - contexts of different size, in threads, and in a child that has
 * made one itself and has the memory of its parent's */
#include "aio.h"

#define CONTEXTS	5

static aio_context_t all[CONTEXTS], own;
static int fd, turn[2];

static void child(void)
{
	struct iocb one = aio_request(IOCB_CMD_PREAD, fd, NULL, 0, 5);
	struct io_event e;
	unsigned int *ring = (unsigned int *)all[0];
	char c;

	own = aio_open(3);
	aio_submit(own, &one);
	same(write(turn[1], "x", 1), 1);
	while (access(victim_path("go"), F_OK) < 0)
		victim_sleep(0.01);
	same(read(turn[0], &c, 1), 1);
	aio_has(own, &one, 5, 0);
	aio_works(own, fd, 6);
	/* It looks like a ring, and is none for the child. */
	same(ring[4], 0xa10a10a1);
	refused(syscall(SYS_io_getevents, all[0], 0L, 1L, &e, NULL), EINVAL);
}

static void *user(void *ctx)
{
	for (int i = 0; i < 100; i++)
		aio_works((aio_context_t)ctx, fd, i);
	return NULL;
}

void victim(void)
{
	struct iocb ones[CONTEXTS];
	pthread_t threads[CONTEXTS];
	pid_t pid;
	char c;

	fd = must(open(victim_file("text", "Text"), O_RDONLY));
	must(pipe(turn));
	for (int i = 0; i < CONTEXTS; i++) {
		all[i] = aio_open(1 + i * 150);
		ones[i] = aio_request(IOCB_CMD_PREAD, fd, NULL, 0, i);
		for (int k = 0; k <= i; k++)
			aio_submit(all[i], &ones[i]);
	}
	/* One is not there any more. */
	must(syscall(SYS_io_destroy, all[2]));
	pid = victim_child(child);
	same(read(turn[0], &c, 1), 1);
	victim_move();
	for (int i = 0; i < CONTEXTS; i++)
		for (int k = 0; k <= i && i != 2; k++)
			aio_has(all[i], &ones[i], i, 0);
	for (int i = 0; i < CONTEXTS; i++)
		if (i != 2)
			threads[i] = victim_thread(user, (void *)all[i]);
	for (int i = 0; i < CONTEXTS; i++)
		if (i != 2)
			zero(pthread_join(threads[i], NULL));
	same(write(turn[1], "x", 1), 1);
	victim_reap(pid, 0);
	for (int i = 0; i < CONTEXTS; i++)
		if (i != 2)
			must(syscall(SYS_io_destroy, all[i]));
}

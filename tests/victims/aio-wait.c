/* SPDX-License-Identifier: MIT */
/* aio-wait - threads that wait for events, with and without a limit, go on waiting
 * without an EINTR */
#include "aio.h"

static aio_context_t ctx, other;
static double waited;

static void *waiter(void *tid)
{
	struct io_event e = { 0 };

	*(pid_t *)tid = gettid();
	victim_arrive();
	same(syscall(SYS_io_getevents, ctx, 1L, 1L, &e, NULL), 1);
	same(e.data, 42);
	return NULL;
}

static void *limited(void *tid)
{
	struct timespec limit = { 3, 0 };
	struct io_event e = { 0 };
	double began = victim_now();

	*(pid_t *)tid = gettid();
	victim_arrive();
	same(syscall(SYS_io_pgetevents, other, 1L, 1L, &e, &limit, NULL), 0);
	waited = victim_now() - began;
	return NULL;
}

void victim(void)
{
	int fd = must(open(victim_file("text", "Text"), O_RDONLY));
	struct iocb one = aio_request(IOCB_CMD_PREAD, fd, NULL, 0, 42);
	pthread_t threads[2];
	pid_t tids[2] = { 0 };

	ctx = aio_open(4);
	other = aio_open(4);
	threads[0] = victim_thread(waiter, &tids[0]);
	threads[1] = victim_thread(limited, &tids[1]);
	victim_gather(2);
	victim_blocked(tids[0], SYS_io_getevents);
	victim_blocked(tids[1], SYS_io_pgetevents);
	victim_move();
	aio_submit(ctx, &one);
	zero(pthread_join(threads[0], NULL));
	zero(pthread_join(threads[1], NULL));
	check(waited >= 2.9);
	check(aio_is_empty(ctx));
}

/* SPDX-License-Identifier: MIT */
/* aio-ends - requests that end while the program is already stopped: their events
 * come, behind those that waited before, and the eventfd tells of them */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "aio.h"

#define DEPTH	3
#define ROUND_MS	150

static struct iocb ones[DEPTH], plain;

/* They wait for the timer. */
static void start(aio_context_t ctx, int timer, int event)
{
	struct itimerspec soon = {
		.it_value = { 0, ROUND_MS * 1000000l },
	};

	must(timerfd_settime(timer, 0, &soon, NULL));
	for (int i = 0; i < DEPTH; i++) {
		ones[i] = aio_request(IOCB_CMD_POLL, timer, NULL, 0, i);
		ones[i].aio_buf = POLLIN;
		ones[i].aio_flags = IOCB_FLAG_RESFD;
		ones[i].aio_resfd = event;
		aio_submit(ctx, &ones[i]);
	}
}

static void finish(aio_context_t ctx, int timer, int event)
{
	bool seen[DEPTH] = { false };
	uint64_t told = 0, some, ticks;

	while (told < DEPTH) {
		same(read(event, &some, sizeof(some)), sizeof(some));
		told += some;
	}
	same(told, DEPTH);
	aio_has(ctx, &plain, 77, 0);
	for (int i = 0; i < DEPTH; i++) {
		struct io_event e = aio_next(ctx);

		check(e.data < DEPTH && !seen[e.data]);
		seen[e.data] = true;
		same(e.obj, (uint64_t)&ones[e.data]);
		check(e.res & POLLIN);
	}
	check(aio_is_empty(ctx));
	same(read(timer, &ticks, sizeof(ticks)), sizeof(ticks));
	same(ticks, 1);
}

void victim(void)
{
	int timer = must(timerfd_create(CLOCK_MONOTONIC, 0));
	int event = must(eventfd(0, 0));
	int fd = must(open(victim_file("text", "Text"), O_RDONLY));
	aio_context_t ctx = aio_open(DEPTH);

	plain = aio_request(IOCB_CMD_PREAD, fd, NULL, 0, 77);
	victim_ready();
	for (bool last = false; !last;) {
		last = access(victim_path("go"), F_OK) == 0;
		aio_submit(ctx, &plain);
		start(ctx, timer, event);
		finish(ctx, timer, event);
		aio_works(ctx, fd, 1);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * aio.h - the ring of an asynchronous I/O context, io_setup(2), in a stopped task
 *
 * The kernel keeps to itself how many requests are under way and where it will
 * put the next event.  Both are found, and made, with empty requests: reads of
 * no bytes, which are completed when io_submit(2) returns.
 */
#ifndef IMAGE_AIO_H
#define IMAGE_AIO_H

#include <linux/aio_abi.h>

#include "tracee/tracee.h"

/* What the mapping of a context begins with; behind it are the events. */
struct aio_ring {
	uint32_t id;		/* the kernel's own number of it */
	uint32_t nr;		/* events that it has room for, and one more */
	uint32_t head, tail;	/* of the events that wait, in events */
	uint32_t magic, compat, incompat, length;
};

#define AIO_MAGIC	0xa10a10a1u
#define AIO_SIZE_MAX	(1u << 28)	/* bytes: more the kernel does not make */

/* Requests to ask io_setup(2) for, so that the ring has @size bytes; that it is
 * so, aio_measure() says. */
uint32_t aio_requests(uint64_t size);
/* Events that a ring of @size bytes has room for. */
uint32_t aio_room(uint64_t size);
/* Makes a context of @size bytes for a moment, in this program: how many requests
 * it can have under way; 0 if such a one cannot be had here, with errno
 * (EOVERFLOW: the kernel makes them larger). */
uint32_t aio_measure(uint64_t size);

struct aio_pump {
	struct strings *s;
	struct tracee *t;	/* stopped, and a caller of the context */
	uint64_t at;		/* address of the ring: what calls name it by */
	uint32_t nr;		/* as in the ring */
	int file;		/* descriptor of the task's that is read from */
	uint64_t mark;		/* data of the empty requests */
	struct list cpus;	/* of int: those it may run on, once known */
	bool cpus_known;
};

/* Opens the file to be read from, in the task. */
int aio_pump_open(struct aio_pump *p, struct strings *s, struct tracee *t,
		  struct failure *f);
/* The context that it works on from now on. */
void aio_pump_on(struct aio_pump *p, uint64_t at, uint32_t nr);
/* Takes all that waits in the ring, at the end of @events (struct io_event), and
 * finds out whether @whole requests can be under way now: 1 if so, and then none
 * was before; 0, -1. */
int aio_pump_probe(struct aio_pump *p, uint32_t whole, struct list *events,
		   struct failure *f);
/* Has @events wait in the ring, from @head on; those that come meanwhile are
 * added to them. */
int aio_pump_fill(struct aio_pump *p, uint32_t head, struct list *events,
		  struct failure *f);
void aio_pump_close(struct aio_pump *p);

/* Of memory that looks like a ring: adds what waits in it; writes @n events and
 * the head of it.  They need no task. */
int aio_pump_peek(const struct aio_pump *p, struct list *events,
		  struct failure *f);
int aio_pump_poke(const struct aio_pump *p, const struct aio_ring *ring,
		  const void *events, size_t n, struct failure *f);

#endif

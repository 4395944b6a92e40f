/* SPDX-License-Identifier: MIT */
/*
 * flow.h - bytes on their way from one descriptor to another
 *
 * A flow is read when it is empty and written until it is empty: a slow
 * reader stops a fast writer, and memory does not grow.  Nothing here waits.
 * The descriptors are often shared with a shell or with other programs of a
 * pipeline, which O_NONBLOCK on them would break; a flow therefore opens its
 * own description of a pipe or terminal, and asks a socket not to wait.
 */
#ifndef JOB_FLOW_H
#define JOB_FLOW_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct flow_end {
	int fd;			/* -1: no such end, or no longer */
	bool owned;
	bool socket;
	size_t most;		/* bytes that one write may have */
};

struct flow {
	struct flow_end from, to;
	const char *first;	/* goes before what is read; not owned */
	size_t first_len;
	bool ended;		/* there is nothing more to be read */
	bool broken;		/* nobody takes what is written: ended, empty */
	int error;		/* broken: errno of write(2), or EPIPE */
	char last;		/* byte written */
	size_t at, end;		/* data[at..end) is to be written */
	char data[65536];
};

/* @from and @to stay the caller's; -1 for none. */
void flow_open(struct flow *w, int from, int to);
void flow_close(struct flow *w);
bool flow_empty(const struct flow *w);
/* More bytes behind those that are there, as far as there is room. */
void flow_append(struct flow *w, const void *data, size_t n);
/* What to wait for; an end with nothing to wait for is left out, but for the
 * one written to, whose hang-up is always of interest. */
void flow_arm(struct flow *w, struct pollfd *from, struct pollfd *to);
void flow_run(struct flow *w, const struct pollfd *from,
	      const struct pollfd *to);
/* Reads if there is room, as flow_run() does. */
void flow_fill(struct flow *w);
/* The reader has gone, or is as good as gone. */
void flow_break(struct flow *w, int error);

#endif

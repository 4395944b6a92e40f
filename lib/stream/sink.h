/* SPDX-License-Identifier: MIT */
/*
 * sink.h - bytes on their way to a descriptor; private to lib/stream
 *
 * Small pieces are gathered, large ones (SINK_DIRECT and up) leave from where
 * they are, together with what had been gathered.
 *
 * A pipe can also be lent pages instead of being given copies of them (vmsplice).
 * Then they must stay as they are until a reader has taken them, and a reader who
 * splices passes the very pages on, for who knows how long.  So that is done only
 * if the reader has said that he copies: pipe_promise_copy() sets the sticky bit
 * of the pipe, which means nothing else there.
 */
#ifndef STREAM_SINK_H
#define STREAM_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_ROOM	(256u << 10)
#define SINK_DIRECT	(64u << 10)

struct sink {
	int fd;
	uint8_t *buf;		/* owned, SINK_ROOM bytes, NULL until needed */
	size_t n;		/* bytes gathered */
	uint64_t bytes;		/* taken so far, gathered or written */
	bool lends;		/* the reader has promised to copy */
};

/* -1 with errno, also from the functions below. */
int sink_put(struct sink *s, const void *data, size_t n);
int sink_flush(struct sink *s);
/* As sink_put(), but @data may be lent: *@lent says whether it was. */
int sink_lend(struct sink *s, const void *data, size_t n, bool *lent);
/* Has the reader promised to copy? */
bool sink_lends(struct sink *s);
/* How much of s->bytes a reader of the pipe has taken. */
uint64_t sink_taken(const struct sink *s);
/* A moment, for a reader to take more; -1 if there is none any more. */
int sink_pause(const struct sink *s);
/* Until a reader has taken what is in a pipe or socket; EPIPE if he goes. */
int sink_drain(struct sink *s);
void sink_free(struct sink *s);

/* A pipe becomes as large as the kernel allows; anything else stays. */
void pipe_enlarge(int fd);
/* Of the end that is read: what comes will be copied (read(2)), never spliced. */
void pipe_promise_copy(int fd);

#endif

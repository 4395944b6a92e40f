/* SPDX-License-Identifier: MIT */
/*
 * sink.h - bytes on their way to a descriptor; private to lib/stream
 *
 * Small pieces are gathered, large ones (SINK_DIRECT and up) leave from where
 * they are, together with what had been gathered.
 */
#ifndef STREAM_SINK_H
#define STREAM_SINK_H

#include <stddef.h>
#include <stdint.h>

#define SINK_ROOM	(256u << 10)
#define SINK_DIRECT	(64u << 10)

struct sink {
	int fd;
	uint8_t *buf;		/* owned, SINK_ROOM bytes, NULL until needed */
	size_t n;		/* bytes gathered */
	uint64_t bytes;		/* taken so far, gathered or written */
};

/* -1 with errno, also from the functions below. */
int sink_put(struct sink *s, const void *data, size_t n);
int sink_flush(struct sink *s);
/* Until a reader has taken what is in a pipe or socket; EPIPE if he goes. */
int sink_drain(struct sink *s);
void sink_free(struct sink *s);

/* A pipe becomes as large as the kernel allows; anything else stays. */
void pipe_enlarge(int fd);

#endif

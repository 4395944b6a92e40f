/* SPDX-License-Identifier: MIT */
/*
 * preflight.h - ask the other end, before anything is stopped
 *
 * A look is a stream of kind "look": of the records that can be had from a
 * running tree those that the other end may object to (processes, threads,
 * credentials, files), without pages.  The answer is lines of text.
 */
#ifndef IMAGE_PREFLIGHT_H
#define IMAGE_PREFLIGHT_H

#include <stdio.h>

#include "image/capture.h"
#include "image/restore.h"

/* What came back from there. */
struct answer {
	char *host, *kernel;	/* owned */
	struct list obstacles;	/* of char *, owned */
	struct list notes;	/* likewise: what would be different, but goes */
	bool whole;		/* it was read to its end */
};

/* After capture_look(): the records of a look. */
int preflight_record(struct capture *c, struct failure *f);
int preflight_write(struct capture *c, int fd, struct failure *f);

/* At the other end: reads a look, says to @to what is against it. */
int preflight_judge(struct restore *r, struct stream_in *in, FILE *to,
		    struct failure *f);
/* What the other end said. */
void preflight_read(FILE *from, struct answer *a);
void answer_free(struct answer *a);

#endif

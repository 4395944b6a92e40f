/* SPDX-License-Identifier: MIT */
/*
 * pace.h - in which coding runs of pages leave soonest; private to lib/stream
 *
 * All times are in nanoseconds, all rates in nanoseconds for a byte.
 */
#ifndef STREAM_PACE_H
#define STREAM_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/stream.h"

#define PACE_CODINGS (CODING_ZSTD + 1)

struct pace_period {
	int64_t start_ns;
	uint64_t content;	/* bytes of pages */
	uint64_t out_start;	/* bytes of the stream before it */
	int64_t waited_ns;	/* for whoever takes the stream */
	int64_t packed_ns;
};

struct pace {
	enum stream_compress wish;
	bool begun, settled;
	bool near;		/* the reader is one of us, on this machine */
	enum stream_coding now;	/* of this period */
	enum stream_coding trial;	/* of its first run; now: none */
	unsigned int doubts;	/* periods in a row that something else would
				   have been better in */
	struct pace_period period;
	double taking;		/* of the stream; 0 not known yet */
	double hope;		/* what part of that he may not need */
	bool hoped;		/* raw was tried for that */
	double packing[PACE_CODINGS];	/* of content; 0 not known yet */
	double ratio[PACE_CODINGS];	/* out of in */
};

/* Of the next @content bytes of pages, when @out of the stream have left; @near:
 * does the reader promise what only one of us does? */
enum stream_coding pace_next(struct pace *p, int64_t now_ns, uint64_t content,
			     uint64_t out, bool near);
/* What packing took, and what came of it. */
void pace_packed(struct pace *p, enum stream_coding coding, int64_t ns,
		 uint64_t in, uint64_t out);
void pace_waited(struct pace *p, int64_t ns);

#endif

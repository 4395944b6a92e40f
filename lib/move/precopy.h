/* SPDX-License-Identifier: MIT */
/*
 * precopy.h - the memory of a running program, in rounds, before it is frozen
 *
 *	begin	the tree is frozen for a moment: recorded, and from then on
 *		watched; what the reader has to know of it is written
 *	rounds	each sends what was written since the last, until what is left
 *		fits the wished time, or it is plain that it never will
 *	frozen	the caller freezes it for good, and records and writes it
 *
 * In a failure, or if this program is killed, nothing stays in the tree.
 */
#ifndef MOVE_PRECOPY_H
#define MOVE_PRECOPY_H

#include "image/capture.h"
#include "image/track.h"
#include "move/progress.h"

struct precopy {
	/* Wishes. */
	unsigned downtime_ms;	/* that the program may stand still, about */
	unsigned max_rounds;
	bool throttle;		/* hold it part of the time, if need be */
	struct progress *progress;	/* who is told; not owned, NULL */

	/* What came of it. */
	struct track track;	/* for capture.track of the last capture */
	unsigned rounds;
	double rate;		/* bytes a second that the stream took */
	double write_rate;	/* that the program wrote, in the last round */
	unsigned left_ms;	/* that the rest will take, about */
	bool stuck;		/* it writes faster than the stream takes */
	unsigned throttled;	/* percent of the time that it was held */

	/* Its own. */
	struct capture tree;	/* to hold it by */
	struct stream_out *out;
	int64_t start_ns, freeze_ns;
	uint64_t phases;
	int64_t turn_ns;	/* when it is held, or let go, next */
	bool held;
};

/* @c has been looked at, and has no obstacles.  *@again as for capture_record(): nothing has been written. */
int precopy_begin(struct precopy *, struct capture *c, struct stream_out *,
		  bool *again, struct failure *);
int precopy_rounds(struct precopy *, struct failure *);
/* Writes that it is frozen, as @c has recorded it; and that all is written. */
int precopy_frozen(struct precopy *, const struct capture *c, struct failure *);
int precopy_done(struct precopy *, struct failure *);
void precopy_end(struct precopy *);

#endif

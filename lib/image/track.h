/* SPDX-License-Identifier: MIT */
/*
 * track.h - which pages a running tree writes, and which its reader has
 *
 * A userfaultfd is made in each process while the tree is frozen and taken from
 * it; from outside it then watches private anonymous memory (WP_ASYNC: nobody
 * waits, the kernel remembers).  Closing it, or our end, undoes all of that.
 *
 * What is not watched is no failure: it is sent whole in the freeze.
 */
#ifndef IMAGE_TRACK_H
#define IMAGE_TRACK_H

#include "base/pageset.h"
#include "image/capture.h"

struct track {
	struct list spaces;	/* of struct tracked */
};

/* An address space. */
struct tracked {
	pid_t pid;		/* as we see it */
	pid_t via;		/* to look through, as of a source */
	uint64_t id;		/* as the tree sees it */
	int uffd;		/* owned */
	struct list areas;	/* of struct rec_area: told the reader, in order
				   of their telling */
	struct pageset sent;	/* what the reader has, if not as it is now */
	struct pageset missed;	/* to be sent, whoever says it is not written */
};

/* In the freeze, when the tree has been recorded (capture.watch).  Fails only where this kernel
 * cannot do it at all. */
int track_start(struct track *, struct capture *, struct failure *);
/*
 * One round: what has been written since the last one, of all processes, with
 * RECORD_AREAs of what is new.  @pause is called between pages; NULL.
 */
struct track_round {
	uint64_t pages;		/* sent */
	int (*pause)(void *arg, struct failure *);
	void *arg;
};
int track_send(struct track *, struct stream_out *, struct track_round *,
	       struct failure *);
/* Pages to be sent in the next one, as far as is known. */
uint64_t track_written(const struct track *);

/* In the last freeze: is what is in @m known to be watched in part?  Then what
 * is to be sent of it, and what the reader has and must forget. */
struct tracked *track_find(const struct track *, pid_t pid);
bool track_knows(const struct tracked *, const struct rec_mapping *m);
int track_last(struct tracked *, const struct source *,
	       const struct rec_mapping *m, struct pageset *todo,
	       struct pageset *gone, struct failure *);
/* Is the userfaultfd on this mapping ours? */
bool track_watches(const struct track *, pid_t pid, const struct proc_map *m);

void track_end(struct track *);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * carry.h - files that travel in the stream, for file.c and the steps
 */
#ifndef IMAGE_CARRY_H
#define IMAGE_CARRY_H

#include "image/capture.h"
#include "image/restore.h"

/* After the bytes have been written: is each file what it was when it was
 * hashed? */
int carry_unchanged(const struct capture *c, struct failure *f);

/*
 * Of a record of a file that is carried: is the one here right, or what is to
 * be done?  Differences are noted.  True if the record has been dealt with.
 */
bool carry_choose(struct restore *r, struct rec_file *rec, bool very_same);
/*
 * Takes the carried files' bytes, which come before all other pages, and puts
 * each where it is to be.  *more and *item are as of stream_next().
 */
int carry_receive(struct restore *r, struct stream_in *in,
		  struct stream_item *item, int *more, struct failure *f);
/* Whatever was made is there to stay, or is taken away. */
void carry_commit(struct restore *r);
void carry_undo(struct restore *r);

#endif

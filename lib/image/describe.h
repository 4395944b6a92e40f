/* SPDX-License-Identifier: MIT */
/*
 * describe.h - what is in an image, said to people
 *
 * The image may be in part, or wrong: what is named and is not there is said
 * to be missing.  Nothing of it can move a cursor.
 */
#ifndef IMAGE_DESCRIBE_H
#define IMAGE_DESCRIBE_H

#include <stdio.h>

#include "image/survey.h"

/* Where it comes from, the tree of its processes and what they have, what it
 * needs at its new place, and sums; @totals of the stream so far. */
void describe_text(FILE *to, const struct survey *s,
		   const struct stream_end *totals);
/* Mappings and objects, one a line, with the pages that have come. */
void describe_map(FILE *to, const struct survey *s);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * survey.h - an image looked through: records by id, pages by what they are of
 *
 * It may be of an image that came only in part, or that nothing could be made
 * from; looking up what is not there gives NULL.
 */
#ifndef IMAGE_SURVEY_H
#define IMAGE_SURVEY_H

#include "image/image.h"

/* Pages that the stream has brought. */
struct survey_pages {
	uint64_t pages;		/* with zeros */
	uint64_t zeros;		/* sent as nothing */
};

/* Runs in one coding. */
struct survey_coding {
	uint64_t runs, pages;
	uint64_t bytes;		/* in the stream, without the runs' heads */
};

/* Records of one kind, by id; those of one id in their own order. */
struct survey_kind {
	const struct record **records;	/* owned */
	size_t n;
	struct survey_pages *pages;	/* owned, n of them; NULL: has none */
};

struct survey {
	const struct image *image;
	struct survey_kind kinds[KIND_MAX];	/* by row */
	struct survey_coding codings[CODINGS];
	uint64_t strays;	/* pages of nothing in the image */
	bool live;		/* phases may stand between pages */
};

/* @image stays the caller's and must not change while the survey lives. */
void survey_init(struct survey *s, const struct image *image);
void survey_free(struct survey *s);

const struct survey_kind *survey_kind(const struct survey *s,
				      enum record_type type);
/* The struct of the record's kind; NULL if there is none. */
const void *survey_find(const struct survey *s, enum record_type type,
			uint64_t id);
/* Place in survey_kind() of the first with @id, and how many they are. */
size_t survey_run(const struct survey *s, enum record_type type, uint64_t id,
		  size_t *n);

/* Counts a run of pages for its mapping and space, or its object, and for its
 * coding. */
void survey_count(struct survey *s, const struct stream_item *run);
/* Of an address space or object. */
struct survey_pages survey_pages(const struct survey *s, uint64_t id);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * views.h - objects that can be read through mappings alone
 *
 * To open what is mapped by /proc/PID/map_files takes a privilege.  Without it
 * an object is known by the numbers in /proc/PID/maps, and its bytes are what
 * the processes see of it.
 */
#ifndef IMAGE_VIEWS_H
#define IMAGE_VIEWS_H

#include "image/capture.h"

/* A mapping of an object that could not be opened. */
struct view {
	uint64_t object;	/* its id */
	pid_t via;		/* who maps it, as we see him */
	int pagemap;		/* lent: his */
	uint64_t start, length;	/* addresses, bytes */
	uint64_t offset;	/* in the object */
	bool shared;
};

/* The object's id; 0 with why. */
uint64_t view_add(struct capture *c, const struct source *s,
		  const struct proc_map *m, int kind, struct failure *f);

/* Gives pieces of @object, each page once: up to @room bytes to @buf, at
 * *offset of it.  The bytes; 0 at the end, -1. */
struct viewer;
struct viewer *viewer_new(const struct capture *c, uint64_t object);
ssize_t viewer_next(struct viewer *v, uint8_t *buf, size_t room,
		    uint64_t *offset, struct failure *f);
void viewer_free(struct viewer *v);

#endif

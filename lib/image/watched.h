/* SPDX-License-Identifier: MIT */
/*
 * watched.h - the path of a file that the kernel only gives a handle of
 *
 * What inotify and fanotify watch is an inode.  fdinfo has its number and that
 * of its file system, and where that can be exported a file handle, by which
 * root finds it.  Anybody else is left to search where it is likely to be.
 */
#ifndef IMAGE_WATCHED_H
#define IMAGE_WATCHED_H

#include "image/capture.h"
#include "image/restore.h"

/* As read from "ino:61 sdev:3 .. fhandle-bytes:8 fhandle-type:1 f_handle:..",
 * proc(5). */
struct watched {
	uint64_t ino;
	unsigned int major, minor;	/* of its file system */
	int handle_type;
	uint8_t handle[128];
	size_t handle_len;	/* 0: there is none */
};

/* From a line of fdinfo, up to its end; false if it has no inode. */
bool watched_read(const char *line, struct watched *w);
/* Owned; NULL if it was not found.  @s, whose it is, says where to search. */
char *watched_path(const struct source *s, const struct watched *w);
/* Where a file system is mounted, by its number or (@mount > 0) by the id of the
 * mount in @s; owned, NULL if nowhere. */
char *mount_path(const struct source *s, const struct watched *w, int mount);

/* inotify.c: what both kinds of watches have in common. */
extern const struct schema mark_schema;
int marks_unread(const struct source *s, int fd, struct failure *f);
/* False, and a difference, if it is not here. */
bool mark_is_here(struct restore *r, const struct rec_mark *m);

#endif

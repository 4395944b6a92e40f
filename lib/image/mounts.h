/* SPDX-License-Identifier: MIT */
/*
 * mounts.h - paths in the mount namespaces of a tree
 *
 * A path of a process is one of its mount namespace.  One that is not the
 * capture's own is a struct mount_space there and a rec_mounts in the stream;
 * the capture's and the restore's own are NULL and 0.
 */
#ifndef IMAGE_MOUNTS_H
#define IMAGE_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/failure.h"
#include "base/list.h"

struct capture;
struct image;
struct puppet;
struct restore;
struct source;

/* ---- capture: mounts.c ---- */

/* Looks at the one that @s is in: s->space. */
void mounts_look(struct capture *c, struct source *s);
void mounts_forget(struct capture *c);
/* The one that a mount is in, by its id or by a path of /proc that leads to
 * what is on it. */
struct mount_space *mounts_of_id(const struct capture *c, int mount);
struct mount_space *mounts_of(const struct capture *c, const char *magic);
/* The one of which the capture has a record; NULL ours. */
struct mount_space *mounts_with_id(const struct capture *c, uint64_t id);
uint64_t mounts_id(const struct mount_space *);
/* The same path for us; owned. */
char *mounts_path(const struct mount_space *, const char *path);
/* name_other() there; owned. */
char *mounts_other_name(const struct mount_space *, const char *path,
			const struct stat *st);
/* Is what the path leads to mounted as outside? */
bool mounts_kept(const struct mount_space *, const char *path);
/* Does the file system that the path leads to travel in the stream? */
bool mounts_carried(const struct mount_space *, const char *path);

/* Can a file system of that type be made anew? */
bool mounts_makes(const char *type);
/* The next layer of an overlay, cut off; "a:b\\:c" are two.  NULL none. */
char *mounts_layer(char **rest);

/* content.c: what is in file system @id, from directory @fd on, which is
 * @from of it. */
int content_capture(struct capture *c, uint64_t id, int fd, const char *from,
		    struct failure *f);

/* ---- restore: mountmake.c ---- */

/* Verifies the records and makes the namespaces, but for mounts of proc. */
int mounts_make(struct restore *r, struct failure *f);
bool mounts_known(const struct restore *r, uint64_t id);
/* The same path for us; owned. */
char *mounts_here(const struct restore *r, uint64_t id, const char *path);
/* Is the path on a file system that is made anew; on one that is there only
 * when the first puppet is? */
bool mounts_made(const struct image *img, uint64_t id, const char *path);
bool mounts_late(const struct image *img, uint64_t id, const char *path);
/* Is it a path of the restore's own namespace, too? */
bool mounts_outer(const struct image *img, uint64_t id, const char *path);
/* Its root directory, of ours to use; -1: the restore's own. */
int mounts_root(const struct restore *r, uint64_t id);
/* A file of a file system made here, by its rec_object; -1 with errno. */
int mounts_object(const struct restore *r, uint64_t object);
int mounts_prepare(struct restore *r, struct failure *f);
int mounts_build(struct restore *r, struct puppet *p, struct failure *f);
int mounts_commit(struct restore *r, struct failure *f);
void mounts_free(struct restore *r);

/* content.c: the entries of file system @id into the empty @fd. */
int content_verify(const struct restore *r, struct failure *f);
int content_make(struct restore *r, uint64_t id, int fd, struct failure *f);
/* When all is written. */
void content_settle(struct restore *r, uint64_t id, int fd);

#endif

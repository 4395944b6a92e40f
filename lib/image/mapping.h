/* SPDX-License-Identifier: MIT */
/* mapping.h - what mappings and descriptors need of objects */
#ifndef IMAGE_MAPPING_H
#define IMAGE_MAPPING_H

#include "image/capture.h"

struct restore;

/* Private, and of no file. */
bool mapping_is_anonymous(const struct proc_map *m);

/* object.c: the rec_object behind a mapping or a descriptor of something
 * without a name; its id, or 0 with a failure. */
uint64_t object_of_map(struct capture *c, struct source *s,
		       const struct proc_map *m, int kind, struct failure *f);
uint64_t object_of_fd(struct capture *c, struct source *s,
		      const struct source_fd *fd, int kind, struct failure *f);
/* What /proc/PID/@link leads to, "exe" or "cwd". */
uint64_t object_of_link(struct capture *c, struct source *s, const char *link,
			const char *name, int kind, struct failure *f);
/* uring.c: has anybody in the tree the io_uring open that has this inode; the
 * restore's own descriptor of it. */
bool uring_is_open(const struct capture *c, uint64_t ino);
int uring_opened(const struct restore *r, uint64_t ino);
struct puppet;
/* When all else is mapped. */
int uring_map(struct restore *r, struct puppet *p, const struct rec_mapping *m,
	      struct failure *f);
/* A descriptor to fill it by; -1 with errno. */
int object_writable(struct restore *r, uint64_t id);
/* Those of what is executed go again, before a puppet gets a copy of them. */
void objects_end_writing(struct restore *r);

#endif

/* SPDX-License-Identifier: MIT */
/* mapping.h - what mappings and descriptors need of objects */
#ifndef IMAGE_MAPPING_H
#define IMAGE_MAPPING_H

#include "image/capture.h"

/* object.c: the rec_object behind a mapping or a descriptor of something
 * without a name; its id, or 0 with a failure. */
uint64_t object_of_map(struct capture *c, struct source *s,
		       const struct proc_map *m, int kind, struct failure *f);
uint64_t object_of_fd(struct capture *c, struct source *s,
		      const struct source_fd *fd, int kind, struct failure *f);

#endif

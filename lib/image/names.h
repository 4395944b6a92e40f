/* SPDX-License-Identifier: MIT */
/* names.h - another name of a file, and places that are gone */
#ifndef IMAGE_NAMES_H
#define IMAGE_NAMES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/list.h"

/* Another name of the file @st, which @path led to before it was deleted;
 * owned.  NULL if it has none, or none is found in reasonable time. */
char *name_other(const char *path, const struct stat *st);

/*
 * Directories made for a moment, where others have gone: something that is
 * to be without a name has to be made somewhere.
 */
struct places {
	struct list made;	/* of char *, owned, parents first */
};

/* The directory that @path is, or is in (@parent), is there now; -1 errno. */
int place_make(struct places *p, const char *path, bool parent);
bool place_is_ours(const struct places *p, const char *path);
void places_remove(struct places *p);	/* all that were made */

#endif

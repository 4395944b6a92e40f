/* SPDX-License-Identifier: MIT */
/*
 * policy.h - what the user wants where this place differs from the source
 *
 * All strings are the caller's.  A policy that is all zero is the default.
 */
#ifndef IMAGE_POLICY_H
#define IMAGE_POLICY_H

#include <stdbool.h>
#include <stddef.h>

struct failure;
struct restore;

enum files_mode {
	FILES_AUTO = 0,		/* what is here and right, else what the stream
				   carries */
	FILES_REQUIRE,		/* what is here has to be right */
	FILES_ACCEPT,		/* data files may have another content */
	FILES_OVERWRITE,	/* written ones that differ are replaced */
};

/* --map=OLD=NEW */
struct path_map {
	const char *from, *to;
};

struct policy {
	enum files_mode files;
	const struct path_map *maps;
	size_t map_n;
	const char *cache;	/* directory of carried files; NULL the default */
	const char *user;	/* "same" or NULL, "caller", name or number */
	bool any_cpu;
};

/* Once the records are read and before they are verified: no path in them has
 * parts that no real path has; then paths and users become those of here. */
int policy_apply(struct restore *r, struct failure *f);
/* Leads a path elsewhere (--map). */
void policy_path(const struct restore *r, char **path);
/* Warns if the time of day goes back. */
void policy_clock(struct restore *r);
/* --map as it was given, into its two parts; -1 if it is not of that form. */
int path_map_parse(char *arg, struct path_map *map);

#endif

/* SPDX-License-Identifier: MIT */
/* look.h - the list of sources, for who looks at it, stops it or records it */
#ifndef IMAGE_LOOK_H
#define IMAGE_LOOK_H

#include "image/capture.h"

/* Adds what is below @root and not in the list; true if there was any. */
bool walk_tree(struct capture *c, pid_t root);
struct source *find_source(const struct capture *c, pid_t pid);	/* or NULL */
/* What it has open, into s->fds; -1 with errno. */
int source_look_fds(const struct capture *c, struct source *s);
void source_drop(struct capture *c, size_t i);
void forget_tree(struct capture *c);

/* Looks at every process of the list; those that have gone are dropped. */
int look_all(struct capture *c, struct failure *f);
/* Every kind names what it cannot move. */
int check_all(struct capture *c, struct failure *f);
void obstacles_clear(struct capture *c);
/* By errno: the process has gone, or may not be seen. */
int look_failed(const struct source *s, struct failure *f);
bool is_zombie(char state);	/* of proc_stat */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * sysv.h - what System V shared memory, semaphores and message queues have in
 * common
 *
 * They belong to no process.  The tree's are those that it has attached, that
 * one of its processes has made or was the last to use.  A number is known to
 * the program, so it must be the same; it is asked for through
 * /proc/sys/kernel/shm_next_id and its kin, which needs privilege.
 *
 * Where the stream comes from this machine as it runs, what is still there is
 * the very same thing, and used as it is, not filled anew.
 */
#ifndef IMAGE_SYSV_H
#define IMAGE_SYSV_H

#include "image/capture.h"
#include "image/restore.h"

enum sysv_kind { SYSV_SHM, SYSV_SEM, SYSV_MSG };

/* A line of /proc/sysvipc/shm, sem, msg, as far as it matters here. */
struct sysv_line {
	int32_t key;
	int id;
	unsigned perms;
	uint64_t size;		/* shm: bytes; sem: number; msg: bytes in it */
	pid_t pid[2];		/* shm: maker, last; msg: last to send, receive */
	unsigned attached;	/* shm */
};
int sysv_lines(enum sysv_kind kind, struct list *lines);
bool sysv_in_tree(const struct capture *c, const struct sysv_line *l);

/* The next one made is to have this id; false if that cannot be. */
bool sysv_want(enum sysv_kind kind, int id);
/* The id that there is (@got) is not the wanted one. */
int sysv_taken(enum sysv_kind kind, int id, int32_t key, int got,
	       struct failure *f);
/* It was made by this restore: sysv_end() removes it again if the restore fails. */
void sysv_made(struct restore *r, enum sysv_kind kind, int id);
void sysv_end(struct restore *r, bool worked);

/* shm.c, to object.c and mapping.c */
uint64_t shm_of_map(struct capture *c, struct source *s,
		    const struct proc_map *m, struct failure *f);
/* A descriptor of the segment's bytes. */
int shm_make(struct restore *r, uint64_t id, const struct rec_object *o,
	     struct failure *f);
/* Is it there as it was: not to be filled?  Before it is prepared, and after. */
bool shm_is_here(const struct restore *r, uint64_t id);
bool shm_is_kept(const struct restore *r, uint64_t id);
/* Attaches it as @m says. */
int shm_attach(struct restore *r, struct puppet *p, const struct rec_mapping *m,
	       struct failure *f);

#endif

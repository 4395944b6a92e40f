/* SPDX-License-Identifier: MIT */
/* pids.h - numbers of processes in PID namespaces of the tree */
#ifndef IMAGE_PIDS_H
#define IMAGE_PIDS_H

#include "image/restore.h"
#include "proc/proc.h"

struct capture;
struct source;

#define CHILD_SPACE_NEW 1	/* rec_process.child_space: a new one */

/* ---- capture ---- */

/* From its status: the level of the tree (the top is looked at first), its own
 * id and the namespaces it is in. */
void pids_look(struct capture *c, struct source *s);
uint64_t pids_id(const struct capture *c, const struct proc_status *st,
		 uint64_t unknown);
/* How far below the level of the tree it is. */
int pids_depth(const struct capture *c, const struct source *s);
/* Of a group or session, by what status says. */
uint64_t pids_group(const struct capture *c, const pid_t levels[8],
		    uint64_t unknown);
enum pids_what { PIDS_PROCESS, PIDS_THREAD, PIDS_GROUP };
/* The id of what @s calls @number; 0 it is not of the tree. */
uint64_t pids_meant(const struct capture *c, const struct source *s,
		    enum pids_what what, uint64_t number);
/* Are there PID namespaces that were made in the tree? */
bool pids_has_spaces(const struct capture *c);
void pids_check(struct capture *c, const struct source *s);
void pids_capture(const struct capture *c, const struct source *s,
		  struct rec_process *p);
void pids_thread(const struct capture *c, const struct proc_status *st,
		 struct list *inner);

/* ---- restore ---- */

int pids_verify(const struct restore *r, struct failure *f);
size_t puppet_depth(const struct puppet *p);
bool puppet_is_init(const struct puppet *p);
/* What it calls a process or thread, or a group or session; 0 it sees none. */
uint64_t puppet_sees(const struct restore *r, const struct puppet *p,
		     uint64_t id);
uint64_t puppet_sees_group(const struct restore *r, const struct puppet *p,
			   uint64_t group);
/* Some living process in it; 0 that of the tree.  NULL none. */
struct puppet *pids_member(const struct restore *r, uint64_t space);
/* Is the child in another namespace?  Then what comes before and after its
 * making. */
bool puppet_is_apart(const struct puppet *parent, const struct puppet *kid);
int puppet_birth(struct restore *r, struct puppet *parent,
		 const struct puppet *kid, struct failure *f);
int puppet_birth_end(struct restore *r, struct puppet *parent,
		     const struct puppet *kid, struct failure *f);
int pids_settle(struct restore *r, struct puppet *p, struct failure *f);

#endif

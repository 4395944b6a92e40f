/* SPDX-License-Identifier: MIT */
/*
 * restore.h - a process tree rebuilt from its records
 *
 *	read	header and records
 *	verify	they are sound, and all that they name is here; nothing is made
 *	prepare	open every file, make every pipe, object and terminal
 *	build	a puppet for each process, its address space, its descriptors
 *	fill	pages, as they come; then the end of the stream is checked
 *	settle	locks, threads, and what must come last
 *	release	all together
 *
 * Until release nothing of the program has run, and a failure at any point
 * ends every puppet: they die with this program, too (PTRACE_O_EXITKILL).
 */
#ifndef IMAGE_RESTORE_H
#define IMAGE_RESTORE_H

#include <signal.h>

#include "image/image.h"
#include "image/policy.h"
#include "tracee/tracee.h"

/* The first address that is not a process's; the largest PID, PID_MAX_LIMIT. */
#define TASK_END	0x7ffffffff000ull
#define PID_LIMIT	(1u << 22)
#define SIGNAL_LAST	64u
#define VVAR_MAX	(1u << 20)	/* bytes; 16 KiB so far */

enum pids_mode { PIDS_AUTO, PIDS_SAME, PIDS_NEW };

/* A thread of a puppet. */
struct member {
	struct tracee t;
	struct rec_thread *rec;
	struct batch queue;
};

/* A process that is being rebuilt. */
struct puppet {
	pid_t pid;		/* as we see it */
	struct rec_process *rec;
	struct puppet *parent;	/* NULL for the top */
	uint64_t birth_session;	/* that it was born into; 0 the base one */
	uint64_t group;		/* that it is in now; 0 the base one */
	struct rec_space *space;
	struct rec_mapping **maps;	/* owned array of mappings */
	size_t map_n;
	struct rec_descriptor **fds;	/* owned array */
	size_t fd_n;
	struct list members;	/* of struct member, leader first */
	struct strings strings;
	int uffd;		/* owned while it is being filled */
	uint8_t *watched;	/* owned; of each mapping: by the uffd */
	struct list areas;	/* of struct rec_area: memory that was here before */
	size_t threads;		/* records of them */
	struct batch queue;	/* calls put off, of the leader */
	int64_t exe;		/* result of setting the executable */
	bool mapped;		/* its mappings have been made */
	bool done;		/* a zombie that has ended */
};

/* What became of a description, object or terminal here. */
struct opened {
	uint64_t id;
	int fd;			/* owned, at or above restore.fd_base */
};

/* --stdio=FD=PATH */
struct redirect {
	int fd;
	const char *path;
};

struct restore {
	struct image image;

	/* Wishes. */
	enum pids_mode pids;
	bool detach;
	const struct redirect *redirects;
	size_t redirect_n;
	int in, out, err;	/* what descriptors 0, 1, 2 are to become */
	struct policy policy;	/* where this place differs */

	/* What came of it. */
	struct list differs;	/* of char *: how this place differs */
	struct list carrying;	/* carry.c: files that come in the stream */
	struct list made;	/* carry.c: what goes again after a failure */
	char *cache;		/* owned; carry.c */
	bool policy_user_set;	/* --user: who is who now */
	uint32_t policy_uid_from, policy_uid, policy_gid;
	struct list warnings;	/* of char * */
	struct list opened;	/* of struct opened: inherited by puppets */
	struct list late;	/* the same, of what was opened after they were
				   made: descriptor.c hands it to them */
	struct list slaves;	/* of struct opened: one slave of each rec_pty */
	struct list held;	/* the same: sockets that take part in what comes
				   last, restore_commit() */
	int wall;		/* that hides them from others meanwhile, -1 */
	bool end_tcp;		/* a wish: connections are gone (--tcp=close) */
	struct list handover;	/* the two ends of a socket for that */
	struct list spaces;	/* of struct made_space: mountmake.c */
	struct list filesystems;	/* of struct opened: made here, by id */
	struct list placed;	/* the same: files in them, by rec_object */
	struct list objects;	/* of struct opened */
	struct list objects_ro;	/* the same, for reading alone */
	struct list sysv_made;	/* of this restore's making: sysv.c */
	struct list queues_made;	/* likewise, of char *: mqueue.c */
	struct list shm_held;	/* of void *: attached here for the moment */
	struct list shm_kept;	/* of struct opened: objects that are here */
	struct list objects_rw;	/* those that are executed, for writing, until
				   they are filled: our own alone */
	struct list unix_made;	/* of struct made: sockets, while they are made */
	struct list unix_passing;	/* likewise, of nobody in the end */
	int fd_base;		/* above every descriptor of the tree */
	struct list puppets;	/* of struct puppet *, parents first */
	uint64_t work;		/* address of the work area in all of them */
	bool share_table;	/* puppets made now have this program's own table of
				   descriptors: what is opened later is theirs, too */
	struct list nests;	/* of struct nest: nest.c */
	bool nested;		/* the top was made under another PID first */
	bool private_pids;	/* in a PID namespace of their own */
	bool private_user;	/* and a user namespace, for want of privilege */
	int64_t monotonic_shift_ns;	/* of a time namespace for the tree: */
	int64_t boottime_shift_ns;	/* both 0, none is needed */
	bool same_vdso;
	bool bridge_vdso;	/* a wish: never move it (--vdso=bridge) */
	pid_t shepherd;
	int shepherd_fd;	/* to tell it to go; its status comes back */
	int master;		/* of the pseudo-terminal, -1 none */
	int slave;
	uint64_t terminal;	/* id of the rec_terminal that it stands for */
	bool pump_in;		/* a wish: r->in reaches the program by a pipe */
	int keyboard;		/* writing end of that pipe, -1 none */
	int keyboard_end;	/* its other end */
	bool released;
	char *why_new;		/* why PIDs could not be kept; NULL */
};

/* ---- the steps ---- */

void restore_init(struct restore *r);
/* Reads, verifies, prepares, builds, fills, settles; all is then stopped and
 * ready.  On failure nothing is left. */
int restore_build(struct restore *r, struct stream_in *in, struct failure *f);
/* Lets the tree run. */
int restore_release(struct restore *r, struct failure *f);
/* PID of the top as we see it. */
pid_t restore_root(const struct restore *r);
/* Ends whatever has been made. */
void restore_abandon(struct restore *r);
void restore_free(struct restore *r);

/* ---- for the kinds ---- */

/* Does the stream come from this machine, as it runs now? */
bool restore_same_boot(const struct restore *r);
/* And is its source being ended, so that what it has here is free soon? */
bool restore_source_ends(const struct restore *r);
#define SOURCE_ENDS_MS	3000	/* to wait for that */
/* The first number of the tree that somebody has here; 0 none. */
uint64_t restore_first_taken(const struct restore *r);
void differs_add(struct restore *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void warning_add(struct restore *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A batch in the leader, or in a thread. */
void puppet_batch(struct puppet *p, struct batch *b);
void member_batch(struct puppet *p, struct member *m, struct batch *b);
/*
 * The same, put off: all puppets work at once when the queues are flushed.  It
 * has room for 64 calls; NULL if it had to be flushed and that failed.  What is
 * put off in a process is done before any batch of its own that is run.
 */
struct batch *puppet_queue(struct puppet *p, struct failure *f);
int queues_flush(struct restore *r, struct failure *f);
/* One call at once; its result to @ret, if that is wanted. */
int puppet_call(struct puppet *p, const char *what, long nr, uint64_t a1,
		uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		int64_t *ret, struct failure *f);
int puppet_call_later(struct puppet *p, const char *what, long nr, uint64_t a1,
		      uint64_t a2, uint64_t a3, struct failure *f);
/* Of a thread, in the steps of threads alone. */
struct batch *member_queue(struct puppet *p, struct member *m,
			   struct failure *f);
int member_queues_flush(struct restore *r, struct failure *f);
struct member *puppet_leader(const struct puppet *p);
/* Like it, but one that has a future: a main thread may have ended. */
struct member *puppet_last_caller(const struct puppet *p);
struct puppet *find_puppet(const struct restore *r, uint64_t pid);
/* Takes @fd, moves it to or above fd_base, remembers it under @id. */
int opened_add(struct restore *r, struct list *where, uint64_t id, int fd,
	       struct failure *f);
void opened_note(struct list *where, uint64_t id, int fd);	/* as it is */
int opened_find(const struct list *where, uint64_t id);	/* -1 none */

/* handover.c: a copy of descriptor @theirs of a puppet, for us; and of @n of
 * ours for a puppet, which go to or above fd_base there. */
int puppet_take(struct puppet *p, int theirs, int *ours, struct failure *f);
int puppet_give(struct restore *r, struct puppet *p, const int *fds,
		int *theirs, size_t n, struct failure *f);
int handover_open(struct restore *r, struct failure *f);
/* Descriptor @at, here and in the puppet (who inherited it), becomes what @fd
 * is, which stays the caller's. */
struct replacement {
	int at, fd;
};
int puppet_replace(struct restore *r, struct puppet *p,
		   const struct replacement *v, size_t n, struct failure *f);
/* object.c, file.c: what is opened by name, once more in the mount namespace
 * of the top, who is alone yet. */
int objects_again(struct restore *r, struct puppet *top, struct failure *f);
int files_again(struct restore *r, struct puppet *top, struct failure *f);

#define STUB_ROOM	4096ull	/* behind the work area of a puppet, bytes */

/* puppets.c: makes all puppets and their places in sessions and groups.  If the
 * PID of a lone one is not free yet, it is first made under any PID, to be given
 * memory, and later takes the right one (STATUS_DIFFERS: it is taken). */
int puppets_make(struct restore *r, struct failure *f);
int puppets_nest(struct restore *r, bool any_pid, struct failure *f);
/* One that stands for nobody and holds memory: a child of this program, without
 * descriptors, to be ended with SIGKILL. */
int puppets_hold(struct restore *r, struct puppet *p, struct failure *f);
/* One that was made with restore.share_table is to have its own, as it is now. */
int puppets_own_table(struct puppet *p, struct failure *f);
/* Of a puppet that is older than the records of its process. */
void puppet_retell(const struct restore *r, struct puppet *p);
/* The work area: are there mappings of the tree; is there one of these? */
bool puppets_area_is_free(const struct restore *r);
bool puppets_area_overlaps(const struct restore *r, uint64_t start, uint64_t end);
int puppets_hatch(struct restore *r, struct failure *f);
int puppets_threads(struct restore *r, struct failure *f);
/* finish.c */
int puppets_finish(struct restore *r, struct failure *f);
/* A pidfd of a process that the top has had, and that has ended with @exit, as
 * wait(2) told it. */
int puppets_ended(struct restore *r, uint32_t exit, uint32_t flags, int *pidfd,
		  struct failure *f);
int puppets_release(struct restore *r, struct failure *f);
void puppets_end(struct restore *r);
/* shepherd.c: the parent of the top, which stays ours. */
int shepherd_start(struct restore *r, uint64_t root_id, pid_t *root,
		   struct failure *f);
int shepherd_go(struct restore *r, struct failure *f);
/* signals.c: is it the signal of a POSIX timer? */
bool timer_owns(const siginfo_t *si);
/* descriptor.c: takes file locks again, when all else is done. */
int locks_take(struct restore *r, struct puppet *p, struct failure *f);
/* outside.c: the id of the rec_terminal that the tree is to have anew, 0 none; makes
 * it (r->terminal), or gives the one that is there its modes. */
uint64_t terminal_wanted(const struct restore *r);
int terminal_make(struct restore *r, struct failure *f);
/* namespace.c: verifies the records, then this program is in such namespaces,
 * and so is what it makes. */
int namespaces_make(struct restore *r, struct failure *f);
/* unixmake.c: files of sockets, put back unless all @worked. */
void unix_end(struct restore *r, bool worked);
/* file.c, to mappings and executables */
int file_fd(const struct restore *r, uint64_t id);

#endif

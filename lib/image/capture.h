/* SPDX-License-Identifier: MIT */
/*
 * capture.h - a process tree, looked at, stopped, and written down
 *
 *	look	/proc is read, obstacles are named; nothing is touched
 *	freeze	every task of the tree is stopped
 *	record	look again, and ask each task what only it can tell
 *	write	records, then pages
 *	release	stopped, killed or running on; always, whatever failed
 */
#ifndef IMAGE_CAPTURE_H
#define IMAGE_CAPTURE_H

#include <sys/stat.h>

#include "image/image.h"
#include "proc/proc.h"
#include "tracee/tracee.h"

/* Why the tree cannot be moved, in a sentence without the process's name. */
struct obstacle {
	pid_t pid;
	char *name;		/* owned: of the process */
	char *what;		/* owned */
	char *remedy;		/* owned: what the user can do; NULL */
};

/* An open descriptor as /proc shows it. */
struct source_fd {
	int fd;
	char *link;		/* owned: /etc/passwd, pipe:[123] */
	bool deleted;		/* link ended in " (deleted)", which is cut */
	bool queue;		/* it is a POSIX message queue */
	struct proc_fdinfo info;
	struct stat st;
	char protocol[32];	/* of a socket, as the kernel calls it: "TCP",
				   "UDPv6", "UNIX-STREAM", "NETLINK" */
};

/* As PTRACE_GET_RSEQ_CONFIGURATION gives it, ptrace(2). */
struct rseq_config {
	uint64_t pointer;
	uint32_t size, signature, flags, pad;
};

struct source_task {
	struct tracee t;
	uint64_t id;		/* TID as the tree sees it */
	struct proc_status status;
	struct rseq_config rseq;	/* at the freeze; pointer 0 none */
	uint64_t slept_ns;	/* how long it had been asleep at the freeze */
	bool wait_noted;	/* what is left of its wait, in this freeze */
	struct batch asked;
	uint16_t first_call[KIND_MAX];	/* in it, by row */
	uint32_t first_data[KIND_MAX];
};

/* A process of the tree. */
struct source {
	pid_t pid;		/* as we see it */
	pid_t via;		/* a living thread of it, to look through: a
				   main thread may have ended */
	uint64_t id;		/* as the tree sees it */
	pid_t parent;		/* as we see it, 0 for the top */
	bool zombie;
	struct proc_stat stat;
	struct proc_status status;
	struct list maps;	/* of struct proc_map, with flags */
	struct list fds;	/* of struct source_fd */
	struct list tasks;	/* of struct source_task, leader first */
	struct strings strings;
	int pagemap;		/* open while captured, -1 */
	struct mount_space *space;	/* that it is in, NULL ours: mounts.c */
	uint64_t spaces[8];	/* PID namespaces below the tree's: pids.c */
};

/* What becomes of TCP connections that lead out of the tree. */
enum tcp_mode { TCP_REFUSE, TCP_KEEP, TCP_ENDED };
extern const char *const tcp_modes[];	/* as --tcp spells them; tcp.c */

enum capture_end { END_STOPPED, END_KILLED, END_RUNNING };

/* An open file description, as it was first met. */
struct seen_open {
	dev_t dev;
	ino_t ino;
	int64_t pos;
	uint32_t flags;		/* but O_CLOEXEC */
	pid_t pid;
	int fd;
	uint64_t id;
};

/* A file recorded for mappings. */
struct seen_file {
	uint64_t id, ino;
	const char *path;	/* the record's */
	const struct mount_space *space;	/* that it is in */
	bool writable;
};

/* Of a UNIX domain socket whose peer is not in the tree. */
enum unix_policy {
	UNIX_REFUSE,		/* it is an obstacle */
	UNIX_RECONNECT,		/* it connects again, if it is the one that did */
	UNIX_CLOSE,		/* its peer is gone */
};
extern const char *const unix_policies[];	/* words, NULL at the end */

struct unix_look;
struct track;

struct capture {
	pid_t root;
	struct image image;
	struct list sources;	/* of struct source, parents first */
	struct list obstacles;	/* of struct obstacle */
	bool frozen;
	bool quick_look;	/* a wish: what only smaps tells of mappings is
				   seen in the freeze */
	int patience;		/* with children of vfork(), while freezing */
	struct list pipes;	/* of struct proc_pipe: that others have, too */
	bool pipes_known;	/* in this look at the tree, */
	bool pipes_flight;	/* or once more with what is in flight */
	bool passing;		/* an obstacle that will go away by itself */

	/* Numbers handed out. */
	uint64_t next_open, next_object, next_creds;
	uint64_t asked;		/* the last description asked by notice.c */
	struct list opens;	/* of struct seen_open: descriptions so far */
	struct list objects;	/* of struct seen_object */
	struct list views;	/* of struct view: of those that could not be
				   opened */
	struct list files;	/* of struct seen_file: opened for mappings */
	struct list carried;	/* of struct seen_object: files that travel */
	bool carry;		/* a wish: --files=carry */
	struct list drop;	/* of int: descriptors to be left behind; the
				   caller's */
	enum unix_policy unix_policy;	/* a wish */
	struct unix_look *unix_look;	/* owned: unix.c */
	bool terminal_keys;	/* header.tty */
	enum tcp_mode tcp;	/* a wish */
	struct list sockets;	/* of struct seen_socket: TCP, at this look */
	struct list connections;	/* of struct kept_connection */
	struct guard *guard;	/* owned: over them, until the end; NULL */
	uint32_t ends;		/* header.ends: enum capture_end */
	uint32_t live;		/* header.live: enum stream_live */
	struct entered *entered;	/* owned: namespace.c */
	struct track *track;	/* what has been sent of it already; NULL */
	struct track *watch;	/* begun by its draft; NULL */
	struct list spaces;	/* of struct mount_space *, owned: mounts.c */
	int level;		/* of PID namespaces, from ours inwards: that
				   the numbers of the tree are of (pids.c) */
};

/* How an object's bytes are found again when pages are written. */
struct seen_object {
	uint64_t id;
	uint64_t dev, ino;
	int fd;			/* owned: the object opened for reading, or -1:
				   through mappings, if it is viewed */
	bool viewed;
};

/* ---- the steps ---- */

/* Looks at the tree of @root; obstacles are in c->obstacles.  -1 only if it
 * could not be looked at. */
int capture_look(struct capture *c, pid_t root, struct failure *f);
int capture_freeze(struct capture *c, struct failure *f);
int capture_record(struct capture *c, struct failure *f);
/* In place of it, when it is to run on and to be recorded later: those kinds of
 * records alone that have a draft; from then on its writes are watched. */
int capture_draft(struct capture *c, struct track *, struct failure *f);
/* All but the end; and but the header, if that says that it is live. */
int capture_write(struct capture *c, struct stream_out *out, struct failure *f);

/* Holds a tree that has been released, and lets it run again: no more. */
int capture_hold(struct capture *c, struct failure *f);
void capture_let_go(struct capture *c);

void capture_release(struct capture *c, enum capture_end end);
void capture_free(struct capture *c);

/* All obstacles in one failure, one a line. */
int capture_refuse(const struct capture *c, struct failure *f);

/* ---- for the kinds ---- */

void obstacle_add(struct capture *c, const struct source *s,
		  const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* What the stream begins with, from what was looked at. */
void capture_header(struct capture *c);
/* The tree's own number of a PID or TID in it; 0 if outside. */
uint64_t capture_id(const struct capture *c, pid_t pid);
struct source_task *source_leader(const struct source *s);
/* Adds descriptor @fd to s->fds; one that has just been closed is no failure. */
int source_look_fd(struct source *s, int fd);
/* Answer to the n-th call of the kind, and to its data from the first on. */
int64_t task_ret(const struct source_task *t, const struct kind *k, size_t n);
const void *task_data(const struct source_task *t, const struct kind *k);
/* Is descriptor @fd to be left behind (--drop)? */
bool capture_drops(const struct capture *c, int fd);
/* A batch in the leader of @s, for what cannot be asked with the others. */
void source_batch(struct source *s, struct batch *b);

/* file.c: a rec_file for a mapping or an executable; its id, 0 and failure. */
uint64_t file_for_mapping(struct capture *c, struct source *s,
			  const struct proc_map *m, bool writable,
			  struct failure *f);
uint64_t file_for_exe(struct capture *c, struct source *s, struct failure *f);
/* memory.c: all pages of the tree. */
int memory_write(struct capture *c, struct stream_out *out, struct failure *f);

/* unix.c: is it a UNIX domain socket that does not lead out of the tree? */
bool unix_is_inside(const struct capture *c, const struct source_fd *fd);
/* Descriptors on their way in sockets, as those of a process; NULL none. */
struct source *unix_in_flight(struct capture *c);
void unix_forget(struct capture *c);
/* descriptor.c: id of the open description behind a descriptor, recorded if it
 * has not been met before; 0 and failure. */
uint64_t descriptor_open(struct capture *c, struct source *s,
			 const struct source_fd *fd, struct failure *f);

/*
 * A kind of descriptor: does it claim this one, and the record it makes.  The
 * table is in descriptor.c.
 */
struct fd_kind {
	/* Asks /proc/PID/fd and pidfd_getfd(2) alone, and no task: it may be in
	 * flight in a socket. */
	bool flies;
	bool (*claims)(const struct source_fd *fd);
	/* Names an obstacle if it cannot be moved after all. */
	int (*check)(struct capture *, struct source *, const struct source_fd *,
		     struct failure *);
	/* Makes the record of a description not met before, under @id. */
	int (*capture)(struct capture *, struct source *,
		       const struct source_fd *, uint64_t id, struct failure *);
};

extern const struct fd_kind fd_kind_pty;
extern const struct fd_kind fd_kind_file, fd_kind_pipe, fd_kind_outside,
	fd_kind_eventfd, fd_kind_uring, fd_kind_epoll, fd_kind_signalfd, fd_kind_timerfd,
	fd_kind_inotify, fd_kind_fanotify,
	fd_kind_pidfd,
	fd_kind_inet, fd_kind_netlink, fd_kind_packet,
	fd_kind_bpf_map, fd_kind_btf;
extern const struct fd_kind fd_kind_unix;

/* namespace.c: those of the tree, as far as they can be moved, become ours. */
int namespaces_enter(struct capture *c, struct failure *f);
/* Back again; for who has something else to do. */
void namespaces_leave(struct capture *c);
/* Has it been entered?  Then all that is in it is taken for the tree's. */
bool namespaces_entered(const struct capture *c, enum namespace_kind kind);
/* The host we were on before. */
const char *namespaces_host(const struct capture *c);
/* procfile.c */
extern const struct fd_kind fd_kind_proc_file;
/* mqueue.c */
extern const struct fd_kind fd_kind_mqueue;
/* device.c: names the device that @fd is, and why it stays. */
void device_obstacle(struct capture *c, const struct source *s,
		     const struct source_fd *fd);

#endif

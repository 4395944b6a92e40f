/* SPDX-License-Identifier: MIT */
/*
 * proc.h - what /proc says about a process; no ptrace, nothing is changed
 *
 * Every function is given the PID as this program sees it, fills a struct and
 * returns 0, or -1 with errno (ESRCH or ENOENT: the process has gone).  Sources
 * of the formats: proc(5), Documentation/filesystems/proc.rst.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/list.h"

#define PROC_CAP_SETS 5
enum { CAP_INH, CAP_PRM, CAP_EFF, CAP_BND, CAP_AMB };

/* /proc/PID/task/TID/status (of the leader where @tid is the PID) */
struct proc_status {
	char name[64];		/* unescaped */
	char state;		/* R S D T t Z X I */
	pid_t pid, tgid, ppid, tracer;
	pid_t nspid[8];		/* NSpid: from ours inwards */
	int nspid_n;
	pid_t nspgid[8], nssid[8];	/* likewise: 0 it is not seen there */
	uint32_t uid[4], gid[4];	/* real, effective, saved, fs */
	struct list groups;	/* of uint32_t; list_free() it */
	uint64_t cap[PROC_CAP_SETS];
	uint64_t sig_pending, shared_pending, sig_blocked, sig_ignored, sig_caught;
	bool no_new_privs;
	int seccomp;		/* 0 none, 1 strict, 2 filter */
	uint32_t umask;
	int threads;
	bool kernel_thread;	/* Kthread: 1, or no VmSize and not a zombie */
};
int proc_status(pid_t pid, pid_t tid, struct proc_status *);
void proc_status_free(struct proc_status *);
/* The number it has in its own PID namespace; @unknown if that is not told. */
pid_t proc_inner_id(const struct proc_status *st, pid_t unknown);

/* /proc/PID/task/TID/stat */
struct proc_stat {
	char state;
	pid_t ppid, pgrp, session;
	uint64_t tty_nr;	/* dev_t of the controlling terminal, 0 none */
	pid_t tpgid;
	uint64_t flags;		/* PF_*; PF_KTHREAD is 0x200000 */
	uint64_t starttime;	/* ticks since boot: tells a reused PID apart */
	int threads;
	int exit_signal;
	int processor;
	uint64_t start_code, end_code, start_stack, start_data, end_data,
		 start_brk, arg_start, arg_end, env_start, env_end;
	int exit_code;		/* as wait(2) gives it; zombies */
};
int proc_stat(pid_t pid, pid_t tid, struct proc_stat *);

/* One mapping, from /proc/PID/smaps.  Flags are the kernel's two-letter
 * VmFlags as bits. */
enum vm_flag {
	VMF_RD = 1 << 0, VMF_WR = 1 << 1, VMF_EX = 1 << 2, VMF_SH = 1 << 3,
	VMF_MR = 1 << 4, VMF_MW = 1 << 5, VMF_ME = 1 << 6, VMF_MS = 1 << 7,
	VMF_GD = 1 << 8,	/* grows down */
	VMF_PF = 1 << 9, VMF_LO = 1 << 10,	/* locked */
	VMF_IO = 1 << 11, VMF_SR = 1 << 12, VMF_RR = 1 << 13,
	VMF_DC = 1 << 14,	/* not copied on fork */
	VMF_DE = 1 << 15, VMF_AC = 1 << 16, VMF_NR = 1 << 17,
	VMF_HT = 1 << 18,	/* hugetlb */
	VMF_DD = 1 << 19, VMF_MM = 1 << 20,
	VMF_HG = 1 << 21, VMF_NH = 1 << 22, VMF_MG = 1 << 23,
	VMF_UM = 1 << 24, VMF_UW = 1 << 25, VMF_UI = 1 << 26,	/* userfaultfd */
	VMF_WF = 1 << 27,	/* wiped on fork */
	VMF_SL = 1 << 28,	/* sealed */
	VMF_SS = 1 << 29,	/* shadow stack */
	VMF_DP = 1 << 30,	/* droppable */
	VMF_OTHER = 1u << 31,	/* a flag this table does not know */
};
#define VMF_LF (1ull << 32)	/* locked as it is touched: MLOCK_ONFAULT */

struct proc_map {
	uint64_t start, end;
	uint64_t offset;	/* bytes in the file */
	uint64_t dev, ino;	/* dev as makedev() */
	uint64_t rss;		/* bytes, with those of hugetlbfs; 0 if read
				   from maps */
	uint64_t swap;
	uint64_t page;		/* bytes of one; 0 if read from maps */
	uint64_t flags;		/* enum vm_flag; RD WR EX SH alone from maps */
	int pkey;		/* protection key, 0 if none */
	bool deleted;		/* " (deleted)" stood after the path; cut off */
	char *path;		/* owned; unescaped (\012); "" if none */
};
/* List of struct proc_map.  @flags: from smaps (slower, all flags), else from
 * maps.  proc_maps_free() also on failure. */
int proc_maps(pid_t pid, bool flags, struct list *maps);
void proc_maps_free(struct list *maps);

/* Tasks of a process, ascending: list of pid_t.  Children of any thread. */
int proc_threads(pid_t pid, struct list *tids);
int proc_children(pid_t pid, struct list *pids);
/* Every process there is: list of pid_t. */
int proc_all(struct list *pids);
/* Numbers of the open descriptors, ascending: list of int. */
int proc_fds(pid_t pid, struct list *fds);

/* /proc/PID/fdinfo/FD; text is all of it, for kinds that say more. */
struct proc_fdinfo {
	int64_t pos;
	uint32_t flags;		/* O_*, with O_CLOEXEC where it is set */
	uint64_t ino;
	int mnt_id;
	bool has_lock;		/* a "lock:" line: somebody holds one */
	char *text;		/* owned */
};
int proc_fdinfo(pid_t pid, int fd, struct proc_fdinfo *);
void proc_fdinfo_free(struct proc_fdinfo *);

/* The same of many descriptors of one process, at half the price. */
struct proc_fd_dirs {
	int fd, fdinfo;		/* owned */
};
int proc_fd_open(pid_t pid, struct proc_fd_dirs *dirs);
void proc_fd_close(struct proc_fd_dirs *dirs);
char *proc_fd_link(const struct proc_fd_dirs *dirs, int fd);	/* owned */
int proc_fd_info(const struct proc_fd_dirs *dirs, int fd,
		 struct proc_fdinfo *info);
int proc_fd_stat(const struct proc_fd_dirs *dirs, int fd, struct stat *st);
/* A copy for us, with O_CLOEXEC, of descriptor @fd of the process of @tid, by
 * pidfd_getfd(2), which wants the right to trace it; -1 with errno. */
int proc_take_fd(pid_t tid, int fd);

/* readlink, owned string or NULL with errno: cwd, root, exe, fd/3, ns/pid */
char *proc_link(pid_t pid, const char *name);

/* /proc/PID/limits: pairs of soft and hard, RLIM_INFINITY as ~0, indexed by
 * RLIMIT_*; RLIM_NLIMITS (16) of them. */
int proc_limits(pid_t pid, uint64_t limit[16][2]);

/* /proc/PID/timers: list of struct proc_timer */
struct proc_timer {
	int id, signal, notify;	/* SIGEV_*, with SIGEV_THREAD_ID or-ed */
	pid_t target;		/* tid or pid it notifies */
	uint64_t sigval;
	int clock;
};
int proc_timers(pid_t pid, struct list *timers);

/* /proc/PID/auxv, personality, oom_score_adj, coredump_filter */
int proc_auxv(pid_t pid, uint64_t *words, size_t room, size_t *n);
int proc_number(pid_t pid, const char *name, int base, int64_t *value);

/*
 * Does somebody outside @tree (list of pid_t) hold an end of the pipe or FIFO
 * @ino?  The bits: 1 a reader, 2 a writer.  The caller counts as outside, unless
 * he is in @tree.  Descriptors on their way in a socket are not seen, nor those
 * of processes that the caller cannot look into (of other users; of his own
 * user, with more capabilities).  Root that finds no holder, but could not look
 * into another user's process, gets -1 with EACCES.
 */
#define PIPE_READER 1
#define PIPE_WRITER 2
int proc_pipe_outside(uint64_t ino, const struct list *tree);
/* The same for every pipe at once, in one look at all processes: list of struct
 * proc_pipe, ordered by dev and ino, each once.  Far cheaper for a tree with
 * many pipes.  0 also if not all could be looked into. */
struct proc_pipe {
	uint64_t dev, ino;
	int ends;		/* PIPE_* */
};
int proc_pipes_outside(const struct list *tree, struct list *pipes);

/* Some process that has a socket with this local port, in our own network
 * namespace; 0 if none is seen.  @protocol: "tcp", "udp", "udplite", "raw". */
pid_t proc_port_holder(const char *protocol, unsigned int port);
/* Is it an address of this network namespace? */
enum port_state {
	PORT_LISTENS = 1,	/* somebody listens at it */
	PORT_WAITS = 2,		/* a connection there is begun or not accepted */
};

/* Of the TCP port, in the network of process @pid: enum port_state. */
int proc_port_state(pid_t pid, unsigned int port);

struct sockaddr_storage;
bool proc_address_here(const struct sockaddr_storage *address);

/*
 * Pages that hold something of their own, a range at a time.  Uses
 * PAGEMAP_SCAN, or pagemap itself where the kernel has none.
 */
struct page_range {
	uint64_t start, end;	/* addresses */
};
enum page_want {
	PAGES_PRIVATE,	/* present or swapped, not the zero page, not a page
			   of a file: what differs from the file or from zero */
	PAGES_ANON,	/* the same for a private mapping that has no file,
			   three times as fast */
	PAGES_PRESENT,	/* present or swapped, whatever it is */
	PAGES_GUARD,	/* made to fault by MADV_GUARD_INSTALL; none where the
			   kernel does not tell (before 6.15) */
};
/* Appends struct page_range in order.  @pagemap: open /proc/PID/pagemap. */
int proc_pages(int pagemap, uint64_t start, uint64_t end, enum page_want,
	       struct list *ranges);
/*
 * Where a userfaultfd watches writes (UFFD_FEATURE_WP_ASYNC): the pages that are
 * there and have been written, with @again each from now on counts as not
 * written; and those that are not there.  EPERM: @start..@end, which must be
 * inside one mapping, is not watched; ENOTTY: the kernel is older than 6.7.
 */
int proc_pages_written(int pagemap, uint64_t start, uint64_t end, bool again,
		       struct list *ranges);
int proc_pages_gone(int pagemap, uint64_t start, uint64_t end,
		    struct list *ranges);

/* The CPU's flags as /proc/cpuinfo names them: list of char *, owned, sorted;
 * and XCR0 (0 without XSAVE). */
int proc_cpu_flags(struct list *names);
uint64_t proc_xcr0(void);

#endif

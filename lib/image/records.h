/* SPDX-License-Identifier: MIT */
/*
 * records.h - what a process tree *is*: the struct of every kind of record
 *
 * Data flows one way: kernel -> struct -> record -> struct -> kernel.  A kind
 * of resource is one struct here, one file beside this one that captures,
 * restores, checks and describes it, and one row in the table in kinds.c.
 *
 * Names between records are numbers: a PID or TID as the tree itself sees it
 * (in its PID namespace), or an id that the capturing side counted up from 1
 * (opens, pipes, terminals, credentials) or from OBJECT_FIRST (objects).
 */
#ifndef IMAGE_RECORDS_H
#define IMAGE_RECORDS_H

#include <stdint.h>

#include "stream/schema.h"

/* Record types; stream.h says which numbers may be skipped. */
enum record_type {
	RECORD_PROCESS = 16,
	RECORD_THREAD = 17,
	RECORD_CREDS = 18,
	RECORD_SCHED = 19,
	RECORD_ACTIONS = 20,
	RECORD_PENDING = 21,
	RECORD_TIMERS = 22,
	RECORD_LIMITS = 23,
	RECORD_SPACE = 24,
	RECORD_MAPPING = 25,
	RECORD_VDSO = 26,
	RECORD_OBJECT = 27,
	RECORD_FILE = 28,
	RECORD_PIPE = 29,
	RECORD_PIPE_END = 30,
	RECORD_TERMINAL = 31,
	RECORD_OUTSIDE = 32,
	RECORD_DESCRIPTOR = 33,
	RECORD_EVENTFD = 34,
	RECORD_URING = 41,
	RECORD_AIO = 42,
	RECORD_BPF_MAP = 43,
	RECORD_BPF_DATA = 44,
	RECORD_BTF = 47,
	RECORD_EPOLL = 35,
	RECORD_TIMERFD = 36,
	RECORD_SIGNALFD = 37,
	RECORD_INOTIFY = 38,
	RECORD_FANOTIFY = 40,
	RECORD_PIDFD = 39,
	RECORD_UNIX = 45,
	RECORD_MESSAGE = 46,
	RECORD_PTY = 70,
	RECORD_PTY_END = 71,
	RECORD_TRAITS = 72,
	RECORD_CGROUPS = 73,
	RECORD_SECCOMP = 74,
	RECORD_FILTER = 75,
	RECORD_INET = 50,
	RECORD_INET_DATA = 51,
	RECORD_TCP = 52,
	RECORD_NETLINK = 53,
	RECORD_PACKET = 54,
	RECORD_PROC_FILE = 60,
	RECORD_SHM = 61,
	RECORD_SEM = 62,
	RECORD_MSG = 63,
	RECORD_NOTICE = 64,
	RECORD_MQUEUE = 65,
	RECORD_MQUEUE_OPEN = 66,
	RECORD_NAMESPACE = 76,
	RECORD_MOUNTS = 77,
	RECORD_FILESYSTEM = 78,
	RECORD_ENTRY = 79,
	RECORD_CARRIED = 80,
	RECORD_AREA = 90,
	RECORD_LIVE = 91,
};

/* Objects share the id space of pages with address spaces (PIDs). */
#define OBJECT_FIRST	(1ull << 32)

/* id: PID */
struct rec_process {
	uint64_t pid;
	uint64_t parent;	/* PID in the tree, 0 for its top */
	uint64_t group;		/* process group; may be outside the tree */
	uint64_t session;	/* likewise */
	char *name;		/* of the leading thread */
	bool zombie;		/* then only exit and exit_signal count */
	bool stopped;		/* by SIGSTOP or its kin, before the capture */
	uint32_t exit;		/* zombie: status as wait(2) gives it */
	uint32_t exit_signal;	/* sent to the parent at the end: SIGCHLD */
	uint64_t terminal;	/* id of the controlling terminal, 0 none */
	char *cwd;
	uint64_t cwd_object;	/* id of rec_object: it has been deleted */
	uint64_t mounts;	/* id of rec_mounts that it is in, 0 the base */
	/* PID namespaces below the tree's that it is in, outermost first; in
	 * each its number, and that of its group and session: 0 not seen. */
	struct list spaces;	/* of uint64_t: a number for each namespace */
	struct list inner;	/* of uint64_t */
	struct list inner_groups, inner_sessions;	/* of uint64_t */
	uint64_t child_space;	/* that its next child is born into, if it is
				   another one than its own */
	char *root;		/* chroot(2); none: the one of its mounts */
	uint32_t umask;
	uint64_t persona;	/* personality(2) */
	uint32_t dumpable;	/* prctl(2) PR_GET_DUMPABLE */
	int32_t oom_adj;	/* /proc/PID/oom_score_adj */
	bool subreaper;
	bool thp_off;		/* PR_SET_THP_DISABLE */
	uint64_t dump_mask;	/* /proc/PID/coredump_filter */
};

/* What a thread was blocked in, where the kernel keeps the time left out of
 * sight and a restart would begin the wait afresh. */
enum wait_kind {
	WAIT_NONE = 0,
	WAIT_NANOSLEEP = 1,
	WAIT_CLOCK = 2,		/* clock_nanosleep, relative */
	WAIT_POLL = 3,
	WAIT_FUTEX = 4,		/* FUTEX_WAIT, relative */
};

/* id: TID */
struct rec_thread {
	uint64_t tid;
	uint64_t pid;
	struct list inner;	/* of uint64_t, as of a process */
	char *name;
	uint8_t regs[216];	/* struct user_regs_struct: NT_PRSTATUS */
	struct blob xstate;	/* NT_X86_XSTATE */
	uint64_t mask;		/* blocked signals */
	uint64_t alt_base, alt_size;	/* sigaltstack(2) */
	uint32_t alt_flags;
	uint64_t robust, robust_len;	/* set_robust_list(2) */
	uint64_t rseq;		/* address; 0 not registered */
	uint32_t rseq_len, rseq_sig, rseq_flags;
	uint64_t clear_tid;	/* set_tid_address(2) */
	uint64_t creds;		/* id of rec_creds */
	bool no_new_privs;
	uint32_t death_signal;	/* PR_SET_PDEATHSIG */
	uint64_t slack_ns;	/* PR_SET_TIMERSLACK */
	uint32_t wait;		/* enum wait_kind */
	uint64_t wait_ns;	/* time left, if wait is set */
};

/* id: counted up; threads with the same credentials share one */
struct rec_creds {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	struct list groups;	/* of uint64_t */
	uint64_t cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	uint32_t securebits;
};

/* id: TID; absent if all is as it is at login */
struct rec_sched {
	uint32_t policy;	/* SCHED_*, sched_setattr(2) */
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	struct list cpus;	/* of uint64_t: numbers; empty: all there are */
	uint32_t ioprio;	/* ioprio_get(2), 0 none */
};

/* id: TID; absent if it has none of these.  What is of a process is in the
 * record of its leading thread. */
struct rec_traits {
	struct list speculation;	/* of uint64_t: PR_SPEC_* chosen for
				   each of its kinds, 0 none; or empty */
	uint32_t tsc;		/* PR_TSC_SIGSEGV, or 0 */
	bool no_cpuid;		/* the instruction faults: ARCH_SET_CPUID */
	uint32_t mdwe;		/* PR_GET_MDWE */
	bool merge;		/* PR_GET_MEMORY_MERGE */
	bool io_flusher;	/* PR_GET_IO_FLUSHER */
	uint32_t mce;		/* PR_MCE_KILL_*, plus 1; 0 the default */
};

/* id: counted up; threads with the same filter share one */
struct rec_filter {
	struct blob code;	/* struct sock_filter, one after the other */
	bool log;		/* SECCOMP_FILTER_FLAG_LOG */
};

/* id: TID; absent if it may make every call */
struct rec_seccomp {
	uint32_t mode;		/* SECCOMP_MODE_* */
	struct list filters;	/* of uint64_t: ids of rec_filter, oldest first */
};

enum namespace_kind {
	NAMESPACE_UTS = 1,
	NAMESPACE_IPC = 2,
	NAMESPACE_NET = 3,
};

/* A file below /proc/sys, where it is not as in a new namespace. */
struct rec_setting {
	char *name;		/* net/ipv4/ip_forward */
	char *value;
};

struct rec_address {
	struct blob address;	/* struct in_addr, struct in6_addr */
	uint32_t prefix;	/* bits */
};

/* id: enum namespace_kind; one that all of the tree is in, and the capture was
 * not */
struct rec_namespace {
	char *host, *domain;	/* UTS */
	struct list settings;	/* of struct rec_setting */
	char *name;		/* NET: that ip-netns(8) has given to it */
	char *needs;		/* NET: what cannot be made anew: then one of
				   that name has to be there */
	bool up;		/* NET: the loopback device is */
	struct list addresses;	/* of struct rec_address: that it has */
};

/* id: counted up; a file system that only namespaces of the tree have mounted */
struct rec_filesystem {
	char *type;		/* tmpfs, proc, overlay */
	char *source;		/* the word that it was mounted by */
	char *options;		/* as in mountinfo, parted by commas */
	bool readonly;		/* all of its mounts are */
	uint64_t pids;		/* proc: number of the PID namespace that it
				   shows, 0 the tree's */
};

struct rec_xattr {
	char *name;
	struct blob value;
};

/* id: that of its rec_filesystem; a file of it, after the directory it is in */
struct rec_entry {
	char *path;		/* in the file system: /a/b */
	uint32_t mode, uid, gid;
	uint64_t rdev, mtime_ns;
	uint64_t object;	/* id of rec_object with its bytes; 0 none */
	char *target;		/* of a symbolic link */
	char *link;		/* path of another name of it, before it */
	struct list xattrs;	/* of struct rec_xattr */
};

enum mount_kind {
	MOUNT_KEPT = 0,		/* one that is outside, too, and there too */
	MOUNT_OUTER = 1,	/* of a path outside */
	MOUNT_INNER = 2,	/* of a rec_filesystem */
	MOUNT_GONE = 3,		/* one outside that is not in the namespace */
};

enum mount_sharing {
	SHARING_PRIVATE = 0,
	SHARING_OWN = 1,	/* a peer group inside the tree */
	SHARING_SLAVE = 2,	/* hears of mounts outside, or of @master */
	SHARING_PEER = 3,	/* and tells of its own: one with outside */
	SHARING_UNBINDABLE = 4,
};

struct rec_mount {
	uint32_t kind;		/* enum mount_kind */
	char *point;		/* where, from the root of the namespace */
	char *source;		/* MOUNT_OUTER: path outside */
	uint64_t filesystem;	/* MOUNT_INNER; MOUNT_KEPT: if it is of proc */
	char *root;		/* MOUNT_INNER: which part of it */
	uint32_t flags;		/* MOUNT_ATTR_* */
	bool changed;		/* MOUNT_KEPT: other flags than outside */
	uint32_t sharing;	/* enum mount_sharing */
	uint64_t group, master;	/* numbers for those with the same */
};

/* id: counted up; a mount namespace that the capture was not in */
struct rec_mounts {
	bool pivoted;		/* nothing of it is as outside */
	struct list mounts;	/* of struct rec_mount, parents first */
};

struct rec_cgroup {
	char *hierarchy;	/* as in /proc/PID/cgroup: cpu,cpuacct; none in
				   version 2 */
	char *path;
};

/* id: PID */
struct rec_cgroups {
	struct list groups;	/* of struct rec_cgroup */
};

struct rec_action {
	uint32_t signal;
	uint64_t handler, flags, restorer, mask;
};

/* id: PID */
struct rec_actions {
	struct list actions;	/* of struct rec_action; those not SIG_DFL */
};

struct rec_siginfo {
	struct blob info;	/* siginfo_t, 128 bytes */
};

/* id: TID; of the thread, or of the whole process */
struct rec_pending {
	bool shared;
	struct list signals;	/* of struct rec_siginfo, in order */
};

struct rec_itimer {
	uint32_t which;		/* ITIMER_* */
	uint64_t value_us, interval_us;
};

struct rec_timer {
	uint32_t id;		/* as timer_create(2) returned it */
	int32_t clock;
	uint32_t notify;	/* SIGEV_* */
	uint32_t signal;
	uint64_t sigval;
	uint64_t tid;		/* SIGEV_THREAD_ID */
	uint64_t value_ns, interval_ns;
};

/* id: PID */
struct rec_timers {
	struct list itimers;	/* of struct rec_itimer */
	struct list timers;	/* of struct rec_timer */
};

struct rec_limit {
	uint64_t soft, hard;	/* RLIM_INFINITY is ~0 */
};

/* id: PID */
struct rec_limits {
	struct list limits;	/* of struct rec_limit, by RLIMIT_* */
};

/* id: PID of the process; an address space, without its mappings */
struct rec_space {
	uint64_t start_code, end_code, start_data, end_data;
	uint64_t start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	struct blob auxv;	/* Elf64_auxv_t, as the kernel keeps it */
	uint64_t exe;		/* id of rec_file */
	uint64_t vdso;		/* address, 0 none */
	uint32_t lock_future;	/* mlockall(2): MCL_FUTURE, MCL_ONFAULT */
};

enum mapping_kind {
	MAPPING_ANON = 0,	/* private, no file */
	MAPPING_FILE = 1,	/* a rec_file, private or shared */
	MAPPING_OBJECT = 2,	/* a rec_object, private or shared */
	MAPPING_VVAR = 3,	/* [vvar], [vvar_vclock], [vdso]: the kernel's */
	MAPPING_VDSO = 4,
	MAPPING_RING = 5,	/* the memory of a rec_uring */
	MAPPING_AIO = 6,	/* that of a rec_aio */
};

/* id: PID of the address space; in order of address */
struct rec_mapping {
	uint64_t start, end;	/* addresses, end excluded */
	uint32_t kind;		/* enum mapping_kind */
	uint32_t prot;		/* PROT_* */
	uint64_t flags;		/* enum vm_flag of proc.h: all but the prot */
	uint64_t source;	/* id of rec_file or rec_object, ino of rec_uring */
	uint64_t offset;	/* in the source, bytes */
	char *name;		/* [heap], [stack], /lib/libc..: for people; but
				   [anon:NAME] is a name that was given to it */
	struct list guards;	/* of uint64_t: start and end of each range that
				   MADV_GUARD_INSTALL made to fault */
	uint64_t huge;		/* bytes of one page of hugetlbfs, 0 it is none
				   of that */
	uint64_t present;	/* then, if it is private: bytes that are there */
};

/* id: PID of the address space; by address; a context of io_setup(2) */
struct rec_aio {
	uint64_t start;		/* of its mapping: its number, aio_context_t */
	bool dead;		/* memory alone: the context is a parent's */
	uint32_t head;		/* where in the ring events begin */
	struct blob events;	/* struct io_event, not taken yet, in order */
};

/* id 1: the vDSO all of them use */
struct rec_vdso {
	struct blob image;	/* of the ELF */
	uint64_t vvar_size;	/* mappings before it, bytes */
	uint64_t vclock_size;
};

enum object_kind {
	OBJECT_SHARED = 0,	/* anonymous memory shared by MAP_SHARED */
	OBJECT_MEMFD = 1,
	OBJECT_DELETED = 2,	/* a file without a name any more */
	OBJECT_DIRECTORY = 3,	/* a directory without one */
	OBJECT_SYSV = 4,	/* of a rec_shm */
	OBJECT_PLACED = 5,	/* of a rec_entry */
};

/* id: from OBJECT_FIRST; memory or a file that only the tree has.  Its bytes
 * are pages under this id. */
struct rec_object {
	uint32_t kind;		/* enum object_kind */
	char *name;		/* memfd's, or the last path of the file */
	uint64_t size;		/* bytes */
	uint32_t seals;		/* F_GET_SEALS */
	uint32_t mode, uid, gid;
	uint64_t ino;		/* at the source, for people */
	bool linked;		/* it had another name, which was not found */
	uint64_t huge;		/* bytes of one page of hugetlbfs, 0 it is none
				   of that */
	uint64_t present;	/* then: bytes that are there */
	uint64_t mounts;	/* id of rec_mounts that the name is in */
};

enum file_kind {
	FILE_REGULAR = 0,
	FILE_DIRECTORY = 1,
	FILE_DEVICE = 2,	/* a character device that keeps no state */
	FILE_OBJECT = 3,	/* opened rec_object */
};

/* id: counted up; an open file description, or what a mapping needs opened */
struct rec_file {
	uint32_t kind;
	char *path;
	uint64_t object;	/* FILE_OBJECT */
	uint32_t flags;		/* O_ACCMODE, O_APPEND, O_NONBLOCK .. */
	uint64_t pos;
	bool mapped;		/* for mappings or as the executable */
	/* The file as it was, to tell another one of that name. */
	uint64_t dev, ino, size, mtime_ns, rdev;
	uint32_t mode;
	uint64_t sample;	/* XXH3-64 of its first and last 64 KiB; 0 not
				   taken */
	uint64_t carried;	/* id of rec_carried, 0 it has to be there */
	uint64_t mounts;	/* id of rec_mounts that the path is in, 0 the
				   base */
};

/* id: from OBJECT_FIRST; a file whose content travels.  Its bytes are pages
 * under this id, before all other pages. */
struct rec_carried {
	char *name;		/* its path at the source */
	uint64_t size;		/* bytes */
	uint8_t hash[16];	/* XXH3-128 of them, canonical order */
	uint32_t mode;		/* permissions */
	uint32_t uid, gid;
	uint64_t mtime_ns;
};

/* id: of the open description; whom it tells of what happens to it */
struct rec_notice {
	uint32_t type;		/* F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP */
	uint64_t owner;		/* TID, PID or group; 0 none */
	uint32_t signal;	/* F_GETSIG */
	uint32_t flags;		/* with O_ASYNC and what F_SETFL sets with it; 0
				   it is not set */
	uint64_t hint;		/* F_GET_RW_HINT, of the file */
};

/* id: of its rec_object; System V shared memory */
struct rec_shm {
	uint32_t shmid;
	int32_t key;		/* IPC_PRIVATE 0 */
	bool removed;		/* goes when the last detaches */
	bool locked;		/* SHM_LOCK */
	bool shared;		/* others had it attached, too */
	int64_t ctime;		/* seconds */
};

/* id: of semget(2) */
struct rec_sem {
	int32_t key;
	uint32_t mode, uid, gid;
	struct list values;	/* of uint64_t */
	int64_t ctime;		/* seconds */
};

struct rec_sysv_message {
	int64_t type;
	struct blob data;
};

/* id: of msgget(2) */
struct rec_msg {
	int32_t key;
	uint32_t mode, uid, gid;
	uint64_t room;		/* msg_qbytes */
	struct list messages;	/* of struct rec_sysv_message, in order */
	int64_t ctime;		/* seconds */
};

struct rec_mqueue_message {
	uint32_t priority;
	struct blob data;
};

/* What mq_notify(3) has asked for. */
enum mqueue_notify {
	MQUEUE_SILENT = 0,
	MQUEUE_SIGNAL = 1,
	MQUEUE_NONE = 2,	/* SIGEV_NONE: nobody else may ask */
};

/* id: counted up; a POSIX message queue */
struct rec_mqueue {
	char *name;		/* with its slash */
	bool gone;		/* mq_unlink(3): it had this name */
	uint32_t mode, uid, gid;
	uint64_t room;		/* mq_maxmsg */
	uint64_t size;		/* mq_msgsize, bytes */
	struct list messages;	/* of struct rec_mqueue_message, as they would
				   be received */
	uint32_t notify;	/* enum mqueue_notify */
	uint32_t signal;
	uint64_t value;		/* that comes with it */
	uint64_t owner;		/* PID of the tree that asked; 0 none */
	uint64_t ino;		/* at the source */
};

/* id: counted up with rec_file; an open one */
struct rec_mqueue_open {
	uint64_t queue;		/* id of rec_mqueue */
	uint64_t pos;		/* of read(2) */
	uint32_t flags;		/* O_ACCMODE, O_NONBLOCK */
};

/* id: counted up with rec_file; an open file of /proc/PID */
struct rec_proc_file {
	uint64_t pid;		/* of the tree */
	uint64_t tid;		/* below task: of the tree; 0 none */
	char *path;		/* below that: "stat", "fd" */
	uint32_t flags;		/* O_ACCMODE, O_NONBLOCK .. */
	uint64_t pos;
};

/* id: counted up; pipe or FIFO with what is in it */
struct rec_pipe {
	char *fifo;		/* path of a FIFO, none for a pipe */
	uint64_t mounts;	/* id of rec_mounts that the path is in */
	uint64_t capacity;	/* F_GETPIPE_SZ, bytes */
	struct blob data;	/* written and not yet read */
	struct list packets;	/* of uint64_t: lengths, in packet mode */
	uint64_t ino;		/* at the source, for people */
};

/* id: counted up with rec_file; an open end of a pipe */
struct rec_pipe_end {
	uint64_t pipe;		/* id of rec_pipe */
	uint32_t flags;		/* O_ACCMODE, O_NONBLOCK .. */
};

/* id: counted up; a terminal whose master is outside the tree */
struct rec_terminal {
	char *name;		/* /dev/pts/3, at the source */
	struct blob termios;	/* struct termios2 */
	uint32_t rows, columns;
	uint64_t foreground;	/* process group */
	uint64_t session;	/* that it controls, 0 none of the tree */
};

/* An option of a socket, as getsockopt(2) has it; in the records of sockets. */
struct rec_option {
	uint32_t level, name;
	struct blob value;
};

/* Who hears of O_ASYNC: fcntl(2) F_SETOWN_EX, F_SETSIG. */
struct rec_owner {
	uint32_t type;		/* F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP */
	uint64_t id;		/* as the tree sees it; 0 nobody */
	uint32_t signal;	/* 0: SIGIO */
};

enum unix_state {
	UNIX_ALONE = 0,		/* has no peer; may have a name */
	UNIX_LISTENING = 1,
	UNIX_CONNECTED = 2,	/* to @peer */
	UNIX_WAITING = 3,	/* to be accepted by @peer, which listens */
	UNIX_ORPHAN = 4,	/* its peer has gone, or is left behind */
	UNIX_OUTSIDE = 5,	/* connects again, to @peer_name */
};

/* id: counted up with rec_file; a UNIX domain socket */
struct rec_unix {
	uint32_t type;		/* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	uint32_t state;		/* enum unix_state */
	uint32_t flags;		/* O_NONBLOCK, O_ASYNC */
	uint64_t peer;		/* id of rec_unix */
	struct blob name;	/* as bound: a path, or first a zero byte */
	char *base;		/* directory that a relative path starts from */
	bool gone;		/* the path leads to it no more */
	uint64_t mounts;	/* id of rec_mounts that the path is in */
	/* The file at the path, if it is not gone. */
	uint64_t dev, ino;
	uint32_t mode, uid, gid;
	struct blob peer_name;	/* of a peer that is not in the stream */
	uint32_t shutdown;	/* 1 receives no more, 2 sends no more */
	bool reset;		/* the next call fails with ECONNRESET */
	uint32_t backlog;	/* listen(2) */
	struct list waiting;	/* of uint64_t: to be accepted, in order: ids
				   of rec_unix; 0 one that has closed */
	/* SO_PEERCRED, SO_PEERGROUPS: of its peer, or of who called listen(2). */
	bool known;
	uint64_t peer_pid;	/* 0: nobody in the tree */
	uint32_t peer_uid, peer_gid;
	struct list peer_groups;	/* of uint64_t */
	struct list options;	/* of struct rec_option */
	struct list owner;	/* of struct rec_owner, none or one */
	uint64_t sock;		/* its inode at the source, for people */
};

/* id: of the rec_unix that it waits in to be received; in order */
struct rec_message {
	struct blob data;
	struct blob from;	/* name of its sender, if it has one */
	uint64_t sender;	/* id of rec_unix, 0 unknown: datagrams */
	bool credentials;		/* has the sender's credentials: */
	uint64_t pid;		/* 0: nobody in the tree */
	uint32_t uid, gid;
	bool urgent;		/* one byte, sent by MSG_OOB */
	struct list rights;	/* of uint64_t: open descriptions, SCM_RIGHTS */
	struct list lengths;	/* of uint64_t: of a stream's pieces, as they
				   were written; none: it is one */
};

enum outside_kind {
	OUTSIDE_TERMINAL = 0,
	OUTSIDE_PIPE = 1,
	OUTSIDE_SOCKET = 2,
};

/* id: counted up with rec_file; an open description that leads out of the
 * tree and becomes one of the restore's own */
struct rec_outside {
	uint32_t kind;		/* enum outside_kind */
	uint32_t fd;		/* 0, 1, 2: which of the standard streams */
	uint32_t flags;		/* O_ACCMODE, O_NONBLOCK .. */
	uint64_t terminal;	/* id of rec_terminal, OUTSIDE_TERMINAL */
	char *name;		/* for people: pipe:[123], /dev/pts/3 */
};

/* A multicast group that a socket is a member of. */
struct rec_group {
	uint32_t level;		/* IPPROTO_IP, IPPROTO_IPV6 */
	char *device;
	struct blob filter;	/* struct group_filter, with sources */
};

enum inet_state {
	INET_NEW = 0,		/* bound or not, UDP: connected or not */
	INET_LISTENING = 1,
	INET_CONNECTED = 2,	/* TCP: rec_tcp says more */
	INET_CONNECTING = 3,	/* TCP: its SYN has not been answered yet */
	INET_ENDED = 4,		/* TCP: was connected, is not any more */
	INET_RESET = 5,		/* the same, and the program does not know */
};

/* id: counted up with rec_file; a socket of the internet: TCP, UDP, raw .. */
struct rec_inet {
	uint32_t family;	/* AF_INET, AF_INET6 */
	uint32_t type, protocol;
	uint32_t flags;		/* O_NONBLOCK, O_ASYNC */
	uint32_t state;		/* enum inet_state */
	uint32_t backlog;	/* INET_LISTENING */
	struct blob local, peer;	/* struct sockaddr_*; empty: none */
	struct list options;	/* of struct rec_option */
	struct list owner;	/* of struct rec_owner, at most one */
	struct list groups;	/* of struct rec_group */
};

/* id: that of the socket; a TCP connection, tcp(7) TCP_REPAIR */
struct rec_tcp {
	bool inner;		/* its other end is in the tree */
	bool own_shut;		/* nothing more is sent: FIN */
	bool peer_shut;		/* nothing more will come */
	bool read_shut;		/* shutdown(2) SHUT_RD */
	uint32_t send_seq;	/* of the next byte to be written */
	uint32_t recv_seq;	/* of the next one to come */
	uint32_t unsent;	/* of the queue, bytes: at its end */
	uint32_t mss;
	uint32_t options;	/* TCPI_OPT_* that were agreed on */
	uint32_t send_scale, recv_scale;
	uint32_t timestamp;
	uint32_t window_seq, send_window, max_window;	/* tcp_repair_window */
	uint32_t recv_window, recv_update;
};

/* id: counted up with rec_file; netlink(7) */
struct rec_netlink {
	uint32_t type, protocol;
	uint32_t flags;		/* O_NONBLOCK, O_ASYNC */
	bool bound;
	uint32_t port;		/* nl_pid */
	uint32_t peer_port, peer_groups;
	struct list groups;	/* of uint64_t, from 1 */
	struct list options;	/* of struct rec_option */
	struct list owner;	/* of struct rec_owner, at most one */
};

/* What a packet socket has asked to hear, PACKET_ADD_MEMBERSHIP. */
struct rec_packet_member {
	uint32_t type;		/* PACKET_MR_* */
	uint32_t count;		/* how often it has been added */
	char *device;
	struct blob address;
};

/* id: counted up with rec_file; packet(7) */
struct rec_packet {
	uint32_t type;		/* SOCK_RAW, SOCK_DGRAM */
	uint32_t protocol;	/* ETH_P_*; 0 it hears nothing */
	char *device;		/* that it is bound to; none: all */
	uint32_t flags;		/* O_NONBLOCK, O_ASYNC */
	uint32_t copy;		/* PACKET_COPY_THRESH */
	bool unread;		/* packets waited, and are lost */
	bool grouped;		/* it shares packets with others: */
	uint32_t fanout;	/* as PACKET_FANOUT gives it */
	struct list members;	/* of struct rec_packet_member */
	struct list options;	/* of struct rec_option */
	struct list owner;	/* of struct rec_owner, at most one */
};

enum inet_queue { QUEUE_RECEIVED = 0, QUEUE_SENT = 1 };

/* id: that of the socket; one datagram waiting to be read, or a part of what
 * waits in a stream; in order */
struct rec_inet_data {
	uint32_t queue;		/* enum inet_queue */
	struct blob from, to;	/* struct sockaddr_* */
	struct blob data;
};

struct rec_pty_line {
	struct blob text;	/* what one read(2) gives: without a newline at
				   its end, that was an end of file */
};

/* id: device number, as that of a terminal; a pseudo-terminal whose master the
 * tree has, or had: then nothing but its name counts */
struct rec_pty {
	uint32_t index;		/* of /dev/pts/N */
	char *name;
	bool gone;		/* the master has been closed: hung up */
	bool hung;		/* all openings of the slave have been closed */
	struct blob termios;	/* struct termios2 */
	uint32_t rows, columns, width, height;
	uint32_t uid, gid, mode;
	bool locked, exclusive;	/* TIOCSPTLCK, TIOCEXCL */
	bool packet;		/* TIOCPKT */
	uint32_t status;	/* TIOCPKT_*: not yet read */
	bool stopped;		/* output is, by ^S or tcflow(3) */
	struct list lines;	/* of struct rec_pty_line: input not yet read */
	struct blob rest;	/* and the same without lines, after them */
	struct blob output;	/* not yet read by the master */
	uint64_t foreground;	/* process group */
	uint64_t session;	/* that it controls, 0 none */
};

/* id: counted up with rec_file; an opening of either end */
struct rec_pty_end {
	uint64_t pty;		/* id of rec_pty */
	bool master;
	bool own;		/* opened as /dev/tty */
	uint32_t flags;		/* O_ACCMODE, O_NONBLOCK .. */
	char *name;		/* for people: /dev/ptmx, /dev/pts/3 */
};

enum lock_kind {
	LOCK_POSIX = 0,		/* fcntl(2) F_SETLK: the process's */
	LOCK_OFD = 1,		/* F_OFD_SETLK: the description's */
	LOCK_WHOLE = 2,		/* flock(2): the description's */
	LOCK_LEASE = 3,		/* F_SETLEASE: the description's */
};

struct rec_lock {
	uint32_t kind;		/* enum lock_kind */
	bool write;		/* exclusive */
	uint64_t start, length;	/* bytes; length 0: to the end of the file */
};

/* id: PID */
struct rec_descriptor {
	uint32_t fd;
	bool cloexec;
	uint64_t open;		/* id of rec_file, rec_pipe_end, rec_outside */
	struct list locks;	/* of struct rec_lock, held through it */
};

/* id: counted up with rec_file */
struct rec_eventfd {
	uint64_t count;
	bool semaphore;		/* EFD_SEMAPHORE */
	uint32_t flags;		/* O_NONBLOCK .. */
};

struct rec_watch {
	uint32_t fd;		/* number it was added under */
	uint32_t events;	/* EPOLLIN .., EPOLLET .. */
	uint64_t data;		/* epoll_data_t */
	uint64_t open;		/* id of what is watched */
};

/* id: counted up with rec_file */
struct rec_epoll {
	struct list watches;	/* of struct rec_watch */
	bool idle;		/* nothing was there to be reported; false if
				   there was, or that was not asked */
	uint32_t flags;		/* O_NONBLOCK .. */
	uint32_t busy_us, busy_budget, busy_prefer;	/* EPIOCSPARAMS */
};

/* id: counted up with rec_file; an open map of bpf(2) */
struct rec_bpf_map {
	uint32_t number;	/* the kernel's, at the source: descriptions of
				   the same map have the same */
	uint32_t type;		/* BPF_MAP_TYPE_* */
	uint32_t key, value;	/* bytes */
	uint32_t entries;	/* that it has room for, or has */
	uint32_t map_flags;	/* BPF_F_*, of its making */
	uint32_t flags;		/* O_ACCMODE, O_NONBLOCK .. */
	char *name;
	bool frozen;		/* BPF_MAP_FREEZE */
	uint32_t cpus;		/* that each element has values for, 0 one value
				   for all */
	struct blob btf;	/* types that it was made with, the first alone */
	uint32_t btf_key, btf_value;	/* which of them */
};

/* id: of the first rec_bpf_map of its number; in any order */
struct rec_bpf_data {
	struct blob data;	/* keys and values, one behind the other; each of
				   the values of processors has whole 8 bytes */
};

/* id: counted up with rec_file; types of bpf(2) */
struct rec_btf {
	struct blob data;	/* as they were loaded */
};

#define URING_MAX	(3u << 20)	/* bytes */

/* id: counted up with rec_file */
struct rec_uring {
	uint64_t ino;		/* at the source, for those who map it */
	uint32_t requests, completions;	/* that it holds: powers of 2 */
	uint32_t passed;	/* so far; none is under way */
	struct blob rings, entries;	/* what is mapped of it, whole pages: at
					   IORING_OFF_SQ_RING, .._SQES */
	uint32_t flags;		/* O_NONBLOCK .. */
};

/* id: counted up with rec_file */
struct rec_timerfd {
	int32_t clock;
	uint64_t ticks;		/* not yet read */
	uint64_t value_ns;	/* left, or the moment by the tree's clock; 0:
				   not set, or expired */
	uint64_t interval_ns;
	bool absolute;		/* TFD_TIMER_ABSTIME */
	bool cancel;		/* TFD_TIMER_CANCEL_ON_SET */
	uint32_t flags;		/* O_NONBLOCK .. */
};

enum mark_kind { MARK_INODE = 0, MARK_MOUNT = 1, MARK_FILESYSTEM = 2 };

/* What is watched by inotify or fanotify. */
struct rec_mark {
	uint32_t wd;		/* inotify: its number */
	uint32_t kind;		/* fanotify: enum mark_kind */
	char *path;
	uint32_t mode;		/* S_IFMT of what is there */
	uint32_t mask;		/* IN_*, FAN_* */
	uint32_t ignored;	/* fanotify: FAN_* */
	uint32_t flags;		/* fanotify: FAN_MARK_* */
};

/* id: counted up with rec_file */
struct rec_fanotify {
	uint32_t init;		/* FAN_*, fanotify_init(2) */
	uint32_t event_flags;	/* O_*, of what is opened for events */
	struct list marks;	/* of struct rec_mark */
	uint32_t flags;		/* O_NONBLOCK .. */
};

/* id: counted up with rec_file */
struct rec_inotify {
	struct list marks;	/* of struct rec_mark, by number */
	uint32_t flags;		/* O_NONBLOCK .. */
};

/* id: counted up with rec_file */
struct rec_pidfd {
	uint64_t task;		/* PID or TID, 0: one that has ended, and its
				   parent knows */
	uint32_t exit;		/* of such a one: status as wait(2) gives it */
	uint32_t flags;		/* O_NONBLOCK, O_EXCL: PIDFD_THREAD */
};

/* id: counted up with rec_file */
struct rec_signalfd {
	uint64_t mask;
	uint32_t flags;		/* O_NONBLOCK .. */
};

/* id: PID.  Private anonymous memory whose pages come before the freeze. */
struct rec_area {
	uint64_t start, end;	/* addresses, end excluded */
	uint64_t flags;		/* enum vm_flag: NR, HG, NH and no other */
};

enum live_phase {
	LIVE_ROUND = 0,		/* pages of a program that is running */
	LIVE_FROZEN = 1,	/* it has stopped: what was said of it so far is void,
				   its records and the rest of its pages follow */
	LIVE_RUN = 2,		/* it may run, the rest of its pages follows */
	LIVE_DONE = 3,		/* all pages are above */
};

/* id: counted up from 1 */
struct rec_live {
	uint32_t phase;		/* enum live_phase */
	uint64_t at_ns;		/* since the first of them */
	uint64_t written;	/* pages known to be sent from here on */
	uint32_t throttle;	/* percent of the time that it is held */
	uint64_t time_ns;	/* LIVE_FROZEN: as in the header, but for now */
	uint64_t boottime_ns, monotonic_ns;
};

#endif

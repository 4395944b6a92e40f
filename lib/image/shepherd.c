/* SPDX-License-Identifier: MIT */
/*
 * shepherd.c - the process that stays between the restore and the moved tree
 *
 * It is the parent of the tree's top, so that somebody of ours hears how the
 * program ended.  It leads the session that owns the new terminal, and in a
 * private PID namespace it is the init that reaps.  Over one socket it tells
 * the restore that the top has been made, hears that all may go, and tells the
 * top's wait status in the end.
 *
 * "go" is the PID of the top, which may be another one than at first.  It comes when the last task has been let go.  Until then, if the restore
 * dies, the shepherd ends whatever is below it: no part of a tree stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "image/pids.h"
#include "image/restore.h"
#include "proc/proc.h"

/* ---- in the shepherd ---- */

/* What the restore decided; read in the child only. */
struct orders {
	int sock;
	int others_sock;	/* its other end, the restore's */
	pid_t root;		/* PID the top is to have, 0 any */
	int terminal;		/* to become controlling, -1 none */
	bool session;		/* lead a session */
	bool private_pids, private_user;
	bool init;		/* the top begins a PID namespace */
	int64_t monotonic_ns, boottime_ns;	/* shifts of the clocks */
	uid_t uid;
	gid_t gid;
	bool stay;		/* after "go", to tell the status */
	bool share;		/* the top's descriptors are the restore's */
};

/* An init has number 1 as well. */
static long clone_as(uint64_t flags, pid_t pid)
{
	pid_t tids[2] = { flags & CLONE_NEWPID ? 1 : pid, pid };
	struct clone_args a = {
		.flags = flags, .exit_signal = SIGCHLD,
		.set_tid = pid ? (uint64_t)tids : 0,
		.set_tid_size = !pid ? 0 : flags & CLONE_NEWPID ? 2 : 1,
	};

	return syscall(SYS_clone3, &a, sizeof(a));
}

/* A puppet waits for its strings. */
static void puppet_wait(void)
{
	for (;;)
		syscall(SYS_pause);
}

static void tell(int sock, int value)
{
	while (send(sock, &value, sizeof(value), MSG_NOSIGNAL) < 0 &&
	       errno == EINTR)
		;
}

/* Seconds rounded down, so that the nanoseconds are never negative. */
static long long floor_s(int64_t ns)
{
	return ns / 1000000000 - (ns % 1000000000 < 0);
}

static long long rest_ns(int64_t ns)
{
	return ns - floor_s(ns) * 1000000000;
}

static int write_text(const char *path, const char *text)
{
	ssize_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, text, n) == n ? 0 : -1;
	close(fd);
	return rc;
}

/* A map of one id to itself. */
static int write_map(const char *path, unsigned id)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u 1", id, id);
	return write_text(path, line);
}

/* In a user namespace of one user, who is who he was; user_namespaces(7). */
static int own_user(const struct orders *o)
{
	if (write_text("/proc/self/setgroups", "deny") < 0 ||
	    write_map("/proc/self/uid_map", o->uid) < 0)
		return -1;
	return write_map("/proc/self/gid_map", o->gid);
}

/* For the children: a process cannot change clocks under itself. */
static int own_clocks(const struct orders *o)
{
	char text[128];

	if (!o->monotonic_ns && !o->boottime_ns)
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return -1;
	snprintf(text, sizeof(text), "monotonic %lld %lld\nboottime %lld %lld\n",
		 floor_s(o->monotonic_ns), rest_ns(o->monotonic_ns),
		 floor_s(o->boottime_ns), rest_ns(o->boottime_ns));
	return write_text("/proc/self/timens_offsets", text);
}

static int own_proc(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -1;
	return mount("proc", "/proc", "proc",
		     MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* Waits for everything that is or becomes a child of ours. */
static void reap(const struct orders *o, pid_t root)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (pid == root) {
			tell(o->sock, status);
			if (!o->private_pids)
				break;
			close(o->sock);
		}
	}
}

/* All below us, those too whose parent ends before them. */
static void end_all(void)
{
	struct list kids = { 0 };

	do {
		kids.n = 0;
		proc_children(getpid(), &kids);
		list_each(&kids, pid_t, kid)
			kill(*kid, SIGKILL);
	} while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR);
	list_free(&kids);
}

/* In a table of our own. */
static void close_others(int keep)
{
	close_range(keep + 1, ~0u, CLOSE_RANGE_UNSHARE);
	if (keep > 0)
		close_range(0, keep - 1, 0);
}

static void shepherd_main(const struct orders *o)
{
	long root;
	int go;

	/* The restore alone has it now: its end is the end of our input.  In a
	 * table that the top has, too, it is not: there we go with him. */
	if (o->share)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	else
		close(o->others_sock);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGCHLD)
			signal(sig, SIG_IGN);
	if (o->session)
		setsid();
	if (o->terminal >= 0 && ioctl(o->terminal, TIOCSCTTY, 0) < 0) {
		tell(o->sock, -errno);
		_exit(1);
	}
	if ((o->private_user && own_user(o) < 0) ||
	    own_clocks(o) < 0 || (o->private_pids && own_proc() < 0)) {
		tell(o->sock, -errno);
		_exit(1);
	}
	root = clone_as((o->share ? CLONE_FILES : 0) |
			(o->init ? CLONE_NEWPID : 0), o->root);
	if (root == 0) {
		/* The shepherd's alone: its end is the end of what we hear. */
		if (o->share)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		else
			close(o->sock);
		puppet_wait();
	}
	close_others(o->sock);
	tell(o->sock, root < 0 ? -errno : 0);
	if (root < 0)
		_exit(1);
	if (recv(o->sock, &go, sizeof(go), 0) != sizeof(go)) {
		end_all();
		_exit(1);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	prctl(PR_SET_PDEATHSIG, 0);
	tell(o->sock, 0);
	if (!o->stay && !o->private_pids)
		_exit(0);
	reap(o, go ? go : root);
	_exit(0);
}

/* ---- in the restore ---- */

static int hear(int sock, int *value)
{
	ssize_t n;

	do
		n = recv(sock, value, sizeof(*value), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*value) ? 0 : -1;
}

/* The same while we have its other end, too. */
static int hear_or_end(const struct restore *r, int *value)
{
	struct pollfd p = { .fd = r->shepherd_fd, .events = POLLIN };
	int status;

	while (poll(&p, 1, 100) <= 0)
		if (waitpid(r->shepherd, &status, WNOHANG | __WALL) != 0)
			return -1;
	return hear(r->shepherd_fd, value);
}

/* The PID of the shepherd's child as we see it. */
static pid_t only_child(pid_t parent)
{
	struct list kids = { 0 };
	pid_t pid = -1;

	if (proc_children(parent, &kids) == 0 && kids.n)
		pid = *list_at(&kids, pid_t, 0);
	list_free(&kids);
	return pid;
}

/* Does a process of the tree itself lead the session of the terminal? */
static bool base_has_terminal(const struct restore *r)
{
	const struct rec_terminal *t = r->terminal ?
		image_find(&r->image, RECORD_TERMINAL, r->terminal) : NULL;

	return t && r->slave >= 0 && !find_puppet(r, t->session);
}

static int start_failed(struct restore *r, int err, struct failure *f)
{
	errno = err;
	if (err == EEXIST)
		return fail(f, STATUS_DIFFERS, "PID %llu is taken here: use "
			    "--pids=new, or end what has it",
			    (unsigned long long)r->image.header.root);
	if (err == EPERM)
		return fail_errno(f, STATUS_PERM, "cannot choose PIDs here");
	return fail_errno(f, 0, "cannot make the first process");
}

int shepherd_start(struct restore *r, uint64_t root_id, pid_t *root,
		   struct failure *f)
{
	uint64_t flags = (r->private_pids ? CLONE_NEWPID | CLONE_NEWNS : 0) |
			 (r->private_user ? CLONE_NEWUSER : 0) |
			 (r->share_table ? CLONE_FILES : 0);
	int socks[2], answer, heard;
	struct orders o = {
		.root = root_id, .private_pids = r->private_pids,
		.init = puppet_is_init(*list_at(&r->puppets, struct puppet *,
						0)),
		.private_user = r->private_user, .uid = geteuid(),
		.gid = getegid(),
		.monotonic_ns = r->monotonic_shift_ns,
		.boottime_ns = r->boottime_shift_ns,
		.stay = !r->detach, .terminal = -1, .share = r->share_table,
		.session = r->detach || base_has_terminal(r),
	};

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		return fail_errno(f, 0, "cannot make a socket");
	o.sock = socks[1];
	o.others_sock = socks[0];
	if (base_has_terminal(r))
		o.terminal = r->slave;
	r->shepherd = clone_as(flags, 0);
	if (r->shepherd == 0)
		shepherd_main(&o);
	if (r->shepherd < 0) {
		close(socks[1]);
		close(socks[0]);
		return fail_errno(f, 0, "cannot make a process");
	}
	r->shepherd_fd = socks[0];
	/* In a table that is shared, it is the shepherd's until he has his own:
	 * he may be gone, then, without our hearing of it. */
	if (!r->share_table)
		close(socks[1]);
	heard = r->share_table ? hear_or_end(r, &answer) :
		hear(r->shepherd_fd, &answer);
	if (r->share_table)
		close(socks[1]);
	if (heard < 0)
		return fail(f, STATUS_SYSTEM, "the first process went away");
	if (answer < 0)
		return start_failed(r, -answer, f);
	*root = r->private_pids || !root_id ? only_child(r->shepherd) :
		(pid_t)root_id;
	if (*root < 0)
		return fail(f, STATUS_SYSTEM, "cannot find the first process");
	return 0;
}

int shepherd_go(struct restore *r, struct failure *f)
{
	int go = r->nested ? restore_root(r) : 0;

	/* It must have heard before we may end: it ends the tree until then. */
	if (send(r->shepherd_fd, &go, sizeof(go), MSG_NOSIGNAL) < 0 ||
	    hear(r->shepherd_fd, &go) < 0)
		return fail_errno(f, 0, "the process above the tree went away");
	return 0;
}

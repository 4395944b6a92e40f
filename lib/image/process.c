/* SPDX-License-Identifier: MIT */
/*
 * process.c - what belongs to a process as a whole: its place in the tree,
 * working directory, mask, and the settings of prctl(2)
 *
 * Where a process stands in sessions and groups is rebuilt in puppets.c, when
 * the puppets are made: it depends on the order of their making.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/mapping.h"
#include "image/mounts.h"
#include "image/pids.h"
#include "image/restore.h"

static const struct field fields[] = {
	FIELD(struct rec_process, cwd, FIELD_TEXT),
	FIELD(struct rec_process, pid, FIELD_UINT),
	FIELD(struct rec_process, exit, FIELD_UINT),
	FIELD(struct rec_process, name, FIELD_TEXT, .max = 64),
	FIELD(struct rec_process, root, FIELD_TEXT),
	FIELD(struct rec_process, group, FIELD_UINT),
	FIELD(struct rec_process, inner, FIELD_WORDS),
	FIELD(struct rec_process, umask, FIELD_UINT),
	FIELD(struct rec_process, mounts, FIELD_UINT),
	FIELD(struct rec_process, parent, FIELD_UINT),
	FIELD(struct rec_process, spaces, FIELD_WORDS),
	FIELD(struct rec_process, zombie, FIELD_BOOL),
	FIELD(struct rec_process, oom_adj, FIELD_INT),
	FIELD(struct rec_process, persona, FIELD_UINT, .hex = true),
	FIELD(struct rec_process, session, FIELD_UINT),
	FIELD(struct rec_process, stopped, FIELD_BOOL),
	FIELD(struct rec_process, thp_off, FIELD_BOOL),
	FIELD(struct rec_process, dumpable, FIELD_UINT),
	FIELD(struct rec_process, terminal, FIELD_UINT),
	FIELD(struct rec_process, dump_mask, FIELD_UINT, .hex = true),
	FIELD(struct rec_process, subreaper, FIELD_BOOL),
	FIELD(struct rec_process, cwd_object, FIELD_UINT),
	FIELD(struct rec_process, child_space, FIELD_UINT),
	FIELD(struct rec_process, exit_signal, FIELD_UINT),
	FIELD(struct rec_process, inner_groups, FIELD_WORDS),
	FIELD(struct rec_process, inner_sessions, FIELD_WORDS),
};

static const struct schema schema = SCHEMA("process", struct rec_process, fields);

/* ---- what cannot be moved ---- */

/* Ours, up to init; they do not change while we run, but for orphans. */
static const struct list *ancestors(void)
{
	static struct list pids;
	struct proc_stat st;

	if (pids.n)
		return &pids;
	for (pid_t p = getpid(); p > 1; p = st.ppid) {
		*(pid_t *)list_add(&pids, sizeof(p)) = p;
		if (proc_stat(p, p, &st) < 0)
			break;
	}
	return &pids;
}

static bool is_ancestor(pid_t pid)
{
	list_each(ancestors(), pid_t, p)
		if (*p == pid)
			return true;
	return false;
}

/* One user, and that with the same number inside and outside; not root, who
 * outside may do what he may not do there. */
static bool maps_itself(pid_t pid)
{
	char path[64], *text;
	unsigned inside, outside, n;
	bool itself;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	text = read_file(path, NULL);
	itself = text && sscanf(text, "%u %u %u", &inside, &outside, &n) == 3 &&
		 inside == outside && inside && n == 1;
	free(text);
	return itself;
}

/* A restore without privilege makes a user namespace, below ours: that may be
 * left again, since who is who in it is who he is here. */
static bool is_below_ours(const struct source *s)
{
	struct stat ours, parent;
	char path[64];
	bool below = false;
	int fd, up;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", s->via);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	up = fd < 0 ? -1 : ioctl(fd, NS_GET_PARENT);
	if (up >= 0 && fstat(up, &parent) == 0 &&
	    stat("/proc/self/ns/user", &ours) == 0)
		below = parent.st_ino == ours.st_ino;
	if (up >= 0)
		close(up);
	if (fd >= 0)
		close(fd);
	return below && maps_itself(s->via);
}

static void check_namespaces(struct capture *c, struct source *s)
{
	static char *ours;
	char *theirs = proc_link(s->via, "ns/user");

	if (!ours)
		ours = proc_link(getpid(), "ns/user");
	if (ours && theirs && strcmp(ours, theirs) && !is_below_ours(s))
		obstacle_add(c, s, "run the capture inside it (nsenter)",
			     "is in another user namespace");
	free(theirs);
	pids_check(c, s);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Where it was led by chroot(2), as a path of ours; owned, NULL: nowhere, or
 * where no path of ours leads. */
static char *other_root(const struct source *s)
{
	char path[64], *root, *top, *here = NULL;
	bool other;

	snprintf(path, sizeof(path), "/proc/%d/root/.", s->via);
	top = mounts_path(s->space, "/");
	other = access(path, F_OK) == 0 && !same_file(path, top);
	free(top);
	root = other ? proc_link(s->via, "root") : NULL;
	if (root && root[0] == '/' && root[1])
		here = mounts_path(s->space, root);
	if (here && same_file(path, here)) {
		free(here);
		return root;
	}
	free(here);
	free(root);
	return NULL;
}

static void check_root(struct capture *c, struct source *s)
{
	char path[64], *root, *top = mounts_path(s->space, "/");
	bool other;

	snprintf(path, sizeof(path), "/proc/%d/root/.", s->via);
	other = access(path, F_OK) == 0 && !same_file(path, top);
	free(top);
	root = other ? other_root(s) : NULL;
	if (other && !root)
		obstacle_add(c, s, "run the capture inside it (nsenter)",
			     "has a root directory that no path leads to from "
			     "here");
	free(root);
}

static void check_class(struct capture *c, struct source *s)
{
	char path[64];
	unsigned char ident[5] = { 0 };
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", s->via);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, ident, sizeof(ident)) == sizeof(ident) && ident[4] == 1)
		obstacle_add(c, s, NULL, "is a 32-bit program");
	close(fd);
}

/* Processes that share what only threads may share so far. */
static void check_sharing(struct capture *c, struct source *s)
{
	static const struct { int type; const char *what; } shared[] = {
		{ KCMP_VM, "memory" }, { KCMP_FILES, "descriptors" },
		{ KCMP_FS, "working directory" },
	};
	if (!s->parent)
		return;
	list_each(&c->sources, struct source, other)
		if (other->pid == s->parent && !other->zombie)
			for (size_t i = 0; i < 3; i++)
				if (syscall(SYS_kcmp, other->via, s->via,
					    shared[i].type, 0, 0) == 0) {
					c->passing = true;
					obstacle_add(c, s, "try again in a moment",
						     "shares its %s with its "
						     "parent, process %d (vfork, "
						     "or clone without fork)",
						     shared[i].what, other->pid);
				}
}

static int check(struct capture *c, struct source *s, struct failure *f)
{
	if (s->zombie) {
		if (s->parent == 0)
			return fail(f, STATUS_NOPROC,
				    "process %d has ended already (it is a zombie)",
				    s->pid);
		return 0;
	}
	if (is_ancestor(s->pid))
		obstacle_add(c, s, "start the capture from another session",
			     "is a parent of this program");
	if (s->status.tracer && s->status.tracer != getpid())
		obstacle_add(c, s, "end the debugger or strace first",
			     "is being traced by process %d", s->status.tracer);
	check_namespaces(c, s);
	check_root(c, s);
	check_class(c, s);
	check_sharing(c, s);
	return 0;
}

/* ---- capture ---- */

/* PIDs of sessions and groups are numbers of our namespace; of those in the
 * tree the tree's own number is known. */
static uint64_t inner(const struct capture *c, pid_t pid)
{
	uint64_t id = capture_id(c, pid);

	return id ? id : (uint64_t)pid;
}

static void capture_zombie(struct source *s, struct rec_process *p)
{
	p->zombie = true;
	p->exit = s->stat.exit_code;
}

static void ask(struct capture *c, struct source *s, struct source_task *t,
		struct batch *b)
{
	(void)c;
	if (t != source_leader(s))
		return;
	batch_add(b, NULL, SYS_prctl, PR_GET_DUMPABLE);
	batch_add(b, NULL, SYS_prctl, PR_GET_THP_DISABLE);
	batch_add(b, NULL, SYS_prctl, PR_GET_CHILD_SUBREAPER,
		  batch_data(b, NULL, sizeof(int)));
}

static void answers(const struct source *s, struct rec_process *p)
{
	const struct source_task *t = source_leader(s);

	p->dumpable = task_ret(t, &kind_process, 0);
	p->thp_off = task_ret(t, &kind_process, 1) > 0;
	p->subreaper = *(const int *)task_data(t, &kind_process);
}

static int64_t number(struct source *s, const char *name, int base)
{
	int64_t value = 0;

	proc_number(s->via, name, base, &value);
	return value;
}

/* Of a directory that has been deleted, /proc says so behind its name. */
static int capture_cwd(struct capture *c, struct source *s,
		       struct rec_process *p, struct failure *f)
{
	static const char mark[] = " (deleted)";
	struct stat there, here;
	char magic[64], *cwd;
	size_t n, m = sizeof(mark) - 1;
	bool named;

	p->cwd = proc_link(s->via, "cwd");
	if (!p->cwd)
		return fail_errno(f, 0, "cannot read the working directory of "
				  "process %d", s->pid);
	n = strlen(p->cwd);
	snprintf(magic, sizeof(magic), "/proc/%d/cwd", s->via);
	if (n <= m || strcmp(p->cwd + n - m, mark) || stat(magic, &there) < 0)
		return 0;
	cwd = mounts_path(s->space, p->cwd);
	named = stat(cwd, &here) == 0 && here.st_ino == there.st_ino;
	free(cwd);
	if (named)
		return 0;
	p->cwd[n - m] = '\0';
	p->cwd_object = object_of_link(c, s, "cwd", p->cwd, OBJECT_DIRECTORY,
				       f);
	return p->cwd_object ? 0 : -1;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct rec_process *p = image_add(&c->image, RECORD_PROCESS, s->id);

	p->pid = s->id;
	p->parent = s->parent ? capture_id(c, s->parent) : 0;
	p->group = pids_group(c, s->status.nspgid, inner(c, s->stat.pgrp));
	p->session = pids_group(c, s->status.nssid, inner(c, s->stat.session));
	pids_capture(c, s, p);
	p->name = xstrdup(s->status.name);
	p->exit_signal = s->stat.exit_signal;
	if (s->zombie) {
		capture_zombie(s, p);
		return 0;
	}
	p->stopped = source_leader(s)->t.stop_again;
	p->mounts = mounts_id(s->space);
	if (capture_cwd(c, s, p, f) < 0)
		return -1;
	p->root = other_root(s);
	p->umask = s->status.umask;
	p->persona = number(s, "personality", 16);
	p->oom_adj = number(s, "oom_score_adj", 10);
	p->dump_mask = number(s, "coredump_filter", 16);
	answers(s, p);
	return 0;
}

/* ---- restore ---- */

/* 0 it is a directory there, or is going to be; errno. */
static int is_directory(struct restore *r, const struct rec_process *p,
			const char *path)
{
	char *here;
	struct stat st;
	int err = 0;

	if (mounts_made(&r->image, p->mounts, path))
		return 0;
	here = mounts_here(r, p->mounts, path);
	if (stat(here, &st) < 0)
		err = errno;
	else if (!S_ISDIR(st.st_mode))
		err = ENOENT;
	free(here);
	return err;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PROCESS, struct rec_process, p) {
		int err;

		if (p->exit_signal > SIGNAL_LAST || p->umask > 0777 ||
		    p->dumpable > 2 || p->oom_adj < -1000 || p->oom_adj > 1000 ||
		    !mounts_known(r, p->mounts) ||
		    (p->root && p->root[0] != '/') ||
		    (p->cwd && p->mounts && p->cwd[0] != '/'))
			return fail(f, STATUS_STREAM, "process %llu has a "
				    "setting that cannot be",
				    (unsigned long long)p->pid);
		if (p->zombie)
			continue;
		if (!p->cwd)
			return fail(f, STATUS_STREAM,
				    "process %llu has no working directory",
				    (unsigned long long)p->pid);
		if (p->cwd_object) {
			const struct rec_object *o = image_find(&r->image,
						RECORD_OBJECT, p->cwd_object);

			if (!o || o->kind != OBJECT_DIRECTORY)
				return fail(f, STATUS_STREAM, "the working "
					    "directory of process %llu is not "
					    "in the stream",
					    (unsigned long long)p->pid);
		} else if ((err = is_directory(r, p, p->cwd)) && err != ENOENT)
			differs_add(r, "the working directory %s: %s: lead "
				    "elsewhere with --map", p->cwd,
				    strerror(err));
		else if (err)
			differs_add(r, "the working directory %s does not exist: "
				    "make it, or lead elsewhere with --map",
				    p->cwd);
		if (p->root && is_directory(r, p, p->root))
			differs_add(r, "the root directory %s of process %llu "
				    "does not exist", p->root,
				    (unsigned long long)p->pid);
	}
	return 0;
}

static int build(struct restore *r, struct puppet *p, struct failure *f)
{
	struct batch *b = puppet_queue(p, f);

	if (!b)
		return -1;
	batch_add(b, "set the personality", SYS_personality, p->rec->persona);
	if (p->rec->cwd_object)
		batch_add(b, "change the directory", SYS_fchdir,
			  opened_find(&r->objects, p->rec->cwd_object));
	else
		batch_add(b, "change the directory", SYS_chdir,
			  batch_text(b, p->rec->cwd));
	batch_add(b, NULL, SYS_umask, p->rec->umask);
	return 0;
}

static int write_number(pid_t pid, const char *name, const char *fmt,
			long long value)
{
	char path[64], text[32];
	int fd, rc, n = snprintf(text, sizeof(text), fmt, value);

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = write(fd, text, n) == n ? 0 : -1;
	close(fd);
	return rc;
}

static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	const struct rec_process *rec = p->rec;
	int64_t now = 0;
	struct batch *b = puppet_queue(p, f);

	proc_number(p->pid, "oom_score_adj", 10, &now);
	if (now != rec->oom_adj &&
	    write_number(p->pid, "oom_score_adj", "%lld", rec->oom_adj) < 0)
		warning_add(r, "process %llu: its OOM score adjustment %d could "
			    "not be set (it is %d now)",
			    (unsigned long long)rec->pid, rec->oom_adj, (int)now);
	write_number(p->pid, "coredump_filter", "0x%llx", rec->dump_mask);
	if (!b)
		return -1;
	if (rec->subreaper)
		batch_add(b, "become a subreaper", SYS_prctl,
			  PR_SET_CHILD_SUBREAPER, 1);
	if (rec->thp_off)
		batch_add(b, NULL, SYS_prctl, PR_SET_THP_DISABLE, 1);
	if (pids_settle(r, p, f) < 0)
		return -1;
	b = puppet_queue(p, f);
	if (!b)
		return -1;
	/* By now it has its working directory, which may be outside. */
	if (rec->root)
		batch_add(b, "change its root directory", SYS_chroot,
			  batch_text(b, rec->root));
	return 0;
}

const struct kind kind_process = {
	.type = RECORD_PROCESS, .schema = &schema, .unique = true,
	.check = check, .ask = ask, .capture = capture, .draft = capture,
	.verify = verify, .build = build, .settle = settle,
};

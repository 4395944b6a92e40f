/* SPDX-License-Identifier: MIT */
/*
 * procfile.c - open files and directories of /proc/PID, of processes in the tree
 *
 * /proc/self is the number of whoever opened it, and that may be another where
 * the tree goes: such a file is opened when all processes and threads are made,
 * under the numbers that they have here.  What is read from it afterwards is
 * what is true then.  Those of processes outside the tree are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/pids.h"
#include "image/restore.h"
#include "image/say.h"

static const struct field fields[] = {
	FIELD(struct rec_proc_file, pid, FIELD_UINT),
	FIELD(struct rec_proc_file, pos, FIELD_UINT),
	FIELD(struct rec_proc_file, tid, FIELD_UINT),
	FIELD(struct rec_proc_file, path, FIELD_TEXT, .max = 4096),
	FIELD(struct rec_proc_file, flags, FIELD_UINT, .hex = true),
};
static const struct schema schema =
	SCHEMA("file of a process", struct rec_proc_file, fields);

#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECTORY | O_PATH | \
		    O_NOFOLLOW)

/* ---- capture ---- */

/* The number after @prefix, and what is behind it, without the slash. */
static pid_t number_after(const char *path, const char *prefix,
			  const char **rest)
{
	size_t n = strlen(prefix);
	char *end;
	long pid;

	if (strncmp(path, prefix, n))
		return 0;
	pid = strtol(path + n, &end, 10);
	if (end == path + n || (*end && *end != '/'))
		return 0;
	*rest = *end ? end + 1 : end;
	return pid;
}

static bool claims(const struct source_fd *fd)
{
	const char *rest;

	return number_after(fd->link, "/proc/", &rest) &&
	       major(fd->st.st_dev) == 0;
}

/* /proc of a PID namespace of its own has the tree's own numbers. */
static bool is_ours(const struct source_fd *fd)
{
	struct stat st;

	return stat("/proc", &st) == 0 && st.st_dev == fd->st.st_dev;
}

static uint64_t process_id(const struct capture *c, const struct source_fd *fd,
			   pid_t pid)
{
	if (is_ours(fd))
		return capture_id(c, pid);
	list_each(&c->sources, struct source, s)
		if (s->id == (uint64_t)pid)
			return s->id;
	return 0;
}

static uint64_t thread_id(const struct capture *c, const struct source_fd *fd,
			  pid_t tid)
{
	bool ours = is_ours(fd);

	list_each(&c->sources, struct source, s)
		list_each(&s->tasks, struct source_task, t)
			if (ours ? t->t.tid == tid : t->id == (uint64_t)tid)
				return t->id;
	return 0;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	const char *rest;
	pid_t pid = number_after(fd->link, "/proc/", &rest);

	(void)f;
	if (pids_depth(c, s) && !is_ours(fd))
		obstacle_add(c, s, "close it", "has a file of a process open "
			     "in a PID namespace of its own (%s, descriptor "
			     "%d)", fd->link, fd->fd);
	else if (fd->deleted)
		obstacle_add(c, s, "close it", "has a file of a process open "
			     "that has ended (%s, descriptor %d)", fd->link,
			     fd->fd);
	else if (!process_id(c, fd, pid))
		obstacle_add(c, s, "close it, or leave it behind (--drop)",
			     "has a file of process %d open, which is outside "
			     "the tree (%s, descriptor %d)", pid, fd->link,
			     fd->fd);
	return 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_proc_file *rec = image_add(&c->image, RECORD_PROC_FILE, id);
	const char *rest = "", *deeper;
	pid_t tid;

	rec->pid = process_id(c, fd,
			      number_after(fd->link, "/proc/", &rest));
	tid = number_after(rest, "task/", &deeper);
	if (tid) {
		rec->tid = thread_id(c, fd, tid);
		if (!rec->tid)
			return fail(f, STATUS_OBSTACLE, "process %d has a file of "
				    "a thread open that has ended (%s, "
				    "descriptor %d)", s->pid, fd->link, fd->fd);
		rest = deeper;
	}
	rec->path = xstrdup(rest);
	rec->flags = fd->info.flags & KEPT_FLAGS;
	rec->pos = fd->info.pos;
	return 0;
}

const struct fd_kind fd_kind_proc_file = {
	.claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static bool climbs(const char *path)
{
	return *path == '/' || strstr(path, "..");
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PROC_FILE, struct rec_proc_file, p) {
		const struct rec_thread *t = p->tid ?
			image_find(&r->image, RECORD_THREAD, p->tid) : NULL;

		if (!image_find(&r->image, RECORD_PROCESS, p->pid) ||
		    (p->tid && (!t || t->pid != p->pid)) ||
		    (p->path && climbs(p->path)) ||
		    (p->flags & ~(uint32_t)KEPT_FLAGS))
			return fail(f, STATUS_STREAM, "file %llu of /proc is not "
				    "sound", (unsigned long long)p_r->id);
	}
	return 0;
}

static pid_t outer_tid(const struct puppet *p, uint64_t tid)
{
	list_each(&p->members, struct member, m)
		if (m->rec && m->rec->tid == tid)
			return m->t.tid;
	return p->pid;
}

/* In a PID namespace of their own by the numbers in that, as its /proc. */
static char *path_of(const struct restore *r, const struct rec_proc_file *rec)
{
	const struct puppet *top = *list_at(&r->puppets, struct puppet *, 0);
	const struct puppet *p = find_puppet(r, rec->pid);
	const char *rest = rec->path ? rec->path : "";
	char *root = r->private_pids ? xasprintf("/proc/%d/root", top->pid) :
		xstrdup("");
	long long pid = r->private_pids ? (long long)rec->pid : p->pid;
	long long tid = r->private_pids ? (long long)rec->tid :
		outer_tid(p, rec->tid);
	char *path = rec->tid ?
		xasprintf("%s/proc/%lld/task/%lld/%s", root, pid, tid, rest) :
		xasprintf("%s/proc/%lld/%s", root, pid, rest);

	free(root);
	return path;
}

static int open_one(struct restore *r, uint64_t id,
		    const struct rec_proc_file *rec, struct failure *f)
{
	char *path = path_of(r, rec);
	int fd = open(path, rec->flags | O_CLOEXEC | O_NOCTTY);
	int rc = 0;

	if (fd < 0)
		rc = fail_errno(f, STATUS_DIFFERS, "cannot open %s", path);
	else if (rec->pos && !(rec->flags & O_PATH) &&
		 lseek(fd, rec->pos, SEEK_SET) < 0)
		warning_add(r, "%s is read from its beginning: %s", path,
			    strerror(errno));
	free(path);
	return rc < 0 ? -1 : opened_add(r, &r->late, id, fd, f);
}

/* Once, for the top: threads exist now, descriptors are placed next. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_PROC_FILE, struct rec_proc_file, rec)
		if (open_one(r, rec_r->id, rec, f) < 0)
			return -1;
	return 0;
}

static void describe(FILE *to, const void *data)
{
	const struct rec_proc_file *rec = data;

	fprintf(to, "/proc/%llu/", (unsigned long long)rec->pid);
	if (rec->tid)
		fprintf(to, "task/%llu/", (unsigned long long)rec->tid);
	put_text_or(to, rec->path, "");
}

const struct kind kind_proc_file = {
	.type = RECORD_PROC_FILE, .schema = &schema, .unique = true,
	.open = true,
	.verify = verify, .settle = settle, .describe = describe,
};

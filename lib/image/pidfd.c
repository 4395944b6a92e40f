/* SPDX-License-Identifier: MIT */
/*
 * pidfd.c - processes held by a descriptor: pidfd_open(2)
 *
 * One of a process or thread of the tree becomes one of its puppet, when that is
 * there.  One of a process that has ended and been asked how becomes one of a
 * child that the top has for a moment, and that ends in the same way.  A process outside the tree
 * stays where it is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/pids.h"
#include "image/anon.h"
#include "image/say.h"

static const struct field fields[] = {
	FIELD(struct rec_pidfd, exit, FIELD_UINT),
	FIELD(struct rec_pidfd, task, FIELD_UINT),
	FIELD(struct rec_pidfd, flags, FIELD_UINT, .hex = true),
};
static const struct schema schema = SCHEMA("pidfd", struct rec_pidfd, fields);

#define OF_THREAD	O_EXCL		/* PIDFD_THREAD, Linux 6.9 */
#define FLAGS		(O_NONBLOCK | OF_THREAD)

/* Linux 6.15 tells how a process has ended that nobody can wait for any more. */
struct pidfd_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO	_IOWR(0xFF, 11, struct pidfd_info)
#define INFO_EXIT	(1u << 3)

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "[pidfd]") || !strncmp(fd->link, "pidfd:", 6);
}

/* As we see it: -1 has ended, 0 is not for us to see. */
static pid_t target(const struct source_fd *fd)
{
	uint64_t pid;

	return anon_value(&fd->info, "Pid:", 10, &pid) ? (pid_t)pid : 0;
}

/* Its number in the tree; 0 outside. */
static uint64_t task_of(const struct capture *c, const struct source_fd *fd,
			pid_t tid)
{
	struct proc_status st = { 0 };
	uint64_t id = capture_id(c, tid);

	if (id || !(fd->info.flags & OF_THREAD) ||
	    proc_status(tid, tid, &st) < 0)
		return id;
	if (capture_id(c, st.tgid))
		id = pids_id(c, &st, tid);
	proc_status_free(&st);
	return id;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	pid_t pid = target(fd);

	(void)f;
	if (pid == -1 || (pid && task_of(c, fd, pid)))
		return 0;
	if (pid)
		obstacle_add(c, s, "close it, or leave it behind (--drop)",
			     "has a pidfd of process %d, which is outside the "
			     "tree (descriptor %d)", pid, fd->fd);
	else
		obstacle_add(c, s, "close it, or leave it behind (--drop)",
			     "has a pidfd of a process in another PID namespace "
			     "(descriptor %d)", fd->fd);
	return 0;
}

static int read_end(const struct source *s, const struct source_fd *fd,
		    struct rec_pidfd *rec, struct failure *f)
{
	struct pidfd_info info = { .mask = INFO_EXIT };
	int copy = anon_take(s, fd->fd, f);

	if (copy < 0)
		return -1;
	if (ioctl(copy, GET_INFO, &info) == 0 && info.mask & INFO_EXIT)
		rec->exit = info.exit_code;
	close(copy);
	return 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_pidfd *rec = image_add(&c->image, RECORD_PIDFD, id);
	pid_t pid = target(fd);

	rec->flags = fd->info.flags & FLAGS;
	if (pid == -1)
		return read_end(s, fd, rec, f);
	rec->task = task_of(c, fd, pid);
	return 0;
}

const struct fd_kind fd_kind_pidfd = {
	.flies = true,
	.claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PIDFD, struct rec_pidfd, p) {
		bool thread = p->flags & OF_THREAD;

		if (p->flags & ~FLAGS || p->exit > 0xffff ||
		    (p->task && !find_puppet(r, p->task) &&
		     !(thread && image_find(&r->image, RECORD_THREAD, p->task))))
			return fail(f, STATUS_STREAM, "pidfd %llu is not sound",
				    (unsigned long long)p_r->id);
	}
	return 0;
}

/* Of the tree's own PID namespace, and before there is much to be copied. */
static int build(struct restore *r, struct puppet *top, struct failure *f)
{
	if (top->parent)
		return 0;
	image_each(&r->image, RECORD_PIDFD, struct rec_pidfd, p) {
		int fd;

		if (!p->task &&
		    (puppets_ended(r, p->exit, p->flags, &fd, f) < 0 ||
		     opened_add(r, &r->late, p_r->id, fd, f) < 0))
			return -1;
	}
	return 0;
}

/* By our numbers. */
static pid_t task_here(const struct restore *r, uint64_t task)
{
	const struct puppet *p = find_puppet(r, task);

	if (p)
		return p->pid;
	list_each(&r->puppets, struct puppet *, any)
		list_each(&(*any)->members, struct member, m)
			if (m->rec && m->rec->tid == task)
				return m->t.tid;
	return -1;
}

/* Once, when threads are there; before descriptors are placed. */
static int settle(struct restore *r, struct puppet *top, struct failure *f)
{
	if (top->parent)
		return 0;
	image_each(&r->image, RECORD_PIDFD, struct rec_pidfd, p) {
		int fd;

		if (!p->task)
			continue;
		fd = syscall(SYS_pidfd_open, task_here(r, p->task), p->flags);
		if (fd < 0)
			return fail_errno(f, STATUS_DIFFERS, "cannot make a "
					  "pidfd%s", p->flags & OF_THREAD ?
					  " of a thread" : "");
		if (opened_add(r, &r->late, p_r->id, fd, f) < 0)
			return -1;
	}
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_pidfd *p = rec;

	if (p->task)
		fprintf(to, "pidfd of %s %llu", p->flags & OF_THREAD ?
			"thread" : "process", (unsigned long long)p->task);
	else
		fputs("pidfd of a process that has ended", to);
}

const struct kind kind_pidfd = {
	.type = RECORD_PIDFD, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .build = build, .settle = settle,
	.describe = describe,
};

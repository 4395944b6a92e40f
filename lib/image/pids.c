/* SPDX-License-Identifier: MIT */
/*
 * pids.c - PID namespaces that were made inside of a tree
 *
 * A process has a number in the namespace that it is in and in each above.  In
 * the stream it has the one that counts where the top of the tree is; or one
 * above, if the top is the init of its own namespace.  Beside it are the
 * numbers in the namespaces below: what the process itself, and those with it,
 * know it by.  So whatever a process is told to do to another one has to be said
 * in its own numbers.
 */
#include "image/pids.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/capture.h"

/* ---- capture ---- */

/* Numbers of namespaces below the level of the tree: their inodes. */
static void look_spaces(const struct capture *c, struct source *s)
{
	int depth = s->status.nspid_n - 1 - c->level, fd;
	char path[64];
	struct stat st;

	memset(s->spaces, 0, sizeof(s->spaces));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", s->pid);
	fd = depth > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	for (; depth > 0 && fd >= 0; depth--) {
		int up = ioctl(fd, NS_GET_PARENT);

		if (fstat(fd, &st) == 0)
			s->spaces[depth - 1] = st.st_ino;
		close(fd);
		fd = up;
	}
	if (fd >= 0)
		close(fd);
}

void pids_look(struct capture *c, struct source *s)
{
	const struct proc_status *st = &s->status;

	if (!s->parent) {
		c->level = st->nspid_n ? st->nspid_n - 1 : 0;
		if (c->level && st->nspid[c->level] == 1)
			c->level--;
	}
	s->id = pids_id(c, st, s->pid);
	look_spaces(c, s);
}

uint64_t pids_id(const struct capture *c, const struct proc_status *st,
		 uint64_t unknown)
{
	return c->level < st->nspid_n ? (uint64_t)st->nspid[c->level] : unknown;
}

int pids_depth(const struct capture *c, const struct source *s)
{
	int depth = s->status.nspid_n - 1 - c->level;

	return depth > 0 ? depth : 0;
}

uint64_t pids_group(const struct capture *c, const pid_t levels[8],
		    uint64_t unknown)
{
	return levels[c->level] ? (uint64_t)levels[c->level] : unknown;
}

/* In the namespace of @s, which @other may not be in: 0. */
static bool sees(const struct capture *c, const struct source *s,
		 const struct source *other)
{
	int depth = pids_depth(c, s);

	return !depth || (pids_depth(c, other) >= depth &&
			  other->spaces[depth - 1] == s->spaces[depth - 1]);
}

uint64_t pids_meant(const struct capture *c, const struct source *s,
		    enum pids_what what, uint64_t number)
{
	int at = c->level + pids_depth(c, s);

	if (at == c->level)
		return number;
	list_each(&c->sources, struct source, other) {
		if (!sees(c, s, other))
			continue;
		if (what == PIDS_PROCESS &&
		    (uint64_t)other->status.nspid[at] == number)
			return other->id;
		if (what == PIDS_GROUP &&
		    (uint64_t)other->status.nspgid[at] == number)
			return pids_group(c, other->status.nspgid, 0);
		list_each(&other->tasks, struct source_task, t)
			if (what == PIDS_THREAD &&
			    (uint64_t)t->status.nspid[at] == number)
				return t->id;
	}
	return 0;
}

/* Where the next child goes; CHILD_SPACE_NEW: one that has nobody in it yet. */
static uint64_t child_space(const struct source *s)
{
	struct stat own, next;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", s->via);
	if (stat(path, &own) < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid_for_children", s->via);
	if (stat(path, &next) < 0)
		return errno == ENOENT ? CHILD_SPACE_NEW : 0;
	return next.st_ino == own.st_ino ? 0 : next.st_ino;
}

static bool has_init(const struct capture *c, uint64_t space)
{
	list_each(&c->sources, struct source, s) {
		int depth = pids_depth(c, s);

		if (depth && s->spaces[depth - 1] == space &&
		    s->status.nspid[s->status.nspid_n - 1] == 1)
			return true;
	}
	return false;
}

bool pids_has_spaces(const struct capture *c)
{
	list_each(&c->sources, struct source, s)
		if (pids_depth(c, s) || (!s->zombie && child_space(s)))
			return true;
	return false;
}

void pids_check(struct capture *c, const struct source *s)
{
	int depth = pids_depth(c, s);
	uint64_t next;

	if (depth && geteuid())
		obstacle_add(c, s, "capture it as root", "is in a PID namespace "
			     "of its own");
	for (int i = 0; i < depth; i++)
		if (!s->spaces[i] || !has_init(c, s->spaces[i])) {
			obstacle_add(c, s, "capture the process that is the "
				     "init of it", "is in a PID namespace that "
				     "does not begin in the tree");
			return;
		}
	next = s->zombie || geteuid() ? 0 : child_space(s);
	if (next && next != CHILD_SPACE_NEW && !has_init(c, next))
		obstacle_add(c, s, NULL, "is to have its children in a PID "
			     "namespace whose init has ended, or is not in the "
			     "tree");
	if (depth + c->level > 6)
		obstacle_add(c, s, NULL, "is in too deep a PID namespace");
}

static void add_number(struct list *l, uint64_t number)
{
	*(uint64_t *)list_add(l, sizeof(number)) = number;
}

void pids_capture(const struct capture *c, const struct source *s,
		  struct rec_process *p)
{
	const struct proc_status *st = &s->status;

	for (int i = 1; i <= pids_depth(c, s); i++) {
		add_number(&p->spaces, s->spaces[i - 1]);
		add_number(&p->inner, st->nspid[c->level + i]);
		add_number(&p->inner_groups, st->nspgid[c->level + i]);
		add_number(&p->inner_sessions, st->nssid[c->level + i]);
	}
	if (!s->zombie && !geteuid())
		p->child_space = child_space(s);
}

void pids_thread(const struct capture *c, const struct proc_status *st,
		 struct list *inner)
{
	for (int i = c->level + 1; i < st->nspid_n; i++)
		add_number(inner, st->nspid[i]);
}

/* ---- restore: what the records say ---- */

static uint64_t at(const struct list *l, size_t i)
{
	return *list_at(l, uint64_t, i);
}

size_t puppet_depth(const struct puppet *p)
{
	return p->rec->inner.n;
}

bool puppet_is_init(const struct puppet *p)
{
	size_t n = puppet_depth(p);

	return n && at(&p->rec->inner, n - 1) == 1;
}

/* Has it a number in all namespaces that @p counts by? */
static bool is_seen(const struct puppet *p, const struct rec_process *other)
{
	size_t n = puppet_depth(p);

	return !n || (other->spaces.n >= n &&
		      at(&other->spaces, n - 1) == at(&p->rec->spaces, n - 1));
}

uint64_t puppet_sees(const struct restore *r, const struct puppet *p,
		     uint64_t id)
{
	const struct puppet *other = find_puppet(r, id);
	const struct rec_thread *t = other ? NULL :
		image_find(&r->image, RECORD_THREAD, id);
	size_t n = puppet_depth(p);

	if (!n)
		return id;
	if (other)
		return is_seen(p, other->rec) ? at(&other->rec->inner, n - 1) : 0;
	other = t ? find_puppet(r, t->pid) : NULL;
	return other && is_seen(p, other->rec) && t->inner.n >= n ?
		at(&t->inner, n - 1) : 0;
}

uint64_t puppet_sees_group(const struct restore *r, const struct puppet *p,
			   uint64_t group)
{
	size_t n = puppet_depth(p);

	if (!n || find_puppet(r, group))
		return puppet_sees(r, p, group);
	list_each(&r->puppets, struct puppet *, other)
		if ((*other)->rec->group == group &&
		    (*other)->rec->inner_groups.n >= n &&
		    is_seen(p, (*other)->rec))
			return at(&(*other)->rec->inner_groups, n - 1);
	return 0;
}

static int unsound(const struct rec_process *p, struct failure *f)
{
	return fail(f, STATUS_STREAM, "process %llu of the stream has a number "
		    "in a PID namespace that it cannot have",
		    (unsigned long long)p->pid);
}

static bool numbers_sound(const struct list *l, bool zero)
{
	list_each(l, uint64_t, number)
		if ((!*number && !zero) || *number > PID_LIMIT)
			return false;
	return true;
}

/* One init, and the same namespaces above, for all that are in one. */
static bool space_sound(const struct restore *r, const struct rec_process *p)
{
	size_t n = p->spaces.n, inits = 0;

	image_each(&r->image, RECORD_PROCESS, struct rec_process, other) {
		if (other->spaces.n < n ||
		    at(&other->spaces, n - 1) != at(&p->spaces, n - 1))
			continue;
		for (size_t i = 0; i < n; i++)
			if (at(&other->spaces, i) != at(&p->spaces, i))
				return false;
		inits += other->spaces.n == n && at(&other->inner, n - 1) == 1;
		if (other != p && at(&other->inner, n - 1) ==
		    at(&p->inner, n - 1))
			return false;
	}
	return inits == 1;
}

static bool has_space(const struct restore *r, uint64_t space)
{
	image_each(&r->image, RECORD_PROCESS, struct rec_process, p)
		list_each(&p->spaces, uint64_t, s)
			if (*s == space)
				return true;
	return false;
}

#define DEPTH_MAX 6

/* Before the tree is planned: all lists are of one length. */
int pids_verify(const struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PROCESS, struct rec_process, p)
		if (p->inner.n != p->spaces.n || p->inner.n > DEPTH_MAX ||
		    p->inner_groups.n != p->inner.n ||
		    p->inner_sessions.n != p->inner.n ||
		    !numbers_sound(&p->inner, false) ||
		    !numbers_sound(&p->inner_groups, true) ||
		    !numbers_sound(&p->inner_sessions, true))
			return unsound(p, f);
	image_each(&r->image, RECORD_PROCESS, struct rec_process, p) {
		const struct rec_process *parent =
			image_find(&r->image, RECORD_PROCESS, p->parent);

		if ((p->spaces.n && !space_sound(r, p)) ||
		    (parent && parent->spaces.n > p->spaces.n) ||
		    (!p->parent && (p->spaces.n > 1 || (p->spaces.n &&
							at(&p->inner, 0) != 1))) ||
		    (p->child_space > CHILD_SPACE_NEW &&
		     !has_space(r, p->child_space)))
			return unsound(p, f);
		for (size_t i = 0; parent && i < parent->spaces.n; i++)
			if (at(&parent->spaces, i) != at(&p->spaces, i))
				return unsound(p, f);
	}
	image_each(&r->image, RECORD_THREAD, struct rec_thread, t) {
		const struct rec_process *p =
			image_find(&r->image, RECORD_PROCESS, t->pid);

		if (p && (t->inner.n != p->inner.n ||
			  !numbers_sound(&t->inner, false)))
			return unsound(p, f);
	}
	return 0;
}

/* ---- restore: being born into one ---- */

struct puppet *pids_member(const struct restore *r, uint64_t space)
{
	list_each(&r->puppets, struct puppet *, p) {
		size_t n = puppet_depth(*p);

		if ((*p)->pid && !(*p)->done && !(*p)->rec->zombie &&
		    (space ? n && at(&(*p)->rec->spaces, n - 1) == space : !n))
			return *p;
	}
	return NULL;
}

/* The children of @p are born into the namespace that @like is in. */
static int set_birth(struct restore *r, struct puppet *p,
		     const struct puppet *like, struct failure *f)
{
	char path[64];
	int ours, theirs, rc;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", like->pid);
	ours = open(path, O_RDONLY | O_CLOEXEC);
	if (ours < 0)
		return fail_errno(f, 0, "cannot open %s", path);
	rc = puppet_give(r, p, &ours, &theirs, 1, f);
	close(ours);
	if (rc == 0)
		rc = puppet_call(p, "enter a PID namespace", SYS_setns, theirs,
				 CLONE_NEWPID, 0, 0, 0, NULL, f);
	if (rc == 0)
		rc = puppet_call(p, NULL, SYS_close, theirs, 0, 0, 0, 0, NULL,
				 f);
	return rc;
}

bool puppet_is_apart(const struct puppet *parent, const struct puppet *kid)
{
	return puppet_depth(parent) != puppet_depth(kid);
}

int puppet_birth(struct restore *r, struct puppet *parent,
		 const struct puppet *kid, struct failure *f)
{
	size_t n = puppet_depth(kid) - puppet_is_init(kid);
	const struct puppet *like = n == puppet_depth(parent) ? parent :
		pids_member(r, at(&kid->rec->spaces, n - 1));

	if (!like)
		return fail(f, STATUS_DIFFERS, "process %llu is in a PID "
			    "namespace that begins elsewhere in the tree, later",
			    (unsigned long long)kid->rec->pid);
	return like == parent ? 0 : set_birth(r, parent, like, f);
}

int puppet_birth_end(struct restore *r, struct puppet *parent,
		     const struct puppet *kid, struct failure *f)
{
	size_t n = puppet_depth(kid) - puppet_is_init(kid);

	return n == puppet_depth(parent) ? 0 : set_birth(r, parent, parent, f);
}

int pids_settle(struct restore *r, struct puppet *p, struct failure *f)
{
	uint64_t space = p->rec->child_space;
	const struct puppet *like;

	if (!space || p->rec->zombie)
		return 0;
	if (space == CHILD_SPACE_NEW)
		return puppet_call_later(p, "make a PID namespace", SYS_unshare,
					 CLONE_NEWPID, 0, 0, f);
	like = pids_member(r, space);
	return like ? set_birth(r, p, like, f) :
		fail(f, STATUS_DIFFERS, "the PID namespace for children of "
		     "process %llu is not there",
		     (unsigned long long)p->rec->pid);
}

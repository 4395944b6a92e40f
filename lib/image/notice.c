/* SPDX-License-Identifier: MIT */
/*
 * notice.c - whom an open description tells of what happens to it: F_SETOWN,
 * F_SETSIG, O_ASYNC; and how long what is written is to live (F_SET_RW_HINT)
 *
 * Only a process that has the description can be asked, and the answer is a
 * number in the eyes of that process.  An owner that is gone, or that nobody
 * of the tree can see, is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "image/capture.h"
#include "image/pids.h"
#include "image/restore.h"

static const struct field fields[] = {
	FIELD(struct rec_notice, hint, FIELD_UINT),
	FIELD(struct rec_notice, type, FIELD_UINT),
	FIELD(struct rec_notice, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_notice, owner, FIELD_UINT),
	FIELD(struct rec_notice, signal, FIELD_UINT),
};
static const struct schema schema =
	SCHEMA("notice", struct rec_notice, fields);

#define ASYNC		020000	/* O_ASYNC */
/* What F_SETFL sets, all at once. */
#define SETTABLE	(ASYNC | O_APPEND | O_DIRECT | O_NOATIME | O_NONBLOCK)

/* ---- capture ---- */

struct asked {
	const struct source_fd *fd;
	uint64_t open, owner_at, hint_at;
	size_t owner_call, sig_call, hint_call;
};

static void ask(struct batch *b, struct asked *a)
{
	a->owner_at = batch_data(b, NULL, sizeof(struct f_owner_ex));
	a->hint_at = batch_data(b, NULL, sizeof(uint64_t));
	a->owner_call = batch_add(b, NULL, SYS_fcntl, a->fd->fd, F_GETOWN_EX,
				  a->owner_at);
	a->sig_call = batch_add(b, NULL, SYS_fcntl, a->fd->fd, F_GETSIG);
	a->hint_call = batch_add(b, NULL, SYS_fcntl, a->fd->fd,
				 F_GET_RW_HINT, a->hint_at);
}

/* Is it of the tree? */
static bool in_tree(const struct capture *c, int type, uint64_t owner)
{
	list_each(&c->sources, struct source, s) {
		if (type == F_OWNER_PID && s->id == owner)
			return true;
		if (type == F_OWNER_PGRP && owner &&
		    (s->id == owner || s->stat.pgrp == (pid_t)owner ||
		     pids_group(c, s->status.nspgid, 0) == owner))
			return true;
		list_each(&s->tasks, struct source_task, t)
			if (type == F_OWNER_TID && t->id == owner)
				return true;
	}
	return false;
}

static void note(struct capture *c, struct source *s, const struct batch *b,
		 const struct asked *a)
{
	const struct f_owner_ex *owner = batch_out(b, a->owner_at);
	const uint64_t *hint = batch_out(b, a->hint_at);
	int64_t sig = batch_ret(b, a->sig_call);
	bool owned = batch_ret(b, a->owner_call) == 0 && owner->pid > 0;
	uint64_t id = !owned ? 0 : pids_meant(c, s, owner->type == F_OWNER_TID ?
		PIDS_THREAD : owner->type == F_OWNER_PID ? PIDS_PROCESS :
		PIDS_GROUP, owner->pid);
	struct rec_notice *rec;

	if (batch_ret(b, a->hint_call) < 0)
		hint = NULL;
	/* Nothing else of a directory is ever told. */
	if (owned && S_ISDIR(a->fd->st.st_mode))
		obstacle_add(c, s, NULL, "has asked to be told of changes in %s "
			     "(F_NOTIFY, descriptor %d), and the kernel does not "
			     "say of which", a->fd->link, a->fd->fd);
	else if (owned && !in_tree(c, owner->type, id))
		obstacle_add(c, s, NULL, "has a descriptor that tells a process "
			     "outside the tree of input (%s, descriptor %d)",
			     a->fd->link, a->fd->fd);
	if (!owned && sig <= 0 && !(hint && *hint) &&
	    !(a->fd->info.flags & ASYNC))
		return;
	rec = image_add(&c->image, RECORD_NOTICE, a->open);
	if (a->fd->info.flags & ASYNC)
		rec->flags = a->fd->info.flags & SETTABLE;
	rec->signal = sig > 0 ? sig : 0;
	rec->hint = hint ? *hint : 0;
	if (owned) {
		rec->type = owner->type;
		rec->owner = id;
	}
}

static int run(struct capture *c, struct source *s, struct batch *b,
	       struct list *asked, struct failure *f)
{
	int rc = batch_run(b, f);

	list_each(asked, struct asked, a)
		if (rc == 0)
			note(c, s, b, a);
	batch_reset(b);
	list_free(asked);
	return rc;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct list asked = { 0 };
	struct batch b;
	size_t n;
	struct record *d = image_run(&c->image, RECORD_DESCRIPTOR, s->id, &n);
	int rc = 0;

	if (!d)
		return 0;
	source_batch(s, &b);
	/* Numbers are given to descriptions in the order they are met in: who
	 * has one first is asked. */
	for (size_t i = 0; i < n && i < s->fds.n && rc == 0; i++) {
		const struct rec_descriptor *rec = d[i].data;
		const struct source_fd *fd =
			list_at(&s->fds, struct source_fd, i);
		struct asked *a;

		if (fd->fd != (int)rec->fd || rec->open <= c->asked)
			continue;
		c->asked = rec->open;
		if (fd->info.flags & O_PATH)
			continue;
		a = list_add(&asked, sizeof(*a));
		a->fd = fd;
		a->open = rec->open;
		ask(&b, a);
		if (batch_full(&b))
			rc = run(c, s, &b, &asked, f);
	}
	if (rc == 0 && asked.n)
		rc = run(c, s, &b, &asked, f);
	list_free(&asked);
	batch_free(&b);
	return rc;
}

/* ---- restore ---- */

static bool is_in_tree(const struct restore *r, uint32_t type, uint64_t owner)
{
	if (!owner || type == F_OWNER_PGRP)
		return true;
	return image_find(&r->image, type == F_OWNER_TID ? RECORD_THREAD :
			  RECORD_PROCESS, owner);
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_NOTICE, struct rec_notice, rec)
		if (rec->type > F_OWNER_PGRP || rec->signal > SIGNAL_LAST ||
		    rec->hint > 5 || rec->owner > INT32_MAX ||
		    rec->flags & ~(uint32_t)SETTABLE ||
		    !is_in_tree(r, rec->type, rec->owner))
			return fail(f, STATUS_STREAM, "the notice of open "
				    "description %llu is not sound",
				    (unsigned long long)rec_r->id);
	return 0;
}

/* A group outside the tree has become another: that of whoever was in it. */
static int group_here(struct restore *r, uint64_t group, int *now,
		      struct failure *f)
{
	list_each(&r->puppets, struct puppet *, p) {
		struct batch b;
		int rc;

		if ((*p)->rec->group != group || (*p)->done)
			continue;
		puppet_batch(*p, &b);
		batch_add(&b, "ask for its group", SYS_getpgid, 0);
		rc = batch_run(&b, f);
		*now = rc == 0 ? batch_ret(&b, 0) : 0;
		batch_free(&b);
		return rc;
	}
	*now = group;
	return 0;
}

static int set(struct restore *r, struct puppet *p, struct member *m,
	       const struct rec_descriptor *d, const struct rec_notice *rec,
	       struct failure *f)
{
	struct f_owner_ex owner = { .type = rec->type, .pid = rec->owner };
	struct batch *b;

	if (puppet_depth(p))
		owner.pid = rec->type == F_OWNER_PGRP ?
			puppet_sees_group(r, p, rec->owner) :
			puppet_sees(r, p, rec->owner);
	else if (rec->owner && rec->type == F_OWNER_PGRP &&
	    group_here(r, rec->owner, &owner.pid, f) < 0)
		return -1;
	b = member_queue(p, m, f);
	if (!b)
		return -1;
	if (rec->owner)
		batch_add(b, "say who is told of input", SYS_fcntl, d->fd,
			  F_SETOWN_EX, batch_data(b, &owner, sizeof(owner)));
	if (rec->signal)
		batch_add(b, "say by which signal", SYS_fcntl, d->fd, F_SETSIG,
			  rec->signal);
	if (rec->hint)
		batch_add(b, NULL, SYS_fcntl, d->fd, F_SET_RW_HINT,
			  batch_data(b, &rec->hint, sizeof(rec->hint)));
	if (rec->flags)
		batch_add(b, "be told of input", SYS_fcntl, d->fd, F_SETFL,
			  rec->flags);
	return 0;
}

/* Is it the first process, in the order of the tree, that has it? */
static bool is_its_turn(const struct restore *r, const struct puppet *p,
			uint64_t open)
{
	list_each(&r->puppets, struct puppet *, other)
		for (size_t i = 0; i < (*other)->fd_n; i++)
			if ((*other)->fds[i]->open == open)
				return *other == p;
	return false;
}

/* All exist and have their credentials; whose they are counts when the signal
 * is sent. */
static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	uint64_t last = 0;

	if (m != puppet_last_caller(p) ||
	    !image_list(&r->image, RECORD_NOTICE)->n)
		return 0;
	for (size_t i = 0; i < p->fd_n; i++) {
		const struct rec_notice *rec =
			image_find(&r->image, RECORD_NOTICE, p->fds[i]->open);

		if (!rec || p->fds[i]->open == last ||
		    !is_its_turn(r, p, p->fds[i]->open))
			continue;
		last = p->fds[i]->open;
		if (set(r, p, m, p->fds[i], rec, f) < 0)
			return -1;
	}
	return 0;
}

const struct kind kind_notice = {
	.type = RECORD_NOTICE, .schema = &schema, .unique = true,
	.capture = capture, .verify = verify, .thread = thread,
};

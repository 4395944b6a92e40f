/* SPDX-License-Identifier: MIT */
/*
 * creds.c - users, groups and capabilities of a thread; shared by id
 *
 * Most trees have one set, so a record is made for each that differs and
 * threads name it.  A thread that has here what it is to have is left alone:
 * that is also what an ordinary user may do.
 */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/restore.h"
#include "image/thread.h"

static const struct field fields[] = {
	FIELD(struct rec_creds, gid, FIELD_UINT),
	FIELD(struct rec_creds, uid, FIELD_UINT),
	FIELD(struct rec_creds, egid, FIELD_UINT),
	FIELD(struct rec_creds, euid, FIELD_UINT),
	FIELD(struct rec_creds, sgid, FIELD_UINT),
	FIELD(struct rec_creds, suid, FIELD_UINT),
	FIELD(struct rec_creds, fsgid, FIELD_UINT),
	FIELD(struct rec_creds, fsuid, FIELD_UINT),
	FIELD(struct rec_creds, groups, FIELD_WORDS),
	FIELD(struct rec_creds, cap_amb, FIELD_UINT, .hex = true),
	FIELD(struct rec_creds, cap_bnd, FIELD_UINT, .hex = true),
	FIELD(struct rec_creds, cap_eff, FIELD_UINT, .hex = true),
	FIELD(struct rec_creds, cap_inh, FIELD_UINT, .hex = true),
	FIELD(struct rec_creds, cap_prm, FIELD_UINT, .hex = true),
	FIELD(struct rec_creds, securebits, FIELD_UINT, .hex = true),
};

static const struct schema schema = SCHEMA("credentials", struct rec_creds, fields);

static void from_status(struct rec_creds *c, const struct proc_status *st)
{
	c->uid = st->uid[0];
	c->euid = st->uid[1];
	c->suid = st->uid[2];
	c->fsuid = st->uid[3];
	c->gid = st->gid[0];
	c->egid = st->gid[1];
	c->sgid = st->gid[2];
	c->fsgid = st->gid[3];
	list_each(&st->groups, uint32_t, g)
		*(uint64_t *)list_add(&c->groups, sizeof(uint64_t)) = *g;
	c->cap_inh = st->cap[CAP_INH];
	c->cap_prm = st->cap[CAP_PRM];
	c->cap_eff = st->cap[CAP_EFF];
	c->cap_bnd = st->cap[CAP_BND];
	c->cap_amb = st->cap[CAP_AMB];
}

static bool same_ids(const struct rec_creds *a, const struct rec_creds *b)
{
	return a->uid == b->uid && a->euid == b->euid && a->suid == b->suid &&
	       a->fsuid == b->fsuid && a->gid == b->gid && a->egid == b->egid &&
	       a->sgid == b->sgid && a->fsgid == b->fsgid;
}

static bool same_groups(const struct rec_creds *a, const struct rec_creds *b)
{
	return a->groups.n == b->groups.n &&
	       (!a->groups.n || !memcmp(a->groups.items, b->groups.items,
					a->groups.n * sizeof(uint64_t)));
}

static bool same_caps(const struct rec_creds *a, const struct rec_creds *b)
{
	return a->cap_inh == b->cap_inh && a->cap_prm == b->cap_prm &&
	       a->cap_eff == b->cap_eff && a->cap_bnd == b->cap_bnd &&
	       a->cap_amb == b->cap_amb && a->securebits == b->securebits;
}

static bool same(const struct rec_creds *a, const struct rec_creds *b)
{
	return same_ids(a, b) && same_groups(a, b) && same_caps(a, b);
}

uint64_t creds_of(struct capture *c, const struct source_task *t,
		  uint32_t securebits)
{
	struct rec_creds mine = { .securebits = securebits }, *rec;
	uint64_t id;

	from_status(&mine, &t->status);
	image_each(&c->image, RECORD_CREDS, struct rec_creds, known) {
		if (same(known, &mine)) {
			id = known_r->id;
			schema_free(&schema, &mine);
			return id;
		}
	}
	id = c->next_creds++;
	rec = image_add(&c->image, RECORD_CREDS, id);
	*rec = mine;
	return id;
}

/* ---- restore ---- */

/* An ordinary user can become nobody else, in no namespace of his own. */
static int verify_user(const struct rec_creds *c, struct failure *f)
{
	uint32_t uid = geteuid(), gid = getegid();

	if (uid == 0 ||
	    (c->uid == uid && c->euid == uid && c->suid == uid &&
	     c->gid == gid && c->egid == gid && c->sgid == gid))
		return 0;
	return fail(f, STATUS_PERM, "the program runs as user %u and group %u, "
		    "and this is user %u and group %u: restore it as that "
		    "user, or as root", c->euid, c->egid, uid, gid);
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_CREDS, struct rec_creds, c)
		if (verify_user(c, f) < 0)
			return -1;
	image_each(&r->image, RECORD_THREAD, struct rec_thread, t)
		if (!image_find(&r->image, RECORD_CREDS, t->creds))
			return fail(f, STATUS_STREAM,
				    "thread %llu names credentials %llu, which "
				    "the stream does not have",
				    (unsigned long long)t->tid,
				    (unsigned long long)t->creds);
	return 0;
}

/* What a puppet has, as a child of this program. */
static const struct rec_creds *ours(void)
{
	static struct rec_creds c;
	static bool known;
	struct proc_status st = { 0 };

	if (!known && proc_status(getpid(), getpid(), &st) == 0) {
		from_status(&c, &st);
		c.securebits = prctl(PR_GET_SECUREBITS);
		proc_status_free(&st);
		known = true;
	}
	return &c;
}

static void add_groups(struct batch *b, const struct rec_creds *c)
{
	uint32_t *list = xcalloc(c->groups.n + 1, sizeof(*list));

	for (size_t i = 0; i < c->groups.n; i++)
		list[i] = *list_at(&c->groups, uint64_t, i);
	batch_add(b, "set the groups", SYS_setgroups, c->groups.n,
		  batch_data(b, list, (c->groups.n + 1) * sizeof(*list)));
	free(list);
}

#define FEW_GROUPS 512		/* a queue has room for */

static int set_groups(struct puppet *p, struct member *m, struct batch *queue,
		      const struct rec_creds *c, struct failure *f)
{
	struct batch b;
	int rc;

	if (c->groups.n <= FEW_GROUPS) {
		add_groups(queue, c);
		return 0;
	}
	member_batch(p, m, &b);
	add_groups(&b, c);
	rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

static void add_ids(struct batch *b, const struct rec_creds *c)
{
	batch_add(b, NULL, SYS_prctl, PR_SET_KEEPCAPS, 1);
	batch_add(b, "set the group ids", SYS_setresgid, c->gid, c->egid,
		  c->sgid);
	batch_add(b, NULL, SYS_setfsgid, c->fsgid);
	batch_add(b, "set the user ids", SYS_setresuid, c->uid, c->euid,
		  c->suid);
	batch_add(b, NULL, SYS_setfsuid, c->fsuid);
}

static void add_capset(struct batch *b, uint64_t effective, uint64_t permitted,
		       uint64_t inherit)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			effective >> (32 * i), permitted >> (32 * i),
			inherit >> (32 * i),
		};
	batch_add(b, "set the capabilities", SYS_capset,
		  batch_data(b, &head, sizeof(head)),
		  batch_data(b, data, sizeof(data)));
}

/* All that is permitted first: the rest needs CAP_SETPCAP in effect, and what
 * is ambient must be inheritable before the secure bits may forbid it. */
static void add_caps(struct batch *b, const struct rec_creds *c,
		     const struct rec_creds *now)
{
	add_capset(b, now->cap_prm, now->cap_prm, c->cap_inh);
	if (c->cap_amb != now->cap_amb) {
		batch_add(b, NULL, SYS_prctl, PR_CAP_AMBIENT,
			  PR_CAP_AMBIENT_CLEAR_ALL);
		for (int cap = 0; cap < 64; cap++)
			if (c->cap_amb >> cap & 1)
				batch_add(b, "raise an ambient capability",
					  SYS_prctl, PR_CAP_AMBIENT,
					  PR_CAP_AMBIENT_RAISE, cap);
	}
	batch_add(b, c->securebits != now->securebits ?
		  "set the secure bits" : NULL, SYS_prctl, PR_SET_SECUREBITS,
		  c->securebits);
	add_capset(b, c->cap_eff, c->cap_prm, c->cap_inh);
}

/* The bounding set only shrinks, and needs CAP_SETPCAP, so first. */
static void drop_bounds(struct batch *b, const struct rec_creds *c,
			const struct rec_creds *now)
{
	for (int cap = 0; cap < 64; cap++)
		if ((now->cap_bnd & ~c->cap_bnd) >> cap & 1)
			batch_add(b, "drop a capability", SYS_prctl,
				  PR_CAPBSET_DROP, cap);
}

static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	const struct rec_creds *c = image_find(&r->image, RECORD_CREDS,
					       m->rec->creds);
	const struct rec_creds *our = ours();
	struct rec_creds target = *c, has = *our, *now = &has;
	struct batch *b;

	/* What this program itself lacks cannot be given. */
	target.cap_bnd &= our->cap_bnd;
	target.cap_prm &= our->cap_prm;
	target.cap_eff &= target.cap_prm;
	target.cap_amb &= target.cap_prm;
	if (r->private_user)	/* in its namespace it has them all */
		has.cap_prm = has.cap_eff = our->cap_bnd;
	if (same(&target, now))
		return 0;
	b = member_queue(p, m, f);
	if (!b)
		return -1;
	drop_bounds(b, &target, now);
	if (!same_groups(&target, now) &&
	    set_groups(p, m, b, &target, f) < 0)
		return -1;
	if (!same_ids(&target, now))
		add_ids(b, &target);
	add_caps(b, &target, now);
	return 0;
}

const struct kind kind_creds = {
	.type = RECORD_CREDS, .schema = &schema, .unique = true,
	.verify = verify, .thread = thread,
};

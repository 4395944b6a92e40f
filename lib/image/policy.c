/* SPDX-License-Identifier: MIT */
/*
 * policy.c - paths and users of the source become those of this place
 *
 * It is done to the records, before anything looks at them, so that no kind has
 * to know of it.  Paths first pass a test: the kernel gives them absolute and
 * without "..", so anything else was not written by a capture.
 */
#include "image/policy.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image/mounts.h"
#include "image/restore.h"

int path_map_parse(char *arg, struct path_map *map)
{
	char *sign = strchr(arg, '=');

	if (!sign || arg[0] != '/' || sign[1] != '/')
		return -1;
	*sign = '\0';
	/* A slash at the end says nothing: it is about whole parts anyhow. */
	for (char *end = sign; end > arg + 1 && end[-1] == '/';)
		*--end = '\0';
	*map = (struct path_map){ arg, sign + 1 };
	return 0;
}

/* ---- paths ---- */

static bool is_real(const char *path)
{
	size_t n;

	if (path[0] != '/')
		return false;
	for (; *path; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if ((n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
	}
	return true;
}

/* How much of @path the map is about: 0 nothing. */
static size_t covers(const struct path_map *m, const char *path)
{
	size_t n = strlen(m->from);

	if (!strcmp(m->from, "/"))
		return 1;
	return !strncmp(path, m->from, n) && (!path[n] || path[n] == '/') ?
		n : 0;
}

/* The longest map counts; then the first of its kind. */
static void map_path(const struct restore *r, char **path)
{
	const struct path_map *best = NULL;
	size_t most = 0;
	char *mapped;

	for (size_t i = 0; i < r->policy.map_n; i++) {
		size_t n = covers(&r->policy.maps[i], *path);

		if (n > most) {
			most = n;
			best = &r->policy.maps[i];
		}
	}
	if (!best)
		return;
	if (!strcmp(best->from, "/"))
		most = 0;
	mapped = xasprintf("%s%s%s", best->to,
			   (*path)[most] && (*path)[most] != '/' ? "/" : "",
			   *path + most);
	free(*path);
	*path = mapped;
}

void policy_path(const struct restore *r, char **path)
{
	map_path(r, path);
}

static int take_path(const struct restore *r, const char *what, uint64_t id,
		     char **path, struct failure *f)
{
	if (!*path)
		return 0;
	if (!is_real(*path))
		return fail(f, STATUS_STREAM, "%s %llu has a path that nothing "
			    "can have: %.200s", what, (unsigned long long)id,
			    *path);
	map_path(r, path);
	return 0;
}

/* One in a mount namespace of the tree: what is mounted there is led elsewhere
 * as a whole. */
static int take_inner(const struct restore *r, const char *what, uint64_t id,
		      uint64_t mounts, char **path, struct failure *f)
{
	if (*path && !mounts_outer(&r->image, mounts, *path) && is_real(*path))
		return 0;
	return take_path(r, what, id, path, f);
}

static int take_mounts(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_MOUNTS, struct rec_mounts, space)
		list_each(&space->mounts, struct rec_mount, m)
			if (take_path(r, "mount namespace", space_r->id,
				      &m->source, f) < 0)
				return -1;
	return 0;
}

static int take_paths(struct restore *r, struct failure *f)
{
	if (take_mounts(r, f) < 0)
		return -1;
	image_each(&r->image, RECORD_FILE, struct rec_file, file)
		if (file->kind != FILE_OBJECT &&
		    take_inner(r, "file", file_r->id, file->mounts, &file->path,
			       f) < 0)
			return -1;
	image_each(&r->image, RECORD_PROCESS, struct rec_process, p)
		if (take_inner(r, "process", p_r->id, p->mounts, &p->cwd,
			       f) < 0 ||
		    take_inner(r, "process", p_r->id, p->mounts, &p->root,
			       f) < 0)
			return -1;
	image_each(&r->image, RECORD_PIPE, struct rec_pipe, pipe)
		if (take_inner(r, "pipe", pipe_r->id, pipe->mounts,
			       &pipe->fifo, f) < 0)
			return -1;
	image_each(&r->image, RECORD_FANOTIFY, struct rec_fanotify, g)
		list_each(&g->marks, struct rec_mark, m)
			if (take_path(r, "fanotify", g_r->id, &m->path, f) < 0)
				return -1;
	image_each(&r->image, RECORD_INOTIFY, struct rec_inotify, i)
		list_each(&i->marks, struct rec_mark, m)
			if (take_path(r, "inotify", i_r->id, &m->path, f) < 0)
				return -1;
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o)
		if (o->kind == OBJECT_DELETED && o->name &&
		    take_inner(r, "object", o_r->id, o->mounts, &o->name, f) < 0)
			return -1;
	return 0;
}

/* ---- users ---- */

/* A user of this place, as all threads are to have him. */
struct person {
	uint32_t uid, gid;
	struct list groups;	/* of uint64_t */
};

static void add_group(struct person *u, gid_t gid)
{
	*(uint64_t *)list_add(&u->groups, sizeof(uint64_t)) = gid;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void caller(struct person *u)
{
	gid_t groups[1024];
	int n = getgroups(1024, groups);

	u->uid = geteuid();
	u->gid = getegid();
	for (int i = 0; i < n; i++)
		add_group(u, groups[i]);
}

static int named(const char *name, struct person *u, struct failure *f)
{
	const struct passwd *pw = getpwnam(name);
	gid_t groups[1024];
	int n = 1024;
	char *end;

	if (!pw) {
		unsigned long uid = strtoul(name, &end, 10);

		pw = end != name && !*end ? getpwuid(uid) : NULL;
	}
	if (!pw)
		return fail(f, STATUS_DIFFERS, "there is no user %s here", name);
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		n = 0;
	for (int i = 0; i < n; i++)
		add_group(u, groups[i]);
	return 0;
}

static bool is_one(const struct rec_creds *c, const struct rec_creds *as)
{
	return c->uid == as->uid && c->euid == as->uid && c->suid == as->uid &&
	       c->fsuid == as->uid && c->gid == as->gid && c->egid == as->gid &&
	       c->sgid == as->gid && c->fsgid == as->gid;
}

static void become(struct rec_creds *c, const struct person *u)
{
	c->uid = c->euid = c->suid = c->fsuid = u->uid;
	c->gid = c->egid = c->sgid = c->fsgid = u->gid;
	list_free(&c->groups);
	list_each(&u->groups, uint64_t, g)
		*(uint64_t *)list_add(&c->groups, sizeof(*g)) = *g;
}

static int take_users(struct restore *r, struct failure *f)
{
	const struct list *all = image_list(&r->image, RECORD_CREDS);
	const char *name = r->policy.user;
	struct person u = { 0 };
	struct rec_creds first;

	if (!name || !strcmp(name, "same") || !all->n)
		return 0;
	first = *(struct rec_creds *)list_at(all, struct record, 0)->data;
	image_each(&r->image, RECORD_CREDS, struct rec_creds, c)
		if (!is_one(c, &first))
			return fail(f, STATUS_DIFFERS, "the program runs as more "
				    "than one user or group, which cannot all "
				    "become %s: restore it as root, with "
				    "--user=same", name);
	if (!strcmp(name, "caller"))
		caller(&u);
	else if (named(name, &u, f) < 0)
		return -1;
	/* As the kernel sorts them. */
	if (u.groups.n)
		list_sort(&u.groups, sizeof(uint64_t), by_number);
	image_each(&r->image, RECORD_CREDS, struct rec_creds, c)
		become(c, &u);
	r->policy_uid_from = first.uid;
	r->policy_uid = u.uid;
	r->policy_gid = u.gid;
	r->policy_user_set = true;
	list_free(&u.groups);
	return 0;
}

/* ---- time of day ---- */

#define WORTH_TELLING_S 1

/* It only ever goes on if clocks are right, so a program may rely on it. */
void policy_clock(struct restore *r)
{
	struct timespec now;
	int64_t behind_ns;

	clock_gettime(CLOCK_REALTIME, &now);
	behind_ns = r->image.header.time_ns -
		(now.tv_sec * 1000000000ll + now.tv_nsec);
	if (behind_ns >= WORTH_TELLING_S * 1000000000ll)
		warning_add(r, "the clock here is %lld s behind: for the program "
			    "the time of day goes back",
			    (long long)(behind_ns / 1000000000));
}

int policy_apply(struct restore *r, struct failure *f)
{
	return take_paths(r, f) < 0 || take_users(r, f) < 0 ? -1 : 0;
}

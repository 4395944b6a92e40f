/* SPDX-License-Identifier: MIT */
/*
 * namespace.c - UTS, IPC and network namespaces that all of a tree is in
 *
 * Whoever looks at System V objects, sockets or settings sees those of his own
 * namespaces.  So the capture enters the tree's before it looks, and the
 * restore makes such ones for itself before it makes anything: all else then
 * sees what it should, and the puppets are born into them.
 *
 * A network namespace is made anew if there is but a loopback device in it.
 * One with a name is joined, if one of that name is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/mounts.h"
#include "image/restore.h"
#include "proc/loopback.h"
#include "proc/sysctl.h"

#define NAMES_DIR "/run/netns"

static const struct field setting_fields[] = {
	FIELD(struct rec_setting, name, FIELD_TEXT, .max = 256),
	FIELD(struct rec_setting, value, FIELD_TEXT, .max = 4096),
};
static const struct schema setting_schema =
	SCHEMA("setting", struct rec_setting, setting_fields);

static const struct field address_fields[] = {
	FIELD(struct rec_address, prefix, FIELD_UINT),
	FIELD(struct rec_address, address, FIELD_BLOB, .max = 16),
};
static const struct schema address_schema =
	SCHEMA("address", struct rec_address, address_fields);

static const struct field fields[] = {
	FIELD(struct rec_namespace, up, FIELD_BOOL),
	FIELD(struct rec_namespace, host, FIELD_TEXT, .max = 64),
	FIELD(struct rec_namespace, name, FIELD_TEXT, .max = 255),
	FIELD(struct rec_namespace, needs, FIELD_TEXT, .max = 256),
	FIELD(struct rec_namespace, domain, FIELD_TEXT, .max = 64),
	FIELD(struct rec_namespace, settings, FIELD_STRUCTS, .max = 4096,
	      .sub = &setting_schema),
	FIELD(struct rec_namespace, addresses, FIELD_STRUCTS, .max = 4096,
	      .sub = &address_schema),
};
static const struct schema schema =
	SCHEMA("namespace", struct rec_namespace, fields);

#define SETTINGS_MAX 14

/* Those that move; the others of a tree have to be ours. */
static const struct space {
	const char *name;
	int flag;
	const char *settings[SETTINGS_MAX + 1];
} spaces[] = {
	[NAMESPACE_UTS] = { "uts", CLONE_NEWUTS, { NULL } },
	[NAMESPACE_IPC] = { "ipc", CLONE_NEWIPC, {
		"kernel/shmmax", "kernel/shmall", "kernel/shmmni",
		"kernel/shm_rmid_forced", "kernel/msgmax", "kernel/msgmnb",
		"kernel/msgmni", "kernel/auto_msgmni", "kernel/sem",
		"fs/mqueue/queues_max", "fs/mqueue/msg_max",
		"fs/mqueue/msgsize_max", "fs/mqueue/msg_default",
		"fs/mqueue/msgsize_default" } },
	[NAMESPACE_NET] = { "net", CLONE_NEWNET, { "net" } },
};
#define SPACES (sizeof(spaces) / sizeof(*spaces))

static const char *const others[] = { "cgroup" };
#define OTHERS (sizeof(others) / sizeof(*others))

/* ---- entering those of the tree ---- */

/* What the capture knows of them. */
struct entered {
	char *host;		/* owned: before we entered any */
	struct list fresh;	/* of struct sysctl: of new ones */
	struct list devices;	/* of char *: of a new one */
	char *tops[SPACES + OTHERS];	/* owned: what the top is in */
	struct {
		int own;	/* to come back by; 0 not entered */
	} of[SPACES];
};

static char *link_of(pid_t pid, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "ns/%s", name);
	return proc_link(pid, path);
}

static int open_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_settings(size_t kind, struct list *to)
{
	for (const char *const *s = spaces[kind].settings; *s; s++)
		sysctl_read(*s, to);
}

/* By way of a new one, to know what that is like. */
static int enter(struct entered *e, size_t kind, pid_t pid)
{
	const struct space *n = &spaces[kind];
	int own = open_of(getpid(), n->name), theirs = open_of(pid, n->name);
	int rc = -1;

	if (own >= 0 && theirs >= 0 && unshare(n->flag) == 0) {
		read_settings(kind, &e->fresh);
		if (kind == NAMESPACE_NET)
			network_devices(&e->devices);
		rc = setns(theirs, n->flag);
		if (rc < 0)
			setns(own, n->flag);
	}
	if (theirs >= 0)
		close(theirs);
	if (rc == 0)
		e->of[kind].own = own;
	else if (own >= 0)
		close(own);
	return rc;
}

static struct entered *entered_of(struct capture *c)
{
	struct utsname u;

	if (c->entered)
		return c->entered;
	c->entered = xcalloc(1, sizeof(*c->entered));
	uname(&u);
	c->entered->host = xstrdup(u.nodename);
	return c->entered;
}

int namespaces_enter(struct capture *c, struct failure *f)
{
	const struct source *top = list_at(&c->sources, struct source, 0);
	struct entered *e = entered_of(c);

	(void)f;
	for (size_t i = 1; i < SPACES && !top->zombie; i++) {
		char *ours = link_of(getpid(), spaces[i].name);
		char *theirs = link_of(top->via, spaces[i].name);

		/* What fails is said by check(). */
		if (ours && theirs && strcmp(ours, theirs) && !e->of[i].own)
			enter(e, i, top->via);
		free(ours);
		free(theirs);
	}
	return 0;
}

bool namespaces_entered(const struct capture *c, enum namespace_kind kind)
{
	return c->entered && c->entered->of[kind].own;
}

const char *namespaces_host(const struct capture *c)
{
	return c->entered ? c->entered->host : "";
}

void namespaces_leave(struct capture *c)
{
	struct entered *e = c->entered;

	if (!e)
		return;
	for (size_t i = 1; i < SPACES; i++)
		if (e->of[i].own) {
			setns(e->of[i].own, spaces[i].flag);
			close(e->of[i].own);
		}
	sysctl_free(&e->fresh);
	list_each(&e->devices, char *, d)
		free(*d);
	list_free(&e->devices);
	for (size_t i = 0; i < SPACES + OTHERS; i++)
		free(e->tops[i]);
	free(e->host);
	free(e);
	c->entered = NULL;
}

/* ---- what cannot be moved ---- */

/* As ip-netns(8) calls the one that we are in; owned, NULL. */
static char *network_name(void)
{
	DIR *dir = opendir(NAMES_DIR);
	struct stat own, st;
	char *name = NULL;
	struct dirent *d;

	if (!dir || stat("/proc/self/ns/net", &own) < 0) {
		if (dir)
			closedir(dir);
		return NULL;
	}
	while (!name && (d = readdir(dir)))
		if (fstatat(dirfd(dir), d->d_name, &st, 0) == 0 &&
		    st.st_dev == own.st_dev && st.st_ino == own.st_ino)
			name = xstrdup(d->d_name);
	closedir(dir);
	return name;
}

/* That it can be made anew, or has a name. */
static void check_network(struct capture *c, const struct source *top)
{
	char *needs, *name;

	if (!namespaces_entered(c, NAMESPACE_NET))
		return;
	needs = network_needs(&c->entered->devices);
	name = needs ? network_name() : NULL;
	if (needs && !name)
		obstacle_add(c, top, "run the capture and the restore inside "
			     "one that has them (nsenter), or give it a name "
			     "(ip netns attach)",
			     "is in another net namespace, which has %s", needs);
	free(needs);
	free(name);
}

static void check_top(struct capture *c, const struct source *top,
		      const char *name, const char *tops)
{
	char *ours = link_of(getpid(), name);

	if (ours && tops && strcmp(ours, tops))
		obstacle_add(c, top, geteuid() ? "capture it as root" :
			     "run the capture inside it (nsenter)",
			     "is in another %s namespace", name);
	free(ours);
}

/* The top comes first: *@tops is what it is in. */
static void check_one(struct capture *c, const struct source *s,
		      const struct source *top, const char *name, char **tops)
{
	char *theirs = link_of(s->via, name);

	if (s == top) {
		check_top(c, top, name, theirs);
		free(*tops);
		*tops = theirs;
		return;
	}
	if (theirs && *tops && strcmp(theirs, *tops))
		obstacle_add(c, s, "capture it alone", "is in another %s "
			     "namespace than process %d", name, top->pid);
	free(theirs);
}

static int check(struct capture *c, struct source *s, struct failure *f)
{
	const struct source *top = list_at(&c->sources, struct source, 0);
	struct entered *e = entered_of(c);

	(void)f;
	if (s->zombie)
		return 0;
	for (size_t i = 1; i < SPACES; i++)
		check_one(c, s, top, spaces[i].name, &e->tops[i]);
	for (size_t i = 0; i < OTHERS; i++)
		check_one(c, s, top, others[i], &e->tops[SPACES + i]);
	if (s == top)
		check_network(c, top);
	return 0;
}

/* ---- capture ---- */

static void record_settings(const struct entered *e, size_t kind,
			    struct rec_namespace *rec)
{
	struct list now = { 0 };

	read_settings(kind, &now);
	list_each(&now, struct sysctl, s) {
		struct rec_setting *to;

		if (sysctl_has(&e->fresh, s))
			continue;
		to = list_add(&rec->settings, sizeof(*to));
		to->name = xstrdup(s->name);
		to->value = xstrdup(s->value);
	}
	sysctl_free(&now);
}

static void record_names(struct rec_namespace *rec)
{
	struct utsname u;

	uname(&u);
	rec->host = xstrdup(u.nodename);
	rec->domain = xstrdup(u.domainname);
}

static void record_network(const struct entered *e, struct rec_namespace *rec)
{
	struct list addresses = { 0 };

	rec->name = network_name();
	rec->needs = network_needs(&e->devices);
	rec->up = loopback_is_up();
	loopback_addresses(&addresses);
	list_each(&addresses, struct loopback_address, a) {
		struct rec_address *to = list_add(&rec->addresses, sizeof(*to));

		to->prefix = a->prefix;
		to->address.len = a->family == AF_INET ? 4 : 16;
		to->address.data = xmalloc(to->address.len);
		memcpy(to->address.data, &a->address, to->address.len);
	}
	list_free(&addresses);
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	const struct entered *e = c->entered;

	(void)f;
	for (size_t i = 1; i < SPACES && !s->parent && e; i++) {
		struct rec_namespace *rec;

		if (!namespaces_entered(c, i))
			continue;
		rec = image_add(&c->image, RECORD_NAMESPACE, i);
		if (i == NAMESPACE_UTS)
			record_names(rec);
		else if (i == NAMESPACE_NET)
			record_network(e, rec);
		record_settings(e, i, rec);
	}
	return 0;
}

/* ---- restore ---- */

/* Is it one of those that such a namespace has? */
static bool is_setting(size_t kind, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";

	if (!name || strspn(name, letters) != strlen(name) ||
	    strstr(name, ".."))
		return false;
	if (kind == NAMESPACE_NET)
		return !strncmp(name, "net/", 4);
	for (const char *const *s = spaces[kind].settings; *s; s++)
		if (!strcmp(*s, name))
			return true;
	return false;
}

static bool is_sound(size_t kind, const struct rec_namespace *rec)
{
	bool sound = kind >= 1 && kind < SPACES;

	list_each(&rec->settings, struct rec_setting, s)
		sound = sound && is_setting(kind, s->name) && s->value;
	list_each(&rec->addresses, struct rec_address, a)
		sound = sound && (a->address.len == 4 || a->address.len == 16) &&
			a->prefix <= a->address.len * 8;
	if (rec->name)
		sound = sound && *rec->name && rec->name[0] != '.' &&
			!strchr(rec->name, '/');
	return sound && (!rec->needs || rec->name);
}

static int verify(const struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_NAMESPACE, struct rec_namespace, rec)
		if (!is_sound(rec_r->id, rec))
			return fail(f, STATUS_STREAM, "namespace %llu of the "
				    "stream is not sound",
				    (unsigned long long)rec_r->id);
	return 0;
}

/* 1 if one of that name is here, and we are in it now. */
static int join(const struct rec_namespace *rec, struct failure *f)
{
	char *path;
	int fd, rc;

	if (!rec->name)
		return 0;
	path = xasprintf(NAMES_DIR "/%s", rec->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd < 0 && rec->needs)
		return fail(f, STATUS_DIFFERS, "there is no network namespace "
			    "%s here, and the program's had %s: make it (ip "
			    "netns add)", rec->name, rec->needs);
	if (fd < 0)
		return 0;
	rc = setns(fd, CLONE_NEWNET);
	if (rc < 0)
		fail_errno(f, 0, "cannot join network namespace %s", rec->name);
	close(fd);
	return rc < 0 ? -1 : 1;
}

static bool has_address(const struct rec_namespace *rec,
			const struct loopback_address *a)
{
	list_each(&rec->addresses, struct rec_address, other)
		if (other->address.len == (a->family == AF_INET ? 4 : 16) &&
		    other->prefix == a->prefix &&
		    !memcmp(other->address.data, &a->address,
			    other->address.len))
			return true;
	return false;
}

static void set_addresses(struct restore *r, const struct rec_namespace *rec)
{
	struct list now = { 0 };

	list_each(&rec->addresses, struct rec_address, a) {
		struct loopback_address to = {
			.family = a->address.len == 4 ? AF_INET : AF_INET6,
			.prefix = a->prefix,
		};

		memcpy(&to.address, a->address.data, a->address.len);
		if (loopback_change(&to, true) < 0)
			warning_add(r, "an address of the loopback device could "
				    "not be added: %s", strerror(errno));
	}
	/* The kernel has given it some by itself. */
	loopback_addresses(&now);
	list_each(&now, struct loopback_address, a)
		if (!has_address(rec, a))
			loopback_change(a, false);
	list_free(&now);
}

static int set_network(struct restore *r, const struct rec_namespace *rec,
		       struct failure *f)
{
	if (rec->up && loopback_set_up() < 0)
		return fail_errno(f, 0, "cannot set the loopback device up");
	set_addresses(r, rec);
	return 0;
}

static int set_names(const struct rec_namespace *rec, struct failure *f)
{
	const char *host = rec->host ? rec->host : "";
	const char *domain = rec->domain ? rec->domain : "";

	if (sethostname(host, strlen(host)) < 0 ||
	    setdomainname(domain, strlen(domain)) < 0)
		return fail_errno(f, 0, "cannot set the name of the host");
	return 0;
}

/* Twice: some change others when they are written. */
static void set_settings(struct restore *r, const struct rec_namespace *rec)
{
	for (int again = 0; again < 2; again++)
		list_each(&rec->settings, struct rec_setting, s)
			if (sysctl_write(s->name, s->value) < 0 && again)
				warning_add(r, "%s could not be set to %s: %s",
					    s->name, s->value, strerror(errno));
}

static int make(struct restore *r, size_t kind, const struct rec_namespace *rec,
		struct failure *f)
{
	int joined = join(rec, f);

	if (joined)
		return joined < 0 ? -1 : 0;
	if (unshare(spaces[kind].flag) < 0)
		return fail_errno(f, 0, "cannot make a namespace (%s): that "
				  "takes root", spaces[kind].name);
	if (kind == NAMESPACE_UTS && set_names(rec, f) < 0)
		return -1;
	if (kind == NAMESPACE_NET && set_network(r, rec, f) < 0)
		return -1;
	set_settings(r, rec);
	return 0;
}

int namespaces_make(struct restore *r, struct failure *f)
{
	if (verify(r, f) < 0)
		return -1;
	image_each(&r->image, RECORD_NAMESPACE, struct rec_namespace, rec)
		if (make(r, rec_r->id, rec, f) < 0)
			return -1;
	return mounts_make(r, f);
}

const struct kind kind_namespace = {
	.type = RECORD_NAMESPACE, .schema = &schema, .unique = true,
	.check = check, .capture = capture, .draft = capture,
};

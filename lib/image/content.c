/* SPDX-License-Identifier: MIT */
/*
 * content.c - what is in a file system that lives in memory and travels
 *
 * A record for each file, directories before what is in them; the bytes of a
 * file are those of an object, and come with the pages.  Nothing of a stream
 * leads out of the file system: no link is followed, here or there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/mounts.h"
#include "image/restore.h"

static const struct field xattr_fields[] = {
	FIELD(struct rec_xattr, name, FIELD_TEXT, .max = 255),
	FIELD(struct rec_xattr, value, FIELD_BLOB, .max = 65536),
};
static const struct schema xattr_schema =
	SCHEMA("extended attribute", struct rec_xattr, xattr_fields);

static const struct field fields[] = {
	FIELD(struct rec_entry, gid, FIELD_UINT),
	FIELD(struct rec_entry, uid, FIELD_UINT),
	FIELD(struct rec_entry, link, FIELD_TEXT),
	FIELD(struct rec_entry, mode, FIELD_UINT),
	FIELD(struct rec_entry, path, FIELD_TEXT),
	FIELD(struct rec_entry, rdev, FIELD_UINT),
	FIELD(struct rec_entry, object, FIELD_UINT),
	FIELD(struct rec_entry, target, FIELD_TEXT),
	FIELD(struct rec_entry, xattrs, FIELD_STRUCTS, .max = 256,
	      .sub = &xattr_schema),
	FIELD(struct rec_entry, mtime_ns, FIELD_UINT),
};
static const struct schema schema = SCHEMA("entry", struct rec_entry, fields);

/* ---- capture ---- */

struct linked {
	uint64_t ino;
	const char *path;	/* the record's */
};

struct walk {
	struct capture *c;
	uint64_t id;
	struct list links;	/* of struct linked */
};

/* Each file with something in it stays open until its pages are written. */
static void want_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static void read_xattrs(struct rec_entry *e, const char *path)
{
	char names[4096];
	ssize_t n = llistxattr(path, names, sizeof(names));

	for (const char *at = names; n > 0 && at < names + n;
	     at += strlen(at) + 1) {
		ssize_t size = lgetxattr(path, at, NULL, 0);
		struct rec_xattr *x;

		if (size < 0)
			continue;
		x = list_add(&e->xattrs, sizeof(*x));
		x->name = xstrdup(at);
		x->value.data = xmalloc(size + 1);
		x->value.len = size;
		if (lgetxattr(path, at, x->value.data, size) != size)
			x->value.len = 0;
	}
}

static int read_file_of(struct walk *w, struct rec_entry *e, const char *here,
			const struct stat *st, struct failure *f)
{
	struct seen_object *seen;
	struct rec_object *o;
	int fd;

	list_each(&w->links, struct linked, l)
		if (l->ino == st->st_ino) {
			e->link = xstrdup(l->path);
			return 0;
		}
	if (st->st_nlink > 1)
		*(struct linked *)list_add(&w->links, sizeof(struct linked)) =
			(struct linked){ st->st_ino, e->path };
	if (!st->st_size)
		return 0;
	fd = open(here, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return fail_errno(f, 0, "cannot read %s of a file system in "
				  "memory", e->path);
	e->object = w->c->next_object++;
	seen = list_add(&w->c->objects, sizeof(*seen));
	*seen = (struct seen_object){ .id = e->object, .dev = st->st_dev,
				      .ino = st->st_ino, .fd = fd };
	o = image_add(&w->c->image, RECORD_OBJECT, e->object);
	*o = (struct rec_object){ .kind = OBJECT_PLACED,
		.name = xstrdup(e->path), .size = st->st_size,
		.mode = st->st_mode & 07777, .uid = st->st_uid,
		.gid = st->st_gid, .ino = st->st_ino };
	return 0;
}

/* @here leads to it, @path is what it is called there. */
static int read_one(struct walk *w, const char *here, const char *path,
		    const struct stat *st, struct failure *f)
{
	struct rec_entry *e = image_add(&w->c->image, RECORD_ENTRY, w->id);
	char target[4096];
	ssize_t n;

	e->path = xstrdup(path);
	e->mode = st->st_mode;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->mtime_ns = st->st_mtim.tv_sec * 1000000000ull + st->st_mtim.tv_nsec;
	read_xattrs(e, here);
	if (S_ISREG(st->st_mode))
		return read_file_of(w, e, here, st, f);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		e->rdev = st->st_rdev;
	if (!S_ISLNK(st->st_mode))
		return 0;
	n = readlink(here, target, sizeof(target) - 1);
	if (n < 0)
		return fail_errno(f, 0, "cannot read link %s of a file system "
				  "in memory", path);
	target[n] = '\0';
	e->target = xstrdup(target);
	return 0;
}

static int read_tree(struct walk *w, int fd, const char *path,
		     struct failure *f)
{
	int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *entry;

	if (!d)
		return fail_errno(f, 0, "cannot read directory %s of a file "
				  "system in memory", path);
	while (rc == 0 && (entry = readdir(d))) {
		char *below, *here;
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		below = xasprintf("%s/%s", strcmp(path, "/") ? path : "",
				  entry->d_name);
		here = xasprintf("/proc/self/fd/%d/%s", dir, entry->d_name);
		if (lstat(here, &st) < 0)
			rc = fail_errno(f, 0, "cannot look at %s of a file "
					"system in memory", below);
		if (rc == 0)
			rc = read_one(w, here, below, &st, f);
		if (rc == 0 && S_ISDIR(st.st_mode)) {
			int sub = openat(dir, entry->d_name, O_PATH |
					 O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			rc = read_tree(w, sub, below, f);
			if (sub >= 0)
				close(sub);
		}
		free(here);
		free(below);
	}
	closedir(d);
	return rc;
}

int content_capture(struct capture *c, uint64_t id, int fd, const char *from,
		    struct failure *f)
{
	struct walk w = { .c = c, .id = id };
	char *here = xasprintf("/proc/self/fd/%d", fd);
	struct stat st;
	int rc;

	want_descriptors();
	if (fstat(fd, &st) < 0) {
		rc = fail_errno(f, 0, "cannot look at a file system in memory");
	} else if (S_ISDIR(st.st_mode)) {
		char *dir = xasprintf("%s/.", here);

		rc = read_one(&w, dir, from, &st, f);
		if (rc == 0)
			rc = read_tree(&w, fd, from, f);
		free(dir);
	} else {
		/* A file on which it was mounted. */
		rc = read_one(&w, here, from, &st, f);
	}
	free(here);
	list_free(&w.links);
	return rc;
}

/* ---- restore ---- */

static bool is_real(const char *path)
{
	if (!path || path[0] != '/')
		return false;
	for (const char *at = path; at; at = strchr(at, '/')) {
		size_t n = strcspn(++at, "/");

		if (path[1] && (!n || (n <= 2 && !strncmp(at, "..", n))))
			return false;
	}
	return true;
}

static bool is_sound(const struct restore *r, uint64_t id,
		     const struct rec_entry *e)
{
	const struct rec_filesystem *fs =
		image_find(&r->image, RECORD_FILESYSTEM, id);
	const struct rec_object *o = e->object ?
		image_find(&r->image, RECORD_OBJECT, e->object) : NULL;
	bool sound = fs && fs->type && (!strcmp(fs->type, "tmpfs") ||
					!strcmp(fs->type, "ramfs"));

	list_each(&e->xattrs, struct rec_xattr, x)
		sound = sound && x->name && *x->name;
	return sound && is_real(e->path) && (!e->link || is_real(e->link)) &&
	       S_ISLNK(e->mode) == (e->target != NULL) &&
	       (!e->object || (o && o->kind == OBJECT_PLACED &&
			       S_ISREG(e->mode) && !e->link)) &&
	       (S_ISREG(e->mode) || S_ISDIR(e->mode) || S_ISLNK(e->mode) ||
		S_ISCHR(e->mode) || S_ISBLK(e->mode) || S_ISFIFO(e->mode) ||
		S_ISSOCK(e->mode));
}

int content_verify(const struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_ENTRY, struct rec_entry, e)
		if (!is_sound(r, e_r->id, e))
			return fail(f, STATUS_STREAM, "an entry of file system "
				    "%llu is not sound",
				    (unsigned long long)e_r->id);
	return 0;
}

/* The directory that it is in, opened; *@name what it is called there. */
static int open_parent(int fs, const char *path, const char **name)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_XDEV };
	const char *slash = strrchr(path, '/');
	char *dir = xstrdup(path);
	int fd;

	dir[slash - path] = '\0';
	*name = slash + 1;
	fd = syscall(SYS_openat2, fs, dir[0] ? dir + 1 : ".", &how, sizeof(how));
	free(dir);
	return fd;
}

/* Directories above what was mounted alone. */
static void make_above(int fs, const char *path)
{
	char *dir = xstrdup(path);

	for (char *slash = dir; (slash = strchr(slash + 1, '/'));) {
		const char *name;
		int at;

		*slash = '\0';
		at = open_parent(fs, dir, &name);
		if (at >= 0) {
			mkdirat(at, name, 0755);
			close(at);
		}
		*slash = '/';
	}
	free(dir);
}

static int make_node(struct restore *r, int fs, int dir, const char *name,
		     const struct rec_entry *e)
{
	int fd, other;
	const char *first;

	if (e->link) {
		other = open_parent(fs, e->link, &first);
		fd = other < 0 ? -1 : linkat(other, first, dir, name, 0);
		if (other >= 0)
			close(other);
		return fd;
	}
	if (S_ISDIR(e->mode))
		return mkdirat(dir, name, 0700) < 0 && errno != EEXIST ? -1 : 0;
	if (S_ISLNK(e->mode))
		return symlinkat(e->target, dir, name);
	if (!S_ISREG(e->mode))
		return mknodat(dir, name, e->mode & ~07777, e->rdev);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
	if (fd >= 0 && e->object)
		opened_note(&r->placed, e->object, fd);
	else if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int set_owner(int dir, const char *name, const struct rec_entry *e)
{
	char *path;
	int rc = 0;

	if (fchownat(dir, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISLNK(e->mode))
		return 0;
	path = xasprintf("/proc/self/fd/%d/%s", dir, name);
	list_each(&e->xattrs, struct rec_xattr, x)
		if (rc == 0)
			rc = lsetxattr(path, x->name, x->value.data,
				       x->value.len, 0);
	if (rc == 0)
		rc = chmod(path, e->mode & 07777);
	free(path);
	return rc;
}

static int make_entry(struct restore *r, int fs, const struct rec_entry *e)
{
	const char *name;
	int dir, rc;

	if (!e->path[1])
		return set_owner(fs, ".", e);
	dir = open_parent(fs, e->path, &name);
	if (dir < 0 && errno == ENOENT) {
		make_above(fs, e->path);
		dir = open_parent(fs, e->path, &name);
	}
	if (dir < 0)
		return -1;
	rc = make_node(r, fs, dir, name, e);
	if (rc == 0)
		rc = set_owner(dir, name, e);
	close(dir);
	return rc;
}

int content_make(struct restore *r, uint64_t id, int fd, struct failure *f)
{
	size_t n;
	struct record *rec = image_run(&r->image, RECORD_ENTRY, id, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rec_entry *e = rec[i].data;

		if (make_entry(r, fd, e) < 0)
			return fail_errno(f, 0, "cannot make %s of a file "
					  "system in memory", e->path);
	}
	return 0;
}

void content_settle(struct restore *r, uint64_t id, int fd)
{
	size_t n;
	struct record *rec = image_run(&r->image, RECORD_ENTRY, id, &n);

	for (size_t i = n; i--;) {
		const struct rec_entry *e = rec[i].data;
		struct timespec when[2] = {
			{ .tv_nsec = UTIME_OMIT },
			{ e->mtime_ns / 1000000000, e->mtime_ns % 1000000000 },
		};
		const char *name = ".";
		int dir = e->path[1] ? open_parent(fd, e->path, &name) : dup(fd);

		if (dir < 0)
			continue;
		utimensat(dir, name, when, AT_SYMLINK_NOFOLLOW);
		close(dir);
	}
}

const struct kind kind_entry = { .type = RECORD_ENTRY, .schema = &schema };

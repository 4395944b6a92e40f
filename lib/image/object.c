/* SPDX-License-Identifier: MIT */
/*
 * object.c - memory and files that have no name any more, and so travel whole:
 * memory shared by MAP_SHARED, memfd_create(2), deleted files and directories
 *
 * They are known by device and inode number: however many descriptors and
 * mappings lead to one, there is one record.
 *
 * What is executed may not be open for writing by anybody, so the puppets do
 * not inherit such a descriptor: only we have one, while it is being filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/huge.h"
#include "image/mapping.h"
#include "image/mounts.h"
#include "image/names.h"
#include "image/restore.h"
#include "image/sysv.h"
#include "image/views.h"

static const struct field fields[] = {
	FIELD(struct rec_object, gid, FIELD_UINT),
	FIELD(struct rec_object, ino, FIELD_UINT),
	FIELD(struct rec_object, uid, FIELD_UINT),
	FIELD(struct rec_object, huge, FIELD_UINT),
	FIELD(struct rec_object, kind, FIELD_UINT),
	FIELD(struct rec_object, mode, FIELD_UINT),
	FIELD(struct rec_object, name, FIELD_TEXT),
	FIELD(struct rec_object, size, FIELD_UINT),
	FIELD(struct rec_object, seals, FIELD_UINT, .hex = true),
	FIELD(struct rec_object, linked, FIELD_BOOL),
	FIELD(struct rec_object, mounts, FIELD_UINT),
	FIELD(struct rec_object, present, FIELD_UINT),
};

static const struct schema schema = SCHEMA("object", struct rec_object, fields);

#define OBJECT_SIZE_MAX	(1ull << 46)

/* ---- capture ---- */

static struct seen_object *known_object(const struct capture *c, uint64_t dev,
					uint64_t ino)
{
	list_each(&c->objects, struct seen_object, o)
		if (o->dev == dev && o->ino == ino)
			return o;
	return NULL;
}

static void describe(struct rec_object *rec, int kind, int fd,
		     const struct stat *st)
{
	rec->size = st->st_size;
	rec->mode = st->st_mode & 07777;
	rec->uid = st->st_uid;
	rec->gid = st->st_gid;
	rec->ino = st->st_ino;
	rec->linked = kind == OBJECT_DELETED && st->st_nlink;
	rec->huge = huge_of_fd(fd);
	rec->present = rec->huge ? st->st_blocks * 512ull : 0;
	if (kind == OBJECT_MEMFD) {
		int seals = fcntl(fd, F_GET_SEALS);

		rec->seals = seals > 0 ? seals : 0;
	}
}

static uint64_t object_of(struct capture *c, struct source *s,
			  const char *magic, const char *name, int kind,
			  struct failure *f)
{
	int fd = open(magic, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct seen_object *seen;
	struct rec_object *rec;
	struct stat st;
	uint64_t id;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fail_errno(f, 0, "cannot open %s of process %d", name, s->pid);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	seen = known_object(c, st.st_dev, st.st_ino);
	if (seen && seen->viewed) {	/* now it can be opened */
		seen->viewed = false;
		seen->fd = fd;
		describe(image_find(&c->image, RECORD_OBJECT, seen->id), kind,
			 fd, &st);
		return seen->id;
	}
	if (seen) {
		close(fd);
		return seen->id;
	}
	id = c->next_object++;
	seen = list_add(&c->objects, sizeof(*seen));
	*seen = (struct seen_object){ .id = id, .dev = st.st_dev,
				      .ino = st.st_ino, .fd = fd };
	rec = image_add(&c->image, RECORD_OBJECT, id);
	rec->kind = kind;
	rec->name = xstrdup(strncmp(name, "/memfd:", 7) ? name : name + 7);
	if (kind == OBJECT_DELETED || kind == OBJECT_DIRECTORY)
		rec->mounts = mounts_id(mounts_of(c, magic));
	describe(rec, kind, fd, &st);
	if (kind == OBJECT_DIRECTORY) {
		rec->size = 0;
		close(fd);
		seen->fd = -1;	/* it is empty */
	}
	return id;
}

uint64_t object_of_map(struct capture *c, struct source *s,
		       const struct proc_map *m, int kind, struct failure *f)
{
	char magic[96];

	snprintf(magic, sizeof(magic), "/proc/%d/map_files/%llx-%llx", s->via,
		 (unsigned long long)m->start, (unsigned long long)m->end);
	/* That takes CAP_CHECKPOINT_RESTORE. */
	if (access(magic, R_OK) < 0 && errno == EPERM)
		return view_add(c, s, m, kind, f);
	return object_of(c, s, magic, m->path, kind, f);
}

uint64_t object_of_fd(struct capture *c, struct source *s,
		      const struct source_fd *fd, int kind, struct failure *f)
{
	char magic[64];

	snprintf(magic, sizeof(magic), "/proc/%d/fd/%d", s->via, fd->fd);
	return object_of(c, s, magic, fd->link, kind, f);
}

uint64_t object_of_link(struct capture *c, struct source *s, const char *link,
			const char *name, int kind, struct failure *f)
{
	char magic[64];

	snprintf(magic, sizeof(magic), "/proc/%d/%s", s->via, link);
	return object_of(c, s, magic, name, kind, f);
}

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o) {
		if (o_r->id < OBJECT_FIRST || o->kind > OBJECT_PLACED ||
		    o->size > OBJECT_SIZE_MAX || !o->name ||
		    !huge_object_sound(o) ||
		    (o->kind == OBJECT_DIRECTORY &&
		     (o->size || o->name[0] != '/')) ||
		    !mounts_known(r, o->mounts) ||
		    (o->mounts && o->name[0] != '/'))
			return fail(f, STATUS_STREAM, "object %llu is not sound",
				    (unsigned long long)o_r->id);
	}
	return 0;
}

static int make_memfd(const char *name, uint64_t huge)
{
	/* The kernel's limit is 249 bytes without its own prefix. */
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING |
			    huge_flags(huge, MFD_HUGETLB));
}

/*
 * Memory that was shared by MAP_SHARED alone: the same is made here and opened
 * through map_files, which needs privilege; without, a memfd does.
 */
static int make_shared(const struct rec_object *o)
{
	uint64_t size = o->size ? huge_end(o) : o->huge ? o->huge : STREAM_PAGE;
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED |
			MAP_ANONYMOUS | MAP_NORESERVE |
			huge_flags(o->huge, MAP_HUGETLB), -1, 0);
	char path[96];
	int fd;

	if (at == MAP_FAILED)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)at, (unsigned long)at + size);
	fd = open(path, O_RDWR | O_CLOEXEC);
	munmap(at, size);
	return fd >= 0 ? fd : make_memfd("shared", o->huge);
}

/* Where the file system has no O_TMPFILE, by a name that goes at once. */
static int make_unnamed(const char *dir, mode_t mode)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	char *path;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	path = xasprintf("%s/.sojourn.XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

/* With pages of the size that it had. */
static int make_like(const char *dir, const struct rec_object *o)
{
	int fd = make_unnamed(dir, o->mode & 0777);

	if (fd < 0 || huge_of_fd(fd) == o->huge)
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

static int make_deleted(struct restore *r, struct places *places,
			const struct rec_object *o)
{
	char *dir = mounts_here(r, o->mounts, o->name);
	char *slash = strrchr(dir, '/');
	int fd = -1;

	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	if (place_make(places, dir, false) == 0)
		fd = make_like(dir, o);
	if (fd < 0) {
		warning_add(r, "the deleted file %s is kept in memory: its "
			    "directory cannot hold it (%s)", o->name,
			    strerror(errno));
		fd = make_memfd("deleted", o->huge);
	}
	free(dir);
	if (o->linked)
		warning_add(r, "what was %s had another name where it comes "
			    "from: what the program has open here is a copy, "
			    "and the other name does not lead to it", o->name);
	return fd;
}

/* It is removed when all have been made: others may go into it. */
static int make_directory(struct restore *r, struct places *places,
			  const struct rec_object *o)
{
	struct stat st;
	char *path = NULL, *name = mounts_here(r, o->mounts, o->name);
	bool taken = !place_is_ours(places, name) && lstat(name, &st) == 0;
	int fd;

	if (!taken && place_make(places, name, false) == 0) {
		path = name;
	} else {
		path = xasprintf("%s.XXXXXX", name);
		free(name);
		if (place_make(places, path, true) < 0 || !mkdtemp(path)) {
			free(path);
			return -1;
		}
		*(char **)list_add(&places->made, sizeof(char *)) =
			xstrdup(path);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	free(path);
	return fd;
}

static int make(struct restore *r, struct places *places, uint64_t id,
		const struct rec_object *o, struct failure *f)
{
	switch (o->kind) {
	case OBJECT_SHARED:
		return make_shared(o);
	case OBJECT_MEMFD:
		return make_memfd(o->name, o->huge);
	case OBJECT_DIRECTORY:
		return make_directory(r, places, o);
	case OBJECT_SYSV:
		return shm_make(r, id, o, f);
	case OBJECT_PLACED:
		return mounts_object(r, id);
	default:
		return make_deleted(r, places, o);
	}
}

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static bool is_executed(const struct restore *r, uint64_t id)
{
	image_each(&r->image, RECORD_SPACE, struct rec_space, s) {
		const struct rec_file *exe =
			image_find(&r->image, RECORD_FILE, s->exe);

		if (exe && exe->kind == FILE_OBJECT && exe->object == id)
			return true;
	}
	return false;
}

static int set_owner(struct restore *r, const struct rec_object *o, int fd)
{
	if (o->kind == OBJECT_SHARED || o->kind == OBJECT_SYSV)
		return 0;
	if (fchown(fd, o->uid, o->gid) < 0 && geteuid() == 0)
		warning_add(r, "%s could not be given to user %u", o->name,
			    o->uid);
	return fchmod(fd, o->mode & 07777);	/* after chown: set-user-ID */
}

/* Takes @fd: for all, and another for reading. */
static int add_object(struct restore *r, uint64_t id, const struct rec_object *o,
		      int fd, struct failure *f)
{
	int ro = reopen(fd, O_RDONLY);

	/* What has a name may be executed at any time. */
	if (ro >= 0 && (o->kind == OBJECT_PLACED || is_executed(r, id))) {
		close(fd);
		fd = reopen(ro, O_RDONLY);
	} else if (o->kind != OBJECT_DIRECTORY) {
		set_owner(r, o, fd);
	}
	if (ro < 0 || fd < 0) {
		if (ro >= 0)
			close(ro);
		if (fd >= 0)
			close(fd);
		return fail_errno(f, 0, "cannot open %s again", o->name);
	}
	if (opened_add(r, &r->objects_ro, id, ro, f) < 0) {
		close(fd);
		return -1;
	}
	return opened_add(r, &r->objects, id, fd, f);
}

static bool has_size(const struct rec_object *o)
{
	return o->kind != OBJECT_DIRECTORY && o->kind != OBJECT_SYSV;
}

static int prepare_one(struct restore *r, struct places *places, uint64_t id,
		       const struct rec_object *o, struct failure *f)
{
	int fd = make(r, places, id, o, f);

	if (fd < 0)
		return fail_errno(f, 0, "cannot make %s", o->name);
	if (has_size(o) && ftruncate(fd, o->size) < 0) {
		close(fd);
		return fail_errno(f, 0, "cannot give %s its %llu bytes",
				  o->name, (unsigned long long)o->size);
	}
	return add_object(r, id, o, fd, f);
}

static int prepare(struct restore *r, struct failure *f)
{
	struct places places = { 0 };
	int rc = 0;

	image_each(&r->image, RECORD_OBJECT, struct rec_object, o)
		if (rc == 0)
			rc = prepare_one(r, &places, o_r->id, o, f);
	/* Only now: others were to be made in them. */
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o)
		if (rc == 0 && o->kind == OBJECT_DIRECTORY)
			set_owner(r, o, opened_find(&r->objects, o_r->id));
	places_remove(&places);
	return rc;
}

/* Nothing is in them yet. */
static int deleted_again(struct puppet *top, const struct rec_object *o)
{
	char *dir = xasprintf("/proc/%d/root%s", top->pid, o->name);
	struct places places = { 0 };
	int fd = -1;

	*strrchr(dir, '/') = '\0';
	if (place_make(&places, dir, false) == 0)
		fd = make_like(dir, o);
	places_remove(&places);
	free(dir);
	return fd;
}

static void replace_object(struct restore *r, struct list *all, uint64_t id,
			   const struct rec_object *o, int fd)
{
	int ro = reopen(fd, O_RDONLY);

	if (ro < 0 || ftruncate(fd, o->size) < 0) {
		close(fd);
		if (ro >= 0)
			close(ro);
		return;
	}
	set_owner(r, o, fd);
	*(struct replacement *)list_add(all, sizeof(struct replacement)) =
		(struct replacement){ opened_find(&r->objects, id), fd };
	*(struct replacement *)list_add(all, sizeof(struct replacement)) =
		(struct replacement){ opened_find(&r->objects_ro, id), ro };
}

int objects_again(struct restore *r, struct puppet *top, struct failure *f)
{
	struct list all = { 0 };
	int rc;

	image_each(&r->image, RECORD_OBJECT, struct rec_object, o) {
		int fd = -1;

		if (o->kind == OBJECT_DELETED && o->name[0] == '/' &&
		    !o->mounts &&
		    !is_executed(r, o_r->id))
			fd = deleted_again(top, o);
		if (fd >= 0)
			replace_object(r, &all, o_r->id, o, fd);
	}
	rc = puppet_replace(r, top, all.items, all.n, f);
	list_each(&all, struct replacement, v)
		close(v->fd);
	list_free(&all);
	return rc;
}

int object_writable(struct restore *r, uint64_t id)
{
	int fd = opened_find(&r->objects, id), rw;

	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR)
		return fd;
	rw = opened_find(&r->objects_rw, id);
	if (rw < 0) {
		rw = reopen(fd, O_RDWR);
		if (rw >= 0)
			opened_note(&r->objects_rw, id, rw);
	}
	return rw;
}

void objects_end_writing(struct restore *r)
{
	list_each(&r->objects_rw, struct opened, rw)
		close(rw->fd);
	list_free(&r->objects_rw);
}

/* Sealed when all is written and mapped; once is enough, for the top.  Nor is
 * anything written any more to what is executed. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o) {
		if (o->kind == OBJECT_MEMFD && o->seals &&
		    fcntl(object_writable(r, o_r->id), F_ADD_SEALS,
			  o->seals) < 0)
			return fail_errno(f, 0, "cannot seal memfd %s", o->name);
		if (is_executed(r, o_r->id))
			set_owner(r, o, opened_find(&r->objects, o_r->id));
	}
	objects_end_writing(r);
	return 0;
}

const struct kind kind_object = {
	.type = RECORD_OBJECT, .schema = &schema, .unique = true,
	.verify = verify, .prepare = prepare, .settle = settle,
};

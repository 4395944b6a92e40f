/* SPDX-License-Identifier: MIT */
/*
 * object.c - memory and files that have no name any more, and so travel whole:
 * memory shared by MAP_SHARED, memfd_create(2), deleted files
 *
 * They are known by device and inode number: however many descriptors and
 * mappings lead to one, there is one record.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/mapping.h"
#include "image/restore.h"

static const struct field fields[] = {
	FIELD(struct rec_object, gid, FIELD_UINT),
	FIELD(struct rec_object, ino, FIELD_UINT),
	FIELD(struct rec_object, uid, FIELD_UINT),
	FIELD(struct rec_object, kind, FIELD_UINT),
	FIELD(struct rec_object, mode, FIELD_UINT),
	FIELD(struct rec_object, name, FIELD_TEXT),
	FIELD(struct rec_object, size, FIELD_UINT),
	FIELD(struct rec_object, seals, FIELD_UINT, .hex = true),
};

static const struct schema schema = SCHEMA("object", struct rec_object, fields);

#define OBJECT_SIZE_MAX	(1ull << 46)

/* ---- capture ---- */

static uint64_t known_object(const struct capture *c, uint64_t dev, uint64_t ino)
{
	list_each(&c->objects, struct seen_object, o)
		if (o->dev == dev && o->ino == ino)
			return o->id;
	return 0;
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
	id = known_object(c, st.st_dev, st.st_ino);
	if (id) {
		close(fd);
		return id;
	}
	id = c->next_object++;
	seen = list_add(&c->objects, sizeof(*seen));
	*seen = (struct seen_object){ .id = id, .dev = st.st_dev,
				      .ino = st.st_ino, .fd = fd };
	rec = image_add(&c->image, RECORD_OBJECT, id);
	rec->kind = kind;
	rec->name = xstrdup(strncmp(name, "/memfd:", 7) ? name : name + 7);
	rec->size = st.st_size;
	rec->mode = st.st_mode & 07777;
	rec->uid = st.st_uid;
	rec->gid = st.st_gid;
	rec->ino = st.st_ino;
	if (kind == OBJECT_MEMFD) {
		int seals = fcntl(fd, F_GET_SEALS);

		rec->seals = seals > 0 ? seals : 0;
	}
	return id;
}

uint64_t object_of_map(struct capture *c, struct source *s,
		       const struct proc_map *m, int kind, struct failure *f)
{
	char magic[96];

	snprintf(magic, sizeof(magic), "/proc/%d/map_files/%llx-%llx", s->via,
		 (unsigned long long)m->start, (unsigned long long)m->end);
	return object_of(c, s, magic, m->path, kind, f);
}

uint64_t object_of_fd(struct capture *c, struct source *s,
		      const struct source_fd *fd, int kind, struct failure *f)
{
	char magic[64];

	snprintf(magic, sizeof(magic), "/proc/%d/fd/%d", s->via, fd->fd);
	return object_of(c, s, magic, fd->link, kind, f);
}

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o) {
		if (o_r->id < OBJECT_FIRST || o->kind > OBJECT_DELETED ||
		    o->size > OBJECT_SIZE_MAX || !o->name)
			return fail(f, STATUS_STREAM, "object %llu is not sound",
				    (unsigned long long)o_r->id);
	}
	return 0;
}

static int make_memfd(const char *name)
{
	/* The kernel's limit is 249 bytes without its own prefix. */
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/*
 * Memory that was shared by MAP_SHARED alone: the same is made here and opened
 * through map_files, which needs privilege; without, a memfd does.
 */
static int make_shared(const struct rec_object *o)
{
	uint64_t size = (o->size + 4095) & ~4095ull;
	void *at = mmap(NULL, size ? size : 4096, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char path[96];
	int fd;

	if (at == MAP_FAILED)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)at, (unsigned long)at + (size ? size : 4096));
	fd = open(path, O_RDWR | O_CLOEXEC);
	munmap(at, size ? size : 4096);
	return fd >= 0 ? fd : make_memfd("shared");
}

static int make_deleted(struct restore *r, const struct rec_object *o)
{
	char *dir = xstrdup(o->name), *slash = strrchr(dir, '/');
	int fd;

	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, o->mode & 0777);
	free(dir);
	if (fd < 0) {
		warning_add(r, "the deleted file %s is kept in memory: its "
			    "directory cannot hold it (%s)", o->name,
			    strerror(errno));
		fd = make_memfd("deleted");
	}
	return fd;
}

static int make(struct restore *r, const struct rec_object *o)
{
	switch (o->kind) {
	case OBJECT_SHARED:
		return make_shared(o);
	case OBJECT_MEMFD:
		return make_memfd(o->name);
	default:
		return make_deleted(r, o);
	}
}

static int add_read_only(struct restore *r, uint64_t id, int fd,
			 struct failure *f)
{
	char path[64];
	int ro;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	if (ro < 0)
		return fail_errno(f, 0, "cannot open %s", path);
	return opened_add(r, &r->objects_ro, id, ro, f);
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o) {
		int fd = make(r, o);

		if (fd < 0)
			return fail_errno(f, 0, "cannot make %s", o->name);
		if (ftruncate(fd, o->size) < 0) {
			close(fd);
			return fail_errno(f, 0, "cannot give %s its %llu bytes",
					  o->name, (unsigned long long)o->size);
		}
		if (o->kind != OBJECT_SHARED) {
			fchmod(fd, o->mode & 07777);
			if (fchown(fd, o->uid, o->gid) < 0 && geteuid() == 0)
				warning_add(r, "%s could not be given to user %u",
					    o->name, o->uid);
		}
		if (add_read_only(r, o_r->id, fd, f) < 0) {
			close(fd);
			return -1;
		}
		if (opened_add(r, &r->objects, o_r->id, fd, f) < 0)
			return -1;
	}
	return 0;
}

/* Sealed when all is written and mapped; once is enough, for the top. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o) {
		int fd = opened_find(&r->objects, o_r->id);

		if (o->kind == OBJECT_MEMFD && o->seals &&
		    fcntl(fd, F_ADD_SEALS, o->seals) < 0)
			return fail_errno(f, 0, "cannot seal memfd %s", o->name);
	}
	return 0;
}

const struct kind kind_object = {
	.type = RECORD_OBJECT, .schema = &schema, .unique = true,
	.verify = verify, .prepare = prepare, .settle = settle,
};

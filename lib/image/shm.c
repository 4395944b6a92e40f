/* SPDX-License-Identifier: MIT */
/*
 * shm.c - System V shared memory
 *
 * Its bytes are those of an object.  What the tree has attached is carried, and
 * what its processes made even if nobody has it attached now.  A segment that
 * was marked to be removed is made without its key and marked again when all
 * are attached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/huge.h"
#include "image/mapping.h"
#include "image/sysv.h"

static const struct field fields[] = {
	FIELD(struct rec_shm, key, FIELD_INT),
	FIELD(struct rec_shm, ctime, FIELD_INT),
	FIELD(struct rec_shm, shmid, FIELD_UINT),
	FIELD(struct rec_shm, locked, FIELD_BOOL),
	FIELD(struct rec_shm, shared, FIELD_BOOL),
	FIELD(struct rec_shm, removed, FIELD_BOOL),
};
static const struct schema schema =
	SCHEMA("shared memory", struct rec_shm, fields);

/* ---- capture ---- */

static void add_shm(struct capture *c, uint64_t object, int id,
		    const struct shmid_ds *ds)
{
	struct rec_shm *rec;

	if (image_find(&c->image, RECORD_SHM, object))
		return;
	rec = image_add(&c->image, RECORD_SHM, object);
	rec->shmid = id;
	rec->key = ds->shm_perm.__key;
	rec->ctime = ds->shm_ctime;
	rec->removed = ds->shm_perm.mode & SHM_DEST;
	rec->locked = ds->shm_perm.mode & SHM_LOCKED;
}

/* The object is the segment's file, whose inode number is the segment's. */
uint64_t shm_of_map(struct capture *c, struct source *s,
		    const struct proc_map *m, struct failure *f)
{
	struct shmid_ds ds = { 0 };
	uint64_t object = object_of_map(c, s, m, OBJECT_SYSV, f);
	struct rec_object *o;

	if (!object)
		return 0;
	if (shmctl(m->ino, IPC_STAT, &ds) < 0) {
		fail_errno(f, STATUS_OBSTACLE, "cannot ask for shared memory %llu "
			   "of process %d", (unsigned long long)m->ino, s->pid);
		return 0;
	}
	o = image_find(&c->image, RECORD_OBJECT, object);
	o->size = ds.shm_segsz;
	o->mode = ds.shm_perm.mode & 0777;
	o->uid = ds.shm_perm.uid;
	o->gid = ds.shm_perm.gid;
	add_shm(c, object, m->ino, &ds);
	return object;
}

static bool is_known(const struct capture *c, int id)
{
	image_each(&c->image, RECORD_SHM, struct rec_shm, shm)
		if (shm->shmid == (uint32_t)id)
			return true;
	return false;
}

/* The end of what is mapped at @at here; of huge pages it is told nowhere
 * else. */
static uint64_t end_of(uint64_t at)
{
	struct list maps = { 0 };
	uint64_t end = 0;

	proc_maps(getpid(), false, &maps);
	list_each(&maps, const struct proc_map, m)
		if (m->start == at)
			end = m->end;
	proc_maps_free(&maps);
	return end;
}

/* Nobody has it attached: we do, for as long as it takes to open it. */
static int open_segment(int id)
{
	void *at = shmat(id, NULL, SHM_RDONLY);
	char path[96];
	int fd;

	if (at == (void *)-1)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)at, (unsigned long)end_of((uintptr_t)at));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	shmdt(at);
	return fd;
}

static int capture_unattached(struct capture *c, const struct sysv_line *l,
			      struct failure *f)
{
	struct seen_object *seen;
	struct shmid_ds ds;
	struct rec_object *o;
	struct stat st;
	uint64_t id;
	int fd;

	if (shmctl(l->id, IPC_STAT, &ds) < 0)
		return 0;	/* gone this moment */
	fd = open_segment(l->id);
	if (fd < 0)
		return fail_errno(f, STATUS_OBSTACLE, "cannot read shared memory "
				  "%d, which process %d has made", l->id,
				  l->pid[0]);
	id = c->next_object++;
	seen = list_add(&c->objects, sizeof(*seen));
	*seen = (struct seen_object){ .id = id, .ino = l->id, .fd = fd };
	o = image_add(&c->image, RECORD_OBJECT, id);
	o->kind = OBJECT_SYSV;
	o->name = xasprintf("/SYSV%08x", ds.shm_perm.__key);
	o->size = ds.shm_segsz;
	o->mode = ds.shm_perm.mode & 0777;
	o->uid = ds.shm_perm.uid;
	o->gid = ds.shm_perm.gid;
	o->ino = l->id;
	o->huge = huge_of_fd(fd);
	if (o->huge && fstat(fd, &st) == 0)
		o->present = st.st_blocks * 512ull;
	add_shm(c, id, l->id, &ds);
	return 0;
}

/* The kernel counts mappings, also those that an mprotect() has split. */
static unsigned attached_here(const struct capture *c, int id)
{
	unsigned n = 0;

	list_each(&c->sources, struct source, s)
		list_each(&s->maps, struct proc_map, m)
			n += m->ino == (uint64_t)id &&
			     !strncmp(m->path, "/SYSV", 5);
	return n;
}

/* After the mappings: once, when the top is looked at. */
static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct list lines = { 0 };
	int rc = 0;

	if (s->parent)
		return 0;
	sysv_lines(SYSV_SHM, &lines);
	list_each(&lines, struct sysv_line, l) {
		if (rc == 0 && !l->attached && !is_known(c, l->id) &&
		    (namespaces_entered(c, NAMESPACE_IPC) ||
		     (l->pid[0] && capture_id(c, l->pid[0]))))
			rc = capture_unattached(c, l, f);
		image_each(&c->image, RECORD_SHM, struct rec_shm, shm)
			if (shm->shmid == (uint32_t)l->id)
				shm->shared = l->attached >
					attached_here(c, l->id);
	}
	list_free(&lines);
	return rc;
}

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_SHM, struct rec_shm, shm) {
		const struct rec_object *o =
			image_find(&r->image, RECORD_OBJECT, shm_r->id);

		if (!o || o->kind != OBJECT_SYSV || !o->size ||
		    shm->shmid > INT32_MAX)
			return fail(f, STATUS_STREAM, "shared memory %u is not "
				    "sound", shm->shmid);
	}
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o)
		if (o->kind == OBJECT_SYSV &&
		    !image_find(&r->image, RECORD_SHM, o_r->id))
			return fail(f, STATUS_STREAM, "object %llu is shared "
				    "memory that the stream does not have",
				    (unsigned long long)o_r->id);
	return 0;
}

/* A copy that is to run beside its source is to have memory of its own. */
static bool is_same(const struct restore *r, const struct rec_shm *shm,
		    const struct rec_object *o)
{
	struct shmid_ds ds;

	return restore_same_boot(r) && r->image.header.ends != END_RUNNING &&
	       shmctl(shm->shmid, IPC_STAT, &ds) == 0 &&
	       ds.shm_perm.__key == shm->key && ds.shm_segsz == o->size &&
	       ds.shm_ctime == shm->ctime;
}

static int make(struct restore *r, const struct rec_shm *shm,
		const struct rec_object *o, struct failure *f)
{
	struct shmid_ds ds;
	int id;

	if (shm->shared)
		return fail(f, STATUS_DIFFERS, "shared memory %u (key 0x%x) was "
			    "shared with processes outside the tree, which are "
			    "not here", shm->shmid, shm->key);
	sysv_want(SYSV_SHM, shm->shmid);
	id = shmget(shm->removed ? IPC_PRIVATE : shm->key, o->size,
		    IPC_CREAT | IPC_EXCL | (o->mode & 0777) |
		    huge_flags(o->huge, SHM_HUGETLB));
	if (id < 0)
		return sysv_taken(SYSV_SHM, shm->shmid, shm->key, id, f);
	sysv_made(r, SYSV_SHM, id);
	if ((uint32_t)id != shm->shmid)
		return sysv_taken(SYSV_SHM, shm->shmid, shm->key, id, f);
	if (shmctl(id, IPC_STAT, &ds) == 0) {
		ds.shm_perm.uid = o->uid;
		ds.shm_perm.gid = o->gid;
		if (shmctl(id, IPC_SET, &ds) < 0)
			warning_add(r, "shared memory %d could not be given to "
				    "user %u", id, o->uid);
	}
	return 0;
}

bool shm_is_here(const struct restore *r, uint64_t id)
{
	const struct rec_shm *shm = image_find(&r->image, RECORD_SHM, id);
	const struct rec_object *o = image_find(&r->image, RECORD_OBJECT, id);

	return shm && o && is_same(r, shm, o);
}

bool shm_is_kept(const struct restore *r, uint64_t id)
{
	list_each(&r->shm_kept, struct opened, o)
		if (o->id == id)
			return true;
	return false;
}

/*
 * One that is there and to be removed would go with its source before the
 * puppets have it: it stays attached here until then, but not in our children.
 */
static void hold(struct restore *r, uint64_t id, void *at, uint64_t size)
{
	if (!shm_is_kept(r, id) || madvise(at, size, MADV_DONTFORK) < 0)
		shmdt(at);
	else
		*(void **)list_add(&r->shm_held, sizeof(at)) = at;
}

int shm_make(struct restore *r, uint64_t id, const struct rec_object *o,
	     struct failure *f)
{
	const struct rec_shm *shm = image_find(&r->image, RECORD_SHM, id);
	uint64_t size = huge_end(o);
	char path[96];
	void *at = (void *)-1;
	int fd;

	if (is_same(r, shm, o))
		at = shmat(shm->shmid, NULL, 0);
	if (at != (void *)-1)
		opened_note(&r->shm_kept, id, -1);
	else if (make(r, shm, o, f) < 0)
		return -1;
	else
		at = shmat(shm->shmid, NULL, 0);
	if (at == (void *)-1)
		return fail_errno(f, 0, "cannot attach shared memory %u",
				  shm->shmid);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)at, (unsigned long)at + size);
	fd = open(path, O_RDWR | O_CLOEXEC);
	hold(r, id, at, size);
	return fd >= 0 ? fd : fail_errno(f, STATUS_PERM, "cannot open shared "
					 "memory %u", shm->shmid);
}

/* A part of it: attached whole at some place, and the part moved. */
static int attach_part(struct puppet *p, const struct rec_shm *shm,
		       uint64_t size, const struct rec_mapping *m, int flags,
		       struct failure *f)
{
	uint64_t len = m->end - m->start, from;
	int64_t at = 0;

	if (m->offset > size || len > size - m->offset)
		return fail(f, STATUS_STREAM, "a mapping is beyond the end of "
			    "shared memory %u", shm->shmid);
	if (puppet_call(p, "attach shared memory", SYS_shmat, shm->shmid, 0,
			flags, 0, 0, &at, f) < 0)
		return -1;
	from = at + m->offset;
	if (puppet_call(p, "move shared memory", SYS_mremap, from, len, len,
			MREMAP_MAYMOVE | MREMAP_FIXED, m->start, NULL, f) < 0)
		return -1;
	if (m->offset && puppet_call(p, "detach shared memory", SYS_munmap, at,
				     m->offset, 0, 0, 0, NULL, f) < 0)
		return -1;
	if (from + len < at + size)
		return puppet_call(p, "detach shared memory", SYS_munmap,
				   from + len, at + size - (from + len), 0, 0,
				   0, NULL, f);
	return 0;
}

int shm_attach(struct restore *r, struct puppet *p, const struct rec_mapping *m,
	       struct failure *f)
{
	const struct rec_shm *shm = image_find(&r->image, RECORD_SHM, m->source);
	const struct rec_object *o =
		image_find(&r->image, RECORD_OBJECT, m->source);
	uint64_t size = huge_end(o);
	bool writable = m->flags & VMF_MW;
	int flags = (writable ? 0 : SHM_RDONLY) |
		    (m->prot & PROT_EXEC ? SHM_EXEC : 0);
	uint32_t prot = PROT_READ | (writable ? PROT_WRITE : 0) |
			(m->prot & PROT_EXEC);
	int rc;

	if (m->offset == 0 && m->end - m->start == size)
		rc = puppet_call(p, "attach shared memory", SYS_shmat,
				 shm->shmid, m->start, flags, 0, 0, NULL, f);
	else
		rc = attach_part(p, shm, size, m, flags, f);
	if (rc == 0 && m->prot != prot)
		rc = puppet_call(p, "protect memory", SYS_mprotect, m->start,
				 m->end - m->start, m->prot, 0, 0, NULL, f);
	return rc;
}

/* All are attached: once, for the top. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	(void)f;
	if (p->parent)
		return 0;
	list_each(&r->shm_held, void *, at)
		shmdt(*at);
	list_free(&r->shm_held);
	image_each(&r->image, RECORD_SHM, struct rec_shm, shm) {
		if (shm_is_kept(r, shm_r->id))
			continue;
		if (shm->locked && shmctl(shm->shmid, SHM_LOCK, NULL) < 0)
			warning_add(r, "shared memory %u could not be locked",
				    shm->shmid);
		if (shm->removed)
			shmctl(shm->shmid, IPC_RMID, NULL);
	}
	return 0;
}

const struct kind kind_shm = {
	.type = RECORD_SHM, .schema = &schema, .unique = true,
	.capture = capture, .verify = verify, .settle = settle,
};

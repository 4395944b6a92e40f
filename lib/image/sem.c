/* SPDX-License-Identifier: MIT */
/*
 * sem.c - System V semaphores that the tree was the last to use
 *
 * What a process would give back at its end (SEM_UNDO) the kernel does not
 * tell: it is not given back by the moved one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

#include "image/sysv.h"

static const struct field fields[] = {
	FIELD(struct rec_sem, gid, FIELD_UINT),
	FIELD(struct rec_sem, key, FIELD_INT),
	FIELD(struct rec_sem, uid, FIELD_UINT),
	FIELD(struct rec_sem, mode, FIELD_UINT),
	FIELD(struct rec_sem, ctime, FIELD_INT),
	FIELD(struct rec_sem, values, FIELD_WORDS, .max = 32000),
};
static const struct schema schema =
	SCHEMA("semaphores", struct rec_sem, fields);

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

/* ---- capture ---- */

static bool is_used(const struct capture *c, const struct sysv_line *l)
{
	if (namespaces_entered(c, NAMESPACE_IPC))
		return true;
	for (uint64_t i = 0; i < l->size; i++) {
		int pid = semctl(l->id, i, GETPID);

		if (pid > 0 && capture_id(c, pid))
			return true;
	}
	return false;
}

static int capture_set(struct capture *c, const struct sysv_line *l,
		       struct failure *f)
{
	unsigned short *values = xcalloc(l->size, sizeof(*values));
	struct semid_ds ds = { 0 };
	struct rec_sem *rec;
	int rc = 0;

	if (semctl(l->id, 0, IPC_STAT, (union semun){ .buf = &ds }) < 0 ||
	    semctl(l->id, 0, GETALL, (union semun){ .array = values }) < 0) {
		rc = fail_errno(f, STATUS_OBSTACLE, "cannot read System V "
				"semaphores %d", l->id);
	} else {
		rec = image_add(&c->image, RECORD_SEM, l->id);
		rec->key = ds.sem_perm.__key;
		rec->mode = ds.sem_perm.mode & 0777;
		rec->uid = ds.sem_perm.uid;
		rec->gid = ds.sem_perm.gid;
		rec->ctime = ds.sem_ctime;
		for (uint64_t i = 0; i < l->size; i++)
			*(uint64_t *)list_add(&rec->values, sizeof(uint64_t)) =
				values[i];
	}
	free(values);
	return rc;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct list lines = { 0 };
	int rc = 0;

	if (s->parent)
		return 0;
	sysv_lines(SYSV_SEM, &lines);
	list_each(&lines, struct sysv_line, l)
		if (rc == 0 && is_used(c, l))
			rc = capture_set(c, l, f);
	list_free(&lines);
	return rc;
}

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_SEM, struct rec_sem, sem) {
		bool bad = sem_r->id > INT32_MAX || !sem->values.n;

		list_each(&sem->values, uint64_t, v)
			bad |= *v > 32767;
		if (bad)
			return fail(f, STATUS_STREAM, "semaphores %llu are not "
				    "sound", (unsigned long long)sem_r->id);
	}
	return 0;
}

static bool is_same(const struct restore *r, int id, const struct rec_sem *rec)
{
	struct semid_ds ds = { 0 };

	return restore_same_boot(r) && r->image.header.ends != END_RUNNING &&
	       semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }) == 0 &&
	       ds.sem_perm.__key == rec->key &&
	       ds.sem_nsems == rec->values.n;
}

static int set_values(int id, const struct rec_sem *rec)
{
	unsigned short *values = xcalloc(rec->values.n, sizeof(*values));
	int rc;

	for (size_t i = 0; i < rec->values.n; i++)
		values[i] = *list_at(&rec->values, uint64_t, i);
	rc = semctl(id, 0, SETALL, (union semun){ .array = values });
	free(values);
	return rc;
}

static int make(struct restore *r, int id, const struct rec_sem *rec,
		struct failure *f)
{
	struct semid_ds ds;
	int got;

	sysv_want(SYSV_SEM, id);
	got = semget(rec->key, rec->values.n,
		     IPC_CREAT | IPC_EXCL | (rec->mode & 0777));
	if (got >= 0)
		sysv_made(r, SYSV_SEM, got);
	if (got != id)
		return sysv_taken(SYSV_SEM, id, rec->key, got, f);
	if (set_values(id, rec) < 0)
		return fail_errno(f, 0, "cannot set semaphores %d", id);
	if (semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }) == 0) {
		ds.sem_perm.uid = rec->uid;
		ds.sem_perm.gid = rec->gid;
		if (semctl(id, 0, IPC_SET, (union semun){ .buf = &ds }) < 0)
			warning_add(r, "semaphores %d could not be given to user "
				    "%u", id, rec->uid);
	}
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_SEM, struct rec_sem, rec)
		if (!is_same(r, rec_r->id, rec) &&
		    make(r, rec_r->id, rec, f) < 0)
			return -1;
	return 0;
}

const struct kind kind_sem = {
	.type = RECORD_SEM, .schema = &schema, .unique = true,
	.capture = capture, .verify = verify, .prepare = prepare,
};

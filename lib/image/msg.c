/* SPDX-License-Identifier: MIT */
/*
 * msg.c - System V message queues that the tree was the last to use
 *
 * Messages are copied (MSG_COPY), not taken; a kernel without that refuses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

#include "image/sysv.h"

#define COPY		040000	/* MSG_COPY */
#define MESSAGE_MAX	(1u << 20)

static const struct field message_fields[] = {
	FIELD(struct rec_sysv_message, data, FIELD_BLOB, .max = MESSAGE_MAX),
	FIELD(struct rec_sysv_message, type, FIELD_INT),
};
static const struct schema message_schema =
	SCHEMA("message", struct rec_sysv_message, message_fields);

static const struct field fields[] = {
	FIELD(struct rec_msg, gid, FIELD_UINT),
	FIELD(struct rec_msg, key, FIELD_INT),
	FIELD(struct rec_msg, uid, FIELD_UINT),
	FIELD(struct rec_msg, mode, FIELD_UINT),
	FIELD(struct rec_msg, room, FIELD_UINT),
	FIELD(struct rec_msg, ctime, FIELD_INT),
	FIELD(struct rec_msg, messages, FIELD_STRUCTS, .sub = &message_schema),
};
static const struct schema schema =
	SCHEMA("message queue", struct rec_msg, fields);

struct message {
	long type;
	char data[MESSAGE_MAX];
};

/* ---- capture ---- */

static int copy_messages(int id, struct rec_msg *rec)
{
	struct message *m = xmalloc(sizeof(*m));
	ssize_t n;

	for (long i = 0; (n = msgrcv(id, m, MESSAGE_MAX, i,
				     COPY | IPC_NOWAIT)) >= 0; i++) {
		struct rec_sysv_message *to =
			list_add(&rec->messages, sizeof(*to));

		to->type = m->type;
		to->data.len = n;
		to->data.data = xmalloc(n + 1);
		memcpy(to->data.data, m->data, n);
	}
	free(m);
	return errno == ENOMSG ? 0 : -1;
}

static int capture_queue(struct capture *c, const struct sysv_line *l,
			 struct failure *f)
{
	struct msqid_ds ds;
	struct rec_msg *rec;

	if (msgctl(l->id, IPC_STAT, &ds) < 0)
		return fail_errno(f, STATUS_OBSTACLE, "cannot read System V "
				  "message queue %d", l->id);
	rec = image_add(&c->image, RECORD_MSG, l->id);
	rec->key = ds.msg_perm.__key;
	rec->mode = ds.msg_perm.mode & 0777;
	rec->uid = ds.msg_perm.uid;
	rec->gid = ds.msg_perm.gid;
	rec->ctime = ds.msg_ctime;
	rec->room = ds.msg_qbytes;
	if (copy_messages(l->id, rec) < 0)
		return fail_errno(f, STATUS_OBSTACLE, "cannot copy what is in "
				  "System V message queue %d", l->id);
	return 0;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct list lines = { 0 };
	int rc = 0;

	if (s->parent)
		return 0;
	sysv_lines(SYSV_MSG, &lines);
	list_each(&lines, struct sysv_line, l)
		if (rc == 0 && sysv_in_tree(c, l))
			rc = capture_queue(c, l, f);
	list_free(&lines);
	return rc;
}

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_MSG, struct rec_msg, msg) {
		bool bad = msg_r->id > INT32_MAX;

		list_each(&msg->messages, struct rec_sysv_message, m)
			bad |= m->type < 1;
		if (bad)
			return fail(f, STATUS_STREAM, "message queue %llu is not "
				    "sound", (unsigned long long)msg_r->id);
	}
	return 0;
}

static bool is_same(const struct restore *r, int id, const struct rec_msg *rec)
{
	struct msqid_ds ds;

	return restore_same_boot(r) && r->image.header.ends != END_RUNNING &&
	       msgctl(id, IPC_STAT, &ds) == 0 &&
	       ds.msg_perm.__key == rec->key && ds.msg_ctime == rec->ctime;
}

static int fill(int id, const struct rec_msg *rec)
{
	struct message *m = xmalloc(sizeof(*m));
	int rc = 0;

	list_each(&rec->messages, struct rec_sysv_message, from) {
		m->type = from->type;
		if (from->data.len)
			memcpy(m->data, from->data.data, from->data.len);
		if (rc == 0)
			rc = msgsnd(id, m, from->data.len, IPC_NOWAIT);
	}
	free(m);
	return rc;
}

static int make(struct restore *r, int id, const struct rec_msg *rec,
		struct failure *f)
{
	struct msqid_ds ds;
	int got;

	sysv_want(SYSV_MSG, id);
	got = msgget(rec->key, IPC_CREAT | IPC_EXCL | (rec->mode & 0777));
	if (got >= 0)
		sysv_made(r, SYSV_MSG, got);
	if (got != id)
		return sysv_taken(SYSV_MSG, id, rec->key, got, f);
	if (msgctl(id, IPC_STAT, &ds) == 0) {
		ds.msg_perm.uid = rec->uid;
		ds.msg_perm.gid = rec->gid;
		ds.msg_qbytes = rec->room;
		if (msgctl(id, IPC_SET, &ds) < 0)
			warning_add(r, "message queue %d could not be given to "
				    "user %u with room for %llu bytes", id,
				    rec->uid, (unsigned long long)rec->room);
	}
	if (fill(id, rec) < 0)
		return fail_errno(f, 0, "cannot fill message queue %d", id);
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_MSG, struct rec_msg, rec)
		if (!is_same(r, rec_r->id, rec) &&
		    make(r, rec_r->id, rec, f) < 0)
			return -1;
	return 0;
}

const struct kind kind_msg = {
	.type = RECORD_MSG, .schema = &schema, .unique = true,
	.capture = capture, .verify = verify, .prepare = prepare,
};

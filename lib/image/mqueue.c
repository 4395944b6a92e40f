/* SPDX-License-Identifier: MIT */
/*
 * mqueue.c - POSIX message queues, with what is in them and who is told of more
 *
 * The kernel shows no message that it does not give away.  So all are received
 * while the tree is frozen, and sent again at once, in the same order, through
 * a description of our own.  Of mq_notify(3) it tells all but the value, which
 * is seen when the signal is sent: it is had sent, taken from the process, and
 * asked for again.
 *
 * A queue that has a name stays if the program ends: on the same machine it is
 * used as it is there, and elsewhere made.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/mqueue.h"
#include "image/restore.h"

#define MESSAGE_MAX	(1u << 20)	/* bytes, of one that moves */
#define SIZE_MAX_KERNEL	(16u << 20)	/* that the kernel allows */
#define PRIORITIES	32768

static const struct field message_fields[] = {
	FIELD(struct rec_mqueue_message, data, FIELD_BLOB, .max = MESSAGE_MAX),
	FIELD(struct rec_mqueue_message, priority, FIELD_UINT),
};
static const struct schema message_schema =
	SCHEMA("message", struct rec_mqueue_message, message_fields);

static const struct field queue_fields[] = {
	FIELD(struct rec_mqueue, gid, FIELD_UINT),
	FIELD(struct rec_mqueue, ino, FIELD_UINT),
	FIELD(struct rec_mqueue, uid, FIELD_UINT),
	FIELD(struct rec_mqueue, gone, FIELD_BOOL),
	FIELD(struct rec_mqueue, mode, FIELD_UINT),
	FIELD(struct rec_mqueue, name, FIELD_TEXT),
	FIELD(struct rec_mqueue, room, FIELD_UINT),
	FIELD(struct rec_mqueue, size, FIELD_UINT),
	FIELD(struct rec_mqueue, owner, FIELD_UINT),
	FIELD(struct rec_mqueue, value, FIELD_UINT),
	FIELD(struct rec_mqueue, notify, FIELD_UINT),
	FIELD(struct rec_mqueue, signal, FIELD_UINT),
	FIELD(struct rec_mqueue, messages, FIELD_STRUCTS,
	      .sub = &message_schema),
};
static const struct schema queue_schema =
	SCHEMA("POSIX message queue", struct rec_mqueue, queue_fields);

static const struct field open_fields[] = {
	FIELD(struct rec_mqueue_open, pos, FIELD_UINT),
	FIELD(struct rec_mqueue_open, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_mqueue_open, queue, FIELD_UINT),
};
static const struct schema open_schema =
	SCHEMA("open POSIX message queue", struct rec_mqueue_open, open_fields);

#define OPEN_FLAGS	(O_ACCMODE | O_NONBLOCK)

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return fd->queue;
}

/* A queue as it tells of itself, and a description of our own. */
struct look {
	mqd_t fd;
	unsigned long bytes;
	int notify, signal;	/* SIGEV_* and signal that are asked for */
	pid_t owner;		/* who asks; 0 nobody, or nobody we see */
};

static int look(const struct source *s, const struct source_fd *fd,
		struct look *l)
{
	char path[64], text[256];
	ssize_t n;

	memset(l, 0, sizeof(*l));
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->via, fd->fd);
	l->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (l->fd < 0)
		return -1;
	n = pread(l->fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "QSIZE:%lu NOTIFY:%d SIGNO:%d NOTIFY_PID:%d",
		   &l->bytes, &l->notify, &l->signal, &l->owner) == 4)
		return 0;
	close(l->fd);
	errno = EPROTO;
	return -1;
}

static bool is_asked(const struct look *l)
{
	return l->notify || l->signal || l->owner;
}

static struct source *source_of(struct capture *c, pid_t pid)
{
	list_each(&c->sources, struct source, s)
		if (s->pid == pid)
			return s;
	return NULL;
}

/* A descriptor of @s that is the queue @ino, or -1. */
static int descriptor_of(const struct source *s, uint64_t ino)
{
	list_each(&s->fds, struct source_fd, fd)
		if (fd->queue && fd->st.st_ino == ino)
			return fd->fd;
	return -1;
}

static bool is_pending(const struct source *s, int sig)
{
	uint64_t pending = s->status.sig_pending | s->status.shared_pending;

	return sig && pending & (1ull << (sig - 1));
}

static void check_asked(struct capture *c, struct source *s,
			const struct source_fd *fd, const struct look *l)
{
	const struct source *owner = source_of(c, l->owner);
	struct mq_attr attr = { 0 };

	mq_getattr(l->fd, &attr);
	if (!owner && attr.mq_curmsgs)
		obstacle_add(c, s, "try again when it is empty", "has the "
			     "message queue %s open (descriptor %d), which has "
			     "messages, and tells a process outside the tree of "
			     "the next one", fd->link, fd->fd);
	else if (owner && l->notify == SIGEV_THREAD)
		obstacle_add(c, s, "have it ask for a signal instead", "is told "
			     "of messages in %s (descriptor %d) by a thread "
			     "(SIGEV_THREAD), which cannot be moved", fd->link,
			     fd->fd);
	else if (owner && descriptor_of(owner, fd->st.st_ino) < 0)
		obstacle_add(c, s, NULL, "is told of messages in %s, but keeps "
			     "no descriptor of it", fd->link);
	else if (owner && is_pending(owner, l->signal))
		obstacle_add(c, s, "try again when it has taken it", "waits for "
			     "messages in %s (descriptor %d) by a signal that is "
			     "pending already", fd->link, fd->fd);
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	struct look l;

	(void)f;
	if (look(s, fd, &l) < 0) {
		obstacle_add(c, s, "capture it as the owner of the queue, or as "
			     "root", "has the message queue %s open (descriptor "
			     "%d), which cannot be opened for reading and "
			     "writing: %s", fd->link, fd->fd, strerror(errno));
		return 0;
	}
	if (is_asked(&l))
		check_asked(c, s, fd, &l);
	close(l.fd);
	return 0;
}

/* Until it is empty. */
static int receive_all(mqd_t fd, struct rec_mqueue *rec)
{
	char *data = xmalloc(rec->size);
	unsigned int priority;
	ssize_t n;

	while ((n = mq_receive(fd, data, rec->size, &priority)) >= 0) {
		struct rec_mqueue_message *m =
			list_add(&rec->messages, sizeof(*m));

		m->priority = priority;
		m->data.len = n;
		m->data.data = xmalloc(n + 1);
		memcpy(m->data.data, data, n);
	}
	free(data);
	return errno == EAGAIN ? 0 : -1;
}

static int send_all(mqd_t fd, const struct rec_mqueue *rec)
{
	int rc = 0;

	list_each(&rec->messages, struct rec_mqueue_message, m)
		if (mq_send(fd, (char *)m->data.data, m->data.len,
			    m->priority) < 0)
			rc = -1;
	return rc;
}

/* Of an empty queue: whoever asked to be told is, and then no more. */
static int tell(mqd_t fd, const struct rec_mqueue *rec)
{
	char *data = xmalloc(rec->size);
	int rc = mq_send(fd, "", 0, 0);

	if (rc == 0)
		rc = mq_receive(fd, data, rec->size, NULL) < 0 ? -1 : 0;
	free(data);
	return rc;
}

/* The signal that was sent is taken from the process, who is frozen. */
static int take_value(struct source *owner, struct rec_mqueue *rec,
		      struct failure *f)
{
	uint64_t set = 1ull << (rec->signal - 1);
	struct timespec now = { 0 };
	uint64_t info;
	struct batch b;
	int rc;

	source_batch(owner, &b);
	info = batch_data(&b, NULL, sizeof(siginfo_t));
	batch_add(&b, NULL, SYS_rt_sigtimedwait,
		  batch_data(&b, &set, sizeof(set)), info,
		  batch_data(&b, &now, sizeof(now)), sizeof(set));
	rc = batch_run(&b, f);
	if (rc == 0 && batch_ret(&b, 0) == (int)rec->signal) {
		const siginfo_t *si = batch_out(&b, info);

		rec->value = (uintptr_t)si->si_value.sival_ptr;
	} else if (rc == 0) {
		rc = fail(f, STATUS_OBSTACLE, "the signal of message queue %s "
			  "did not come to process %d", rec->name, owner->pid);
	}
	batch_free(&b);
	return rc;
}

static void ask_again(struct batch *b, const struct rec_mqueue *rec, int fd)
{
	struct sigevent event = {
		.sigev_notify = rec->notify == MQUEUE_SIGNAL ? SIGEV_SIGNAL :
			SIGEV_NONE,
		.sigev_signo = rec->signal,
		.sigev_value.sival_ptr = (void *)(uintptr_t)rec->value,
	};

	batch_add(b, NULL, SYS_mq_notify, fd,
		  batch_data(b, &event, sizeof(event)));
}

static int put_asked(struct source *owner, struct rec_mqueue *rec,
		     struct failure *f)
{
	int rc = rec->signal ? take_value(owner, rec, f) : 0;
	struct failure mine = { 0 };
	struct batch b;
	int again;

	source_batch(owner, &b);
	ask_again(&b, rec, descriptor_of(owner, rec->ino));
	again = batch_run(&b, rc == 0 ? f : &mine);
	if (again == 0 && batch_ret(&b, 0) < 0 && rc == 0)
		again = fail(f, STATUS_OBSTACLE, "process %d cannot be told of "
			     "messages in %s again", owner->pid, rec->name);
	batch_free(&b);
	return rc == 0 ? again : rc;
}

/* Whatever fails, what was taken is given back. */
static int copy(struct capture *c, const struct look *l, struct rec_mqueue *rec,
		struct failure *f)
{
	struct source *owner = is_asked(l) ? source_of(c, l->owner) : NULL;
	int rc = receive_all(l->fd, rec), error = errno;
	bool told = false;

	if (rc == 0 && owner) {
		rec->owner = owner->id;
		rec->notify = l->notify == SIGEV_NONE ? MQUEUE_NONE :
			MQUEUE_SIGNAL;
		rec->signal = l->signal;
		told = tell(l->fd, rec) == 0;
		rc = told ? 0 : -1;
		error = errno;
	}
	if (send_all(l->fd, rec) < 0 && rc == 0) {
		error = errno;
		rc = -1;
	}
	errno = error;
	if (rc < 0)
		fail_errno(f, STATUS_OBSTACLE, "cannot copy what is in message "
			   "queue %s", rec->name);
	if (told && put_asked(owner, rec, f) < 0)
		rc = -1;
	return rc;
}

static bool are_small(const struct rec_mqueue *rec)
{
	list_each(&rec->messages, struct rec_mqueue_message, m)
		if (m->data.len > MESSAGE_MAX)
			return false;
	return true;
}

static int capture_queue(struct capture *c, const struct source_fd *fd,
			 const struct look *l, uint64_t id, struct failure *f)
{
	struct rec_mqueue *rec = image_add(&c->image, RECORD_MQUEUE, id);
	struct mq_attr attr = { 0 };

	mq_getattr(l->fd, &attr);
	rec->name = xstrdup(fd->link);
	rec->gone = fd->deleted;
	rec->ino = fd->st.st_ino;
	rec->mode = fd->st.st_mode & 07777;
	rec->uid = fd->st.st_uid;
	rec->gid = fd->st.st_gid;
	rec->room = attr.mq_maxmsg;
	rec->size = attr.mq_msgsize;
	if (copy(c, l, rec, f) < 0)
		return -1;
	if (!are_small(rec))
		return fail(f, STATUS_OBSTACLE, "there is a message of more "
			    "than 1 MiB in message queue %s", rec->name);
	return 0;
}

static uint64_t queue_of(struct capture *c, struct source *s,
			 const struct source_fd *fd, struct failure *f)
{
	struct look l;
	uint64_t id = 1;
	int rc;

	image_each(&c->image, RECORD_MQUEUE, struct rec_mqueue, known) {
		if (known->ino == fd->st.st_ino)
			return known_r->id;
		id = known_r->id + 1;
	}
	if (look(s, fd, &l) < 0) {
		fail_errno(f, STATUS_OBSTACLE, "cannot look into message queue "
			   "%s of process %d", fd->link, s->pid);
		return 0;
	}
	rc = capture_queue(c, fd, &l, id, f);
	close(l.fd);
	return rc < 0 ? 0 : id;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_mqueue_open *rec;
	uint64_t queue = queue_of(c, s, fd, f);

	if (!queue)
		return -1;
	rec = image_add(&c->image, RECORD_MQUEUE_OPEN, id);
	rec->queue = queue;
	rec->flags = fd->info.flags & OPEN_FLAGS;
	rec->pos = fd->info.pos;
	return 0;
}

const struct fd_kind fd_kind_mqueue = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static bool is_name(const char *name)
{
	return name && name[0] == '/' && name[1] && !strchr(name + 1, '/') &&
	       strlen(name) <= NAME_MAX && strcmp(name, "/.") &&
	       strcmp(name, "/..");
}

static bool is_sound(const struct restore *r, const struct rec_mqueue *q)
{
	bool right = is_name(q->name) && q->room >= 1 && q->room <= 65536 &&
		q->size >= 1 && q->size <= SIZE_MAX_KERNEL &&
		q->mode <= 07777 && q->messages.n <= q->room &&
		q->notify <= MQUEUE_NONE && q->signal <= 64 &&
		!q->notify == !q->owner &&
		(q->notify == MQUEUE_SIGNAL) == (q->signal > 0) &&
		(!q->owner || image_find(&r->image, RECORD_PROCESS, q->owner));

	list_each(&q->messages, struct rec_mqueue_message, m)
		right &= m->priority < PRIORITIES && m->data.len <= q->size;
	return right;
}

/* Is there one of this name?  If so, and it is the same, *same. */
static bool is_here(const struct restore *r, const struct rec_mqueue *q,
		    bool *same)
{
	mqd_t fd = mq_open(q->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct mq_attr attr;
	struct stat st;

	*same = false;
	if (fd < 0 && errno == EACCES)
		fd = mq_open(q->name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES;
	*same = restore_same_boot(r) && fstat(fd, &st) == 0 &&
		st.st_ino == q->ino && st.st_uid == q->uid &&
		mq_getattr(fd, &attr) == 0 &&
		(uint64_t)attr.mq_maxmsg == q->room &&
		(uint64_t)attr.mq_msgsize == q->size;
	close(fd);
	return true;
}

static int verify(struct restore *r, struct failure *f)
{
	bool same;

	image_each(&r->image, RECORD_MQUEUE, struct rec_mqueue, q) {
		if (!is_sound(r, q))
			return fail(f, STATUS_STREAM, "POSIX message queue %llu "
				    "is not sound",
				    (unsigned long long)q_r->id);
		if (!q->gone && is_here(r, q, &same) && !same)
			differs_add(r, "there is another POSIX message queue %s "
				    "here: end it (mq_unlink(3))", q->name);
	}
	image_each(&r->image, RECORD_MQUEUE_OPEN, struct rec_mqueue_open, o)
		if (!image_find(&r->image, RECORD_MQUEUE, o->queue) ||
		    o->flags & ~(uint32_t)OPEN_FLAGS || o->pos > INT64_MAX)
			return fail(f, STATUS_STREAM, "open description %llu is "
				    "of no sound POSIX message queue",
				    (unsigned long long)o_r->id);
	return 0;
}

static int open_each(struct restore *r, uint64_t id, const char *name,
		     struct failure *f)
{
	image_each(&r->image, RECORD_MQUEUE_OPEN, struct rec_mqueue_open, o) {
		mqd_t fd;

		if (o->queue != id)
			continue;
		fd = mq_open(name, (int)o->flags | O_CLOEXEC);
		if (fd < 0)
			return fail_errno(f, STATUS_DIFFERS, "cannot open POSIX "
					  "message queue %s", name);
		lseek(fd, o->pos, SEEK_SET);
		if (opened_add(r, &r->opened, o_r->id, fd, f) < 0)
			return -1;
	}
	return 0;
}

/* The name of one that is gone may be another's by now. */
static mqd_t create(struct restore *r, const struct rec_mqueue *q, char **name)
{
	struct mq_attr attr = { .mq_maxmsg = q->room, .mq_msgsize = q->size };
	int flags = O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK | O_CLOEXEC;
	mqd_t fd = mq_open(q->name, flags, 0600, &attr);

	*name = xstrdup(q->name);
	for (int i = 0; fd < 0 && errno == EEXIST && q->gone && i < 1000; i++) {
		free(*name);
		*name = xasprintf("/gone-%d-%d", getpid(), i);
		fd = mq_open(*name, flags, 0600, &attr);
	}
	if (fd >= 0)
		*(char **)list_add(&r->queues_made, sizeof(char *)) =
			xstrdup(*name);
	return fd;
}

static void give(struct restore *r, mqd_t fd, const struct rec_mqueue *q)
{
	struct stat st;

	if (fstat(fd, &st) == 0 &&
	    (st.st_uid != q->uid || st.st_gid != q->gid) &&
	    fchown(fd, q->uid, q->gid) < 0)
		warning_add(r, "message queue %s could not be given to user %u",
			    q->name, q->uid);
	fchmod(fd, q->mode);
}

static int make(struct restore *r, uint64_t id, const struct rec_mqueue *q,
		struct failure *f)
{
	char *name;
	mqd_t fd = create(r, q, &name);
	int rc;

	if (fd < 0) {
		rc = fail_errno(f, STATUS_DIFFERS, "cannot make POSIX message "
				"queue %s of %llu messages of %llu bytes",
				q->name, (unsigned long long)q->room,
				(unsigned long long)q->size);
	} else if (send_all(fd, q) < 0) {
		rc = fail_errno(f, 0, "cannot fill POSIX message queue %s",
				q->name);
	} else {
		rc = open_each(r, id, name, f);
		give(r, fd, q);
		if (q->gone)
			mq_unlink(name);
	}
	if (fd >= 0)
		close(fd);
	free(name);
	return rc;
}

/* Processes get the limit that they had; what they have exceeds it perhaps. */
static void raise_limit(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MSGQUEUE, &all) == 0 ||
	    getrlimit(RLIMIT_MSGQUEUE, &all) < 0)
		return;
	all.rlim_cur = all.rlim_max;
	setrlimit(RLIMIT_MSGQUEUE, &all);
}

static int prepare(struct restore *r, struct failure *f)
{
	bool same;

	if (image_list(&r->image, RECORD_MQUEUE)->n)
		raise_limit();
	image_each(&r->image, RECORD_MQUEUE, struct rec_mqueue, q) {
		int rc;

		if (!q->gone && is_here(r, q, &same) && same)
			rc = open_each(r, q_r->id, q->name, f);
		else
			rc = make(r, q_r->id, q, f);
		if (rc < 0)
			return -1;
	}
	return 0;
}

void mqueue_end(struct restore *r, bool worked)
{
	list_each(&r->queues_made, char *, name) {
		if (!worked)
			mq_unlink(*name);
		free(*name);
	}
	list_free(&r->queues_made);
}

static int own_descriptor(const struct restore *r, const struct puppet *p,
			  uint64_t queue)
{
	for (size_t i = 0; i < p->fd_n; i++) {
		const struct rec_mqueue_open *o =
			image_find(&r->image, RECORD_MQUEUE_OPEN,
				   p->fds[i]->open);

		if (o && o->queue == queue)
			return p->fds[i]->fd;
	}
	return -1;
}

static int try_ask(struct puppet *p, const struct rec_mqueue *q, int fd,
		   int64_t *ret, struct failure *f)
{
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	ask_again(&b, q, fd);
	rc = batch_run(&b, f);
	*ret = batch_ret(&b, 0);
	batch_free(&b);
	return rc;
}

/* One may ask: the source does until it has ended. */
static int ask(struct restore *r, struct puppet *p, uint64_t id,
	       const struct rec_mqueue *q, struct failure *f)
{
	int patience = r->image.header.ends == END_KILLED ? 3000 : 200;
	int fd = own_descriptor(r, p, id);
	int64_t ret;

	if (fd < 0)
		return fail(f, STATUS_STREAM, "process %llu is told of messages "
			    "in queue %llu, which it does not have open",
			    (unsigned long long)q->owner,
			    (unsigned long long)id);
	for (;;) {
		if (try_ask(p, q, fd, &ret, f) < 0)
			return -1;
		if (ret != -EBUSY || patience-- <= 0)
			break;
		usleep(1000);
	}
	errno = -ret;
	if (ret < 0)
		return fail_errno(f, STATUS_DIFFERS, "cannot be told of messages "
				  "in %s: somebody else is, perhaps the source, "
				  "which migrate-release --kill ends", q->name);
	return 0;
}

static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	image_each(&r->image, RECORD_MQUEUE, struct rec_mqueue, q)
		if (q->owner && q->owner == p->rec->pid &&
		    ask(r, p, q_r->id, q, f) < 0)
			return -1;
	return 0;
}

const struct kind kind_mqueue = {
	.type = RECORD_MQUEUE, .schema = &queue_schema, .unique = true,
	.verify = verify, .prepare = prepare, .settle = settle,
};

const struct kind kind_mqueue_open = {
	.type = RECORD_MQUEUE_OPEN, .schema = &open_schema, .unique = true,
	.open = true,
};

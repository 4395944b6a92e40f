/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - epoll(7): what it watches, what for, and what it says then
 *
 * A watch is for an open description, under a number that need not lead there
 * any more: kcmp(2) tells which one it is.  It is made anew in a process of the
 * tree that has both, for a signalfd looks at the signals of whoever made the
 * watch; where the number leads elsewhere, it leads to what is watched for just
 * that moment.
 *
 * A new watch reports at once what is ready.  To one that reports changes
 * (EPOLLET) that is news, though, that may have been told before.  Nobody can
 * ask which watches have something to tell, but poll(2) says whether any has;
 * if none, those on what changes through the tree alone are made first and
 * emptied.  One that has reported its only time (EPOLLONESHOT) must report here
 * as well: that is the way to the state it is in.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/anon.h"
#include "image/epoll.h"
#include "image/say.h"

static const struct field watch_fields[] = {
	FIELD(struct rec_watch, fd, FIELD_UINT),
	FIELD(struct rec_watch, data, FIELD_UINT, .hex = true),
	FIELD(struct rec_watch, open, FIELD_UINT),
	FIELD(struct rec_watch, events, FIELD_UINT, .hex = true),
};
static const struct schema watch_schema =
	SCHEMA("watch", struct rec_watch, watch_fields);

static const struct field fields[] = {
	FIELD(struct rec_epoll, idle, FIELD_BOOL),
	FIELD(struct rec_epoll, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_epoll, busy_us, FIELD_UINT),
	FIELD(struct rec_epoll, watches, FIELD_STRUCTS, .max = 65536,
	      .sub = &watch_schema),
	FIELD(struct rec_epoll, busy_budget, FIELD_UINT),
	FIELD(struct rec_epoll, busy_prefer, FIELD_UINT),
};
static const struct schema schema = SCHEMA("epoll", struct rec_epoll, fields);

/* Linux 6.9 */
struct busy_params {
	uint32_t us;
	uint16_t budget;
	uint8_t prefer, pad;
};
#define GET_PARAMS	_IOR(0x8A, 2, struct busy_params)
#define SET_PARAMS	_IOW(0x8A, 1, struct busy_params)

/* Of a watch's events: how it reports, not what. */
#define HOW	(EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define EVENTS	(~(uint32_t)HOW)
#define FD_MAX	(1u << 20)
#define WATCH_MAX	65536

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "[eventpoll]");
}

/* A watch as fdinfo has it. */
struct seen_watch {
	uint32_t fd, events;
	uint64_t data;
	uint64_t ino;		/* of what is watched */
	uint32_t nth;		/* of those under the same number */
};

static uint32_t nth_of(const struct list *seen, uint32_t fd)
{
	uint32_t n = 0;

	list_each(seen, const struct seen_watch, w)
		n += w->fd == fd;
	return n;
}

/* "tfd: 5 events: 19 data: 7fff12345678  pos:0 ino:61af sdev:7", from proc(5);
 * one after the other in the order in which kcmp(2) counts. */
static void read_watches(const struct source_fd *fd, struct list *seen)
{
	const char *line = fd->info.text;

	for (; line && *line; line = strchr(line, '\n')) {
		struct seen_watch w = { 0 };
		unsigned long long data, ino;

		line += *line == '\n';
		if (sscanf(line, "tfd: %u events: %x data: %llx pos:%*d ino:%llx",
			   &w.fd, &w.events, &data, &ino) != 4)
			continue;
		w.data = data;
		w.ino = ino;
		w.nth = nth_of(seen, w.fd);
		*(struct seen_watch *)list_add(seen, sizeof(w)) = w;
	}
}

/* Is @fd of process @pid what the watch is for?  Like kcmp(2). */
static long compare(pid_t pid, int fd, const struct source *s, int epoll,
		    const struct seen_watch *w)
{
	struct kcmp_epoll_slot slot = { epoll, w->fd, w->nth };

	return syscall(SYS_kcmp, pid, s->via, KCMP_EPOLL_TFD, fd, &slot);
}

/* Who has it; the number alone tells mostly.  The inode is the file system's,
 * which is not what stat(2) says on all of them. */
static const struct source_fd *find_in_tree(const struct capture *c,
					    const struct source *s, int epoll,
					    const struct seen_watch *w,
					    const struct source **owner)
{
	*owner = s;
	list_each(&s->fds, struct source_fd, fd)
		if (fd->fd == (int)w->fd &&
		    compare(s->via, fd->fd, s, epoll, w) == 0)
			return fd;
	list_each(&c->sources, struct source, other) {
		*owner = other;
		list_each(&other->fds, struct source_fd, fd)
			if ((fd->st.st_ino == w->ino || fd->link[0] == '/') &&
			    compare(other->via, fd->fd, s, epoll, w) == 0)
				return fd;
	}
	return NULL;
}

/* In a running tree a watch may be over before one looks. */
static bool is_over(const struct capture *c, const struct source *s, int epoll,
		    const struct seen_watch *w)
{
	return !c->frozen && compare(s->via, epoll, s, epoll, w) < 0 &&
	       errno == ENOENT;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	const struct source *owner;
	struct list seen = { 0 };

	(void)f;
	read_watches(fd, &seen);
	if (seen.n > WATCH_MAX)
		obstacle_add(c, s, NULL, "watches %zu descriptors with one epoll "
			     "(descriptor %d), more than %d", seen.n, fd->fd,
			     WATCH_MAX);
	list_each(&seen, struct seen_watch, w)
		if (!capture_drops(c, w->fd) &&
		    !find_in_tree(c, s, fd->fd, w, &owner) &&
		    !is_over(c, s, fd->fd, w))
			obstacle_add(c, s, "capture who has it open with it, or "
				     "remove the watch", "watches by epoll "
				     "(descriptor %d) what was its descriptor %u "
				     "and is now open outside the tree alone",
				     fd->fd, w->fd);
	list_free(&seen);
	return 0;
}

static void read_busy(int copy, struct rec_epoll *rec)
{
	struct busy_params p = { 0 };

	if (ioctl(copy, GET_PARAMS, &p) < 0)
		return;
	rec->busy_us = p.us;
	rec->busy_budget = p.budget;
	rec->busy_prefer = p.prefer;
}

/* What it watches is found when all descriptors of the tree have been met. */
static int capture_fd(struct capture *c, struct source *s,
		      const struct source_fd *fd, uint64_t id,
		      struct failure *f)
{
	struct rec_epoll *rec = image_add(&c->image, RECORD_EPOLL, id);
	int copy = anon_take(s, fd->fd, f);

	if (copy < 0)
		return -1;
	rec->flags = fd->info.flags & ANON_FLAGS;
	read_busy(copy, rec);
	close(copy);
	return 0;
}

static int find_watched(struct capture *c, struct source *s, int epoll,
			struct rec_epoll *rec, struct failure *f)
{
	struct list seen = { 0 };
	struct source_fd fd = { .fd = epoll };
	int rc = 0;

	if (proc_fdinfo(s->via, epoll, &fd.info) < 0)
		return fail_errno(f, 0, "cannot look at descriptor %d of process "
				  "%d", epoll, s->pid);
	read_watches(&fd, &seen);
	list_each(&seen, struct seen_watch, w) {
		const struct source *owner;
		const struct source_fd *there =
			find_in_tree(c, s, epoll, w, &owner);
		uint64_t open = there ? open_known(c, owner->via, there) : 0;
		struct rec_watch *to;

		if (!open && capture_drops(c, w->fd))
			continue;
		if (!open)
			rc = fail(f, STATUS_OBSTACLE, "what process %d watches by "
				  "epoll (descriptor %d, its number was %u) is "
				  "not open in the tree", s->pid, epoll, w->fd);
		to = list_add(&rec->watches, sizeof(*to));
		*to = (struct rec_watch){ w->fd, w->events, w->data, open };
	}
	list_free(&seen);
	proc_fdinfo_free(&fd.info);
	return rc;
}

/* Does nothing but the tree itself make it ready, or not ready? */
static bool is_inner(const struct image *img, uint64_t open)
{
	return image_find(img, RECORD_PIPE_END, open) ||
	       image_find(img, RECORD_EVENTFD, open);
}

/*
 * Whether anything is to be reported.  Asked only where it matters, and never
 * where the answer hangs on who asks (a signalfd): whoever looks at a watch and
 * finds nothing takes it from the list of those to look at.
 */
static int ask_idle(struct capture *c, struct source *s, int epoll,
		    struct rec_epoll *rec, struct failure *f)
{
	struct pollfd copy = { .events = POLLIN };
	bool matters = false;

	list_each(&rec->watches, struct rec_watch, w) {
		if (image_find(&c->image, RECORD_SIGNALFD, w->open) ||
		    image_find(&c->image, RECORD_EPOLL, w->open))
			return 0;
		matters |= w->events & EPOLLET && is_inner(&c->image, w->open);
	}
	if (!matters)
		return 0;
	copy.fd = anon_take(s, epoll, f);
	if (copy.fd < 0)
		return -1;
	rec->idle = poll(&copy, 1, 0) == 0;
	close(copy.fd);
	return 0;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	list_each(&c->opens, struct seen_open, o) {
		struct rec_epoll *rec = o->pid != s->via ? NULL :
			image_find(&c->image, RECORD_EPOLL, o->id);

		if (rec && (find_watched(c, s, o->fd, rec, f) < 0 ||
			    ask_idle(c, s, o->fd, rec, f) < 0))
			return -1;
	}
	return 0;
}

const struct fd_kind fd_kind_epoll = {
	.claims = claims, .check = check, .capture = capture_fd,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_EPOLL, struct rec_epoll, e) {
		bool sound = !(e->flags & ~ANON_FLAGS) &&
			     e->busy_budget <= UINT16_MAX && e->busy_prefer <= 1;

		list_each(&e->watches, struct rec_watch, w) {
			sound &= w->fd < FD_MAX && open_exists(r, w->open) &&
				 w->open != e_r->id;
			list_each(&e->watches, struct rec_watch, other)
				sound &= other == w || other->fd != w->fd ||
					 other->open != w->open;
			if (sound && (int)w->fd >= r->fd_base)
				r->fd_base = w->fd + 1;
		}
		if (!sound)
			return fail(f, STATUS_STREAM, "epoll %llu is not sound",
				    (unsigned long long)e_r->id);
	}
	return 0;
}

static void set_busy(struct restore *r, int fd, const struct rec_epoll *e)
{
	struct busy_params p = { e->busy_us, e->busy_budget, e->busy_prefer, 0 };

	if ((e->busy_us || e->busy_budget || e->busy_prefer) &&
	    ioctl(fd, SET_PARAMS, &p) < 0)
		warning_add(r, "busy polling of an epoll descriptor could not "
			    "be set: %s", strerror(errno));
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_EPOLL, struct rec_epoll, e) {
		int fd = epoll_create1(EPOLL_CLOEXEC);

		if (fd < 0)
			return fail_errno(f, 0, "cannot make an epoll descriptor");
		set_busy(r, fd, e);
		if (anon_opened(r, e_r->id, fd, e->flags, f) < 0)
			return -1;
	}
	return 0;
}

/* ---- watches ---- */

/* What has the number @fd, NULL if nothing; they are in order. */
static const struct rec_descriptor *descriptor_at(const struct puppet *p,
						  uint32_t fd)
{
	size_t low = 0, high = p->fd_n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (p->fds[mid]->fd == fd)
			return p->fds[mid];
		if (p->fds[mid]->fd < fd)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool leads(const struct puppet *p, uint32_t fd, uint64_t open)
{
	const struct rec_descriptor *d = descriptor_at(p, fd);

	return d && d->open == open;
}

static bool has_open(const struct puppet *p, uint64_t open)
{
	for (size_t i = 0; i < p->fd_n; i++)
		if (p->fds[i]->open == open)
			return true;
	return false;
}

/* The first process that has the epoll; the top if it is only on its way. */
static const struct puppet *owner_of(const struct restore *r, uint64_t epoll)
{
	list_each(&r->puppets, struct puppet *, p)
		if (!(*p)->done && has_open(*p, epoll))
			return *p;
	return *list_at(&r->puppets, struct puppet *, 0);
}

static bool is_spent(const struct rec_watch *w)
{
	return w->events & EPOLLONESHOT && !(w->events & EVENTS);
}

static bool is_quiet(const struct restore *r, const struct rec_epoll *e,
		     const struct rec_watch *w)
{
	return e->idle && w->events & EPOLLET && !is_spent(w) &&
	       is_inner(&r->image, w->open);
}

/* Who makes the watch.  What is to be emptied is the first's to do, before
 * others come. */
static const struct puppet *maker_of(const struct restore *r, uint64_t epoll,
				     const struct rec_epoll *e,
				     const struct rec_watch *w)
{
	if (!is_spent(w) && !is_quiet(r, e, w))
		list_each(&r->puppets, struct puppet *, p)
			if (!(*p)->done && has_open(*p, epoll) &&
			    leads(*p, w->fd, w->open))
				return *p;
	return owner_of(r, epoll);
}

bool epoll_needs(const struct restore *r, const struct puppet *p, uint64_t open)
{
	image_each(&r->image, RECORD_EPOLL, struct rec_epoll, e)
		list_each(&e->watches, struct rec_watch, w)
			if (w->open == open && maker_of(r, e_r->id, e, w) == p)
				return true;
	return false;
}

/* An epoll whose watches are being made in a puppet. */
struct making {
	struct restore *r;
	struct puppet *p;
	const struct list *late;	/* of struct opened, there */
	int epoll;			/* its number there */
	struct batch b;
};

static int number_of(const struct making *m, uint64_t open)
{
	int fd = opened_find(&m->r->opened, open);

	return fd >= 0 ? fd : opened_find(m->late, open);
}

/* Makes room for a few more calls. */
static int begin(struct making *m, struct failure *f)
{
	return batch_make_room(&m->b, f);
}

static void add_ctl(struct making *m, int op, const struct rec_watch *w,
		    uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = w->data };

	batch_add(&m->b, "make a watch of epoll", SYS_epoll_ctl, m->epoll, op,
		  w->fd, batch_data(&m->b, &ev, sizeof(ev)));
}

static void lead(struct making *m, const struct rec_watch *w)
{
	if (!leads(m->p, w->fd, w->open))
		batch_add(&m->b, "lend a number", SYS_dup3,
			  number_of(m, w->open), w->fd, O_CLOEXEC);
}

/* The number leads again where it did. */
static void lead_back(struct making *m, const struct rec_watch *w)
{
	const struct rec_descriptor *d = descriptor_at(m->p, w->fd);

	if (d && d->open != w->open)
		batch_add(&m->b, "place a descriptor", SYS_dup3,
			  number_of(m, d->open), d->fd,
			  d->cloexec ? O_CLOEXEC : 0);
	else if (!d)
		batch_add(&m->b, "give a number back", SYS_close, w->fd);
}

static size_t add_wait(struct making *m, uint64_t out, uint32_t max)
{
	return batch_add(&m->b, "empty an epoll descriptor", SYS_epoll_wait,
			 m->epoll, out, max, 0);
}

/* What is ready of them is told to us, and not again. */
static int make_quiet(struct making *m, const struct rec_epoll *e,
		      struct failure *f)
{
	enum { EVENTS_AT_ONCE = 512 };
	int64_t told;

	list_each(&e->watches, struct rec_watch, w) {
		if (!is_quiet(m->r, e, w))
			continue;
		if (begin(m, f) < 0)
			return -1;
		lead(m, w);
		add_ctl(m, EPOLL_CTL_ADD, w, w->events);
		lead_back(m, w);
	}
	do {
		size_t wait;

		if (batch_run(&m->b, f) < 0)
			return -1;
		batch_reset(&m->b);
		wait = add_wait(m, batch_data(&m->b, NULL, EVENTS_AT_ONCE *
					      sizeof(struct epoll_event)),
				EVENTS_AT_ONCE);
		if (batch_run(&m->b, f) < 0)
			return -1;
		told = batch_ret(&m->b, wait);
		batch_reset(&m->b);
	} while (told > 0);
	return 0;
}

/* The other end of an empty pipe that @open is the reading end of; -1. */
static int writing_end(const struct restore *r, uint64_t open)
{
	const struct rec_pipe_end *mine =
		image_find(&r->image, RECORD_PIPE_END, open);

	if (mine)
		image_each(&r->image, RECORD_PIPE_END, struct rec_pipe_end, e)
			if (e->pipe == mine->pipe &&
			    (e->flags & O_ACCMODE) != O_RDONLY)
				return opened_find(&r->opened, e_r->id);
	return -1;
}

static int wait_once(struct making *m, bool *told, struct failure *f)
{
	uint64_t out = batch_data(&m->b, NULL, sizeof(struct epoll_event));
	size_t wait = add_wait(m, out, 1);
	int rc = batch_run(&m->b, f);

	*told = rc == 0 && batch_ret(&m->b, wait) > 0;
	batch_reset(&m->b);
	return rc;
}

/* A byte through an empty pipe, for the sake of the report. */
static int wait_byte(struct making *m, const struct rec_watch *w, bool *told,
		     struct failure *f)
{
	int to = writing_end(m->r, w->open), rc;
	char byte = 0;

	if (to < 0 || write(to, &byte, 1) != 1)
		return 0;
	rc = wait_once(m, told, f);
	if (read(opened_find(&m->r->opened, w->open), &byte, 1) != 1)
		return fail_errno(f, 0, "cannot empty a pipe");
	return rc;
}

/*
 * Whatever there is may be reported.  Where there is nothing at all the watch
 * is left to tell of a hang-up or an error, no more: the kernel does not let
 * one leave these out.
 */
static int make_spent(struct making *m, const struct rec_watch *w,
		      struct failure *f)
{
	uint32_t how = w->events & HOW;
	bool told;

	lead(m, w);
	add_ctl(m, EPOLL_CTL_ADD, w, how | EPOLLIN | EPOLLOUT | EPOLLPRI |
		EPOLLRDHUP | EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM |
		EPOLLWRBAND | EPOLLMSG);
	if (wait_once(m, &told, f) < 0 ||
	    (!told && wait_byte(m, w, &told, f) < 0))
		return -1;
	if (!told)
		add_ctl(m, EPOLL_CTL_MOD, w, how);
	lead_back(m, w);
	if (batch_run(&m->b, f) < 0)
		return -1;
	batch_reset(&m->b);
	return 0;
}

static int make_others(struct making *m, uint64_t id, const struct rec_epoll *e,
		       struct failure *f)
{
	list_each(&e->watches, struct rec_watch, w) {
		if (is_spent(w) || is_quiet(m->r, e, w) ||
		    maker_of(m->r, id, e, w) != m->p)
			continue;
		if (begin(m, f) < 0)
			return -1;
		lead(m, w);
		add_ctl(m, EPOLL_CTL_ADD, w, w->events);
		lead_back(m, w);
	}
	if (batch_run(&m->b, f) < 0)
		return -1;
	batch_reset(&m->b);
	return 0;
}

static int make_watches(struct making *m, uint64_t id, const struct rec_epoll *e,
			struct failure *f)
{
	m->epoll = number_of(m, id);
	if (owner_of(m->r, id) == m->p) {
		list_each(&e->watches, struct rec_watch, w)
			if (is_spent(w) && make_spent(m, w, f) < 0)
				return -1;
		if (e->idle && make_quiet(m, e, f) < 0)
			return -1;
	}
	return make_others(m, id, e, f);
}

int epoll_watch(struct restore *r, struct puppet *p, const struct list *late,
		struct failure *f)
{
	struct making m = { .r = r, .p = p, .late = late };
	int rc = 0;

	puppet_batch(p, &m.b);
	image_each(&r->image, RECORD_EPOLL, struct rec_epoll, e)
		if (rc == 0 && e->watches.n)
			rc = make_watches(&m, e_r->id, e, f);
	batch_free(&m.b);
	return rc;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_epoll *e = rec;

	fputs("epoll with ", to);
	if (e->watches.n == 1)
		fputs("1 watch", to);
	else
		fprintf(to, "%zu watches", e->watches.n);
}

const struct kind kind_epoll = {
	.type = RECORD_EPOLL, .schema = &schema, .unique = true, .open = true,
	.capture = capture, .verify = verify, .prepare = prepare,
	.describe = describe,
};

/* SPDX-License-Identifier: MIT */
/*
 * aio.c - contexts of asynchronous I/O: io_setup(2)
 *
 * A context moves when nothing is under way in it: requests are given a moment to
 * end, the tree being frozen.  What moves then is the events that nobody has taken
 * yet, and where they stand in the ring.  Its number is the address that its ring
 * is mapped at, and follows it: a new one is made anywhere and moved there.
 *
 * A child that fork(2) made has the memory of its parent's contexts, but no
 * context: for it, it stays memory.
 */
#include "image/aio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "image/capture.h"
#include "image/restore.h"

#define EVENTS_MAX	(1u << 20)	/* bytes of events that wait */
#define DRAIN_MS	500	/* for requests under way */

static const struct field fields[] = {
	FIELD(struct rec_aio, dead, FIELD_BOOL),
	FIELD(struct rec_aio, head, FIELD_UINT),
	FIELD(struct rec_aio, start, FIELD_UINT, .hex = true),
	FIELD(struct rec_aio, events, FIELD_BLOB, .max = EVENTS_MAX),
};
static const struct schema schema =
	SCHEMA("asynchronous I/O", struct rec_aio, fields);

/* ---- capture ---- */

static bool is_ring(const struct proc_map *m)
{
	return m->deleted && !strcmp(m->path, "/[aio]");
}

static int refuse(const struct source *s, const struct proc_map *m,
		  const char *why, struct failure *f)
{
	return fail(f, STATUS_OBSTACLE, "process %d has asynchronous I/O %s "
		    "(io_setup, at 0x%llx), which cannot be moved", s->pid, why,
		    (unsigned long long)m->start);
}

static int read_ring(struct source *s, const struct proc_map *m,
		     struct aio_ring *ring, struct failure *f)
{
	uint64_t size = m->end - m->start;

	if (strings_read(&s->strings, m->start, ring, sizeof(*ring)) < 0)
		return fail_errno(f, 0, "cannot read memory of process %d",
				  s->pid);
	if (ring->magic != AIO_MAGIC || ring->length != sizeof(*ring) ||
	    ring->nr != aio_room(size))
		return refuse(s, m, "whose ring is laid out in an unknown way, "
			      "or mapped in part", f);
	ring->head %= ring->nr;
	ring->tail %= ring->nr;
	return 0;
}

/* Is it a context of the process, or only the memory of one? */
static int is_alive(struct source *s, const struct proc_map *m, bool *alive,
		    struct failure *f)
{
	struct batch b;
	int rc;

	source_batch(s, &b);
	batch_add(&b, NULL, SYS_io_getevents, m->start, 0, 0, 0, 0);
	rc = batch_run(&b, f);
	*alive = rc == 0 && batch_ret(&b, 0) == 0;
	batch_free(&b);
	return rc;
}

/*
 * Until nothing is under way: 1; 0 if that takes too long.  Between two probes the
 * ring is what it was, with the events that came.
 */
static int drain(struct aio_pump *p, uint32_t whole, uint32_t head,
		 struct list *events, struct failure *f)
{
	int64_t until = monotonic_ns() + DRAIN_MS * 1000000ll;
	struct failure mine = { 0 };
	int idle;

	for (;;) {
		events->n = 0;
		idle = aio_pump_probe(p, whole, events, f);
		if (aio_pump_fill(p, head, events, idle < 0 ? &mine : f) < 0)
			return -1;
		if (idle || monotonic_ns() > until)
			return idle;
		usleep(1000);
	}
}

static int read_alive(struct source *s, const struct proc_map *m,
		      struct aio_pump *p, uint32_t head, struct list *events,
		      struct failure *f)
{
	uint32_t whole = aio_measure(m->end - m->start);
	int idle;

	if (!whole)
		return fail_errno(f, 0, "cannot make a context of asynchronous "
				  "I/O like that of process %d: "
				  "/proc/sys/fs/aio-max-nr may be too low",
				  s->pid);
	idle = drain(p, whole, head, events, f);
	return idle ? idle : refuse(s, m, "under way that does not end", f);
}

static int capture_one(struct capture *c, struct source *s,
		       const struct proc_map *m, struct aio_pump *p,
		       struct failure *f)
{
	struct list events = { 0 };
	struct rec_aio *rec;
	struct aio_ring ring;
	bool alive;
	int rc;

	if (read_ring(s, m, &ring, f) < 0 || is_alive(s, m, &alive, f) < 0)
		return -1;
	aio_pump_on(p, m->start, ring.nr);
	rc = alive ? read_alive(s, m, p, ring.head, &events, f) :
		aio_pump_peek(p, &events, f);
	if (rc >= 0 && events.n * sizeof(struct io_event) > EVENTS_MAX)
		rc = refuse(s, m, "with more than 32768 events that nobody has "
			    "taken", f);
	if (rc >= 0) {
		rec = image_add(&c->image, RECORD_AIO, s->id);
		rec->start = m->start;
		rec->dead = !alive;
		rec->head = ring.head;
		rec->events.len = events.n * sizeof(struct io_event);
		rec->events.data = events.items;	/* handed over */
		events = (struct list){ 0 };
	}
	list_free(&events);
	return rc < 0 ? -1 : 0;
}

/* Requests that ended meanwhile may have told some. */
static int look_again(struct capture *c, struct failure *f)
{
	list_each(&c->sources, struct source, s)
		list_each(&s->fds, struct source_fd, fd) {
			if (strcmp(fd->link, "anon_inode:[eventfd]"))
				continue;
			proc_fdinfo_free(&fd->info);
			if (proc_fdinfo(s->via, fd->fd, &fd->info) < 0)
				return fail_errno(f, 0, "cannot look at "
						  "descriptor %d of process %d",
						  fd->fd, s->pid);
		}
	return 0;
}

static bool has_ring(const struct source *s)
{
	list_each(&s->maps, struct proc_map, m)
		if (is_ring(m))
			return true;
	return false;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct aio_pump p;
	int rc = 0;

	if (!has_ring(s))
		return 0;
	if (aio_pump_open(&p, &s->strings, &source_leader(s)->t, f) < 0)
		return -1;
	list_each(&s->maps, struct proc_map, m)
		if (rc == 0 && is_ring(m))
			rc = capture_one(c, s, m, &p, f);
	aio_pump_close(&p);
	return rc < 0 ? -1 : look_again(c, f);
}

/* ---- restore ---- */

static const struct rec_mapping *mapping_of(const struct restore *r,
					    uint64_t id, uint64_t start)
{
	size_t n;
	struct record *m = image_run(&r->image, RECORD_MAPPING, id, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rec_mapping *map = m[i].data;

		if (map->start == start && map->kind == MAPPING_AIO)
			return map;
	}
	return NULL;
}

static bool is_sound(const struct rec_aio *a, const struct rec_mapping *m)
{
	uint64_t size = m ? m->end - m->start : 0;

	return m && size <= AIO_SIZE_MAX && a->head < aio_room(size) &&
	       a->events.len % sizeof(struct io_event) == 0 &&
	       a->events.len / sizeof(struct io_event) < aio_room(size);
}

/* Is there room, and is one that is asked for of the same size here? */
static void need(struct restore *r, const struct rec_mapping *m)
{
	if (aio_measure(m->end - m->start))
		return;
	if (errno == EOVERFLOW)
		differs_add(r, "contexts of asynchronous I/O (io_setup) are "
			    "larger here, as there are more processors");
	else if (errno == EAGAIN)
		differs_add(r, "there is no room for a context of asynchronous "
			    "I/O (io_setup): raise /proc/sys/fs/aio-max-nr");
	else
		differs_add(r, "a context of asynchronous I/O (io_setup) cannot "
			    "be made here: %s", strerror(errno));
}

static int unsound(uint64_t pid, struct failure *f)
{
	return fail(f, STATUS_STREAM, "asynchronous I/O of process %llu is not "
		    "sound", (unsigned long long)pid);
}

/* Each has its mapping, and each mapping its context. */
static int verify(struct restore *r, struct failure *f)
{
	const struct record *last = NULL;
	size_t maps = 0;

	image_each(&r->image, RECORD_MAPPING, struct rec_mapping, m)
		maps += m->kind == MAPPING_AIO;
	image_each(&r->image, RECORD_AIO, struct rec_aio, a) {
		const struct rec_mapping *m = mapping_of(r, a_r->id, a->start);
		const struct rec_aio *before = last && last->id == a_r->id ?
			last->data : NULL;

		if (!is_sound(a, m) || (before && a->start <= before->start))
			return unsound(a_r->id, f);
		if (!a->dead)
			need(r, m);
		last = a_r;
	}
	if (maps != image_list(&r->image, RECORD_AIO)->n)
		return fail(f, STATUS_STREAM, "memory of asynchronous I/O is "
			    "mapped that the stream does not tell of");
	return 0;
}

/* A place that nothing else gets, until the ring is moved there. */
static int make_context(struct puppet *p, const struct rec_mapping *m,
			struct failure *f)
{
	uint64_t size = m->end - m->start, at, ctx = 0;
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	at = batch_data(&b, NULL, sizeof(ctx));
	batch_add(&b, "reserve memory", SYS_mmap, m->start, size, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		  MAP_FIXED_NOREPLACE, -1, 0);
	batch_add(&b, "make a context of asynchronous I/O", SYS_io_setup,
		  aio_requests(size), at);
	rc = batch_run(&b, f);
	if (rc == 0)
		memcpy(&ctx, batch_out(&b, at), sizeof(ctx));
	batch_reset(&b);
	batch_add(&b, "move a context of asynchronous I/O", SYS_mremap, ctx,
		  size, size, MREMAP_MAYMOVE | MREMAP_FIXED, m->start);
	if (rc == 0)
		rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

static void list_events(const struct rec_aio *a, struct list *events)
{
	for (size_t at = 0; at < a->events.len; at += sizeof(struct io_event))
		memcpy(list_add(events, sizeof(struct io_event)),
		       a->events.data + at, sizeof(struct io_event));
}

static int fill_context(struct puppet *p, const struct rec_aio *a,
			const struct rec_mapping *m, struct failure *f)
{
	struct list events = { 0 };
	struct aio_ring ring;
	struct aio_pump pump;
	int rc = 0;

	if (strings_read(&p->strings, m->start, &ring, sizeof(ring)) < 0)
		return fail_errno(f, 0, "cannot read memory of process %d",
				  p->pid);
	if (ring.nr != aio_room(m->end - m->start) || ring.magic != AIO_MAGIC ||
	    ring.length != sizeof(ring))
		return fail(f, STATUS_DIFFERS, "contexts of asynchronous I/O "
			    "(io_setup) are laid out in another way here");
	if (aio_pump_open(&pump, &p->strings, &puppet_leader(p)->t, f) < 0)
		return -1;
	aio_pump_on(&pump, m->start, ring.nr);
	list_events(a, &events);
	rc = aio_pump_fill(&pump, a->head, &events, f);
	aio_pump_close(&pump);
	list_free(&events);
	return rc;
}

static int make_memory(struct puppet *p, const struct rec_aio *a,
		       const struct rec_mapping *m, struct failure *f)
{
	struct aio_pump pump = { .s = &p->strings };
	uint64_t size = m->end - m->start;
	struct aio_ring ring = {
		.id = ~0u, .nr = aio_room(size), .head = a->head,
		.tail = (a->head + a->events.len / sizeof(struct io_event)) %
			aio_room(size),
		.magic = AIO_MAGIC, .compat = 1, .length = sizeof(ring),
	};

	if (puppet_call(p, "map memory", SYS_mmap, m->start, size,
			PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			MAP_FIXED_NOREPLACE, -1, NULL, f) < 0)
		return -1;
	aio_pump_on(&pump, m->start, ring.nr);
	return aio_pump_poke(&pump, &ring, a->events.data,
			     a->events.len / sizeof(struct io_event), f);
}

static int make(struct puppet *p, const struct rec_aio *a,
		const struct rec_mapping *m, struct failure *f)
{
	if (a->dead && make_memory(p, a, m, f) < 0)
		return -1;
	if (!a->dead && (make_context(p, m, f) < 0 ||
			 fill_context(p, a, m, f) < 0))
		return -1;
	if (m->prot == (PROT_READ | PROT_WRITE))
		return 0;
	return puppet_call(p, "protect memory", SYS_mprotect, m->start,
			   m->end - m->start, m->prot, 0, 0, NULL, f);
}

static int map(struct restore *r, struct puppet *p, struct failure *f)
{
	size_t n;
	struct record *a = image_run(&r->image, RECORD_AIO, p->rec->pid, &n);

	if (n && queues_flush(r, f) < 0)	/* all else is mapped then */
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct rec_aio *rec = a[i].data;

		if (make(p, rec, mapping_of(r, a[i].id, rec->start), f) < 0)
			return -1;
	}
	return 0;
}

const struct kind kind_aio = {
	.type = RECORD_AIO, .schema = &schema,
	.capture = capture, .verify = verify, .map = map,
};

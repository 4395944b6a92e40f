/* SPDX-License-Identifier: MIT */
/*
 * uring.c - rings of requests to the kernel: io_uring(7)
 *
 * A ring moves when nothing is under way in it: the kernel is given a moment to
 * finish, the tree being frozen.  What the program sees of a ring is memory that
 * it maps; the kernel's own two counters are in fdinfo.  A new ring starts them
 * at 0, so as many empty requests (IORING_OP_NOP) pass through it as have passed
 * through the old one; then the memory is put back, with what has been written
 * and not submitted, or completed and not looked at.
 *
 * Layout of the memory: io_uring_setup(2); it does not change between kernels,
 * which is checked.  Flags of the set-up that only say how the kernel is to run
 * completions are told by nobody, and are not set again.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/anon.h"

static const struct field fields[] = {
	FIELD(struct rec_uring, ino, FIELD_UINT),
	FIELD(struct rec_uring, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_uring, rings, FIELD_BLOB, .max = URING_MAX),
	FIELD(struct rec_uring, passed, FIELD_UINT),
	FIELD(struct rec_uring, entries, FIELD_BLOB, .max = URING_MAX),
	FIELD(struct rec_uring, requests, FIELD_UINT),
	FIELD(struct rec_uring, completions, FIELD_UINT),
};
static const struct schema schema =
	SCHEMA("io_uring", struct rec_uring, fields);

#define DRAIN_MS	500	/* for requests under way */
#define GROUPS_TRIED	32	/* of buffers, from 0 */
#define REGISTERED_MAX	16	/* rings that a thread may register */
#define PASSED_MAX	(1u << 27)	/* requests: some ten seconds */
#define ENTRIES_MAX	32768u	/* IORING_MAX_ENTRIES */
#define REGISTERED_RING	(1u << 4)	/* IORING_ENTER_REGISTERED_RING, 5.18 */
#define PBUF_STATUS	26	/* IORING_REGISTER_PBUF_STATUS, 6.8 */

/* ---- what cannot be moved ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "[io_uring]");
}

static uint64_t value(const struct proc_fdinfo *info, const char *key, int base)
{
	uint64_t v = 0;

	anon_value(info, key, base, &v);
	return v;
}

static const char *unmovable(const struct proc_fdinfo *info)
{
	if (!strstr(info->text, "\nCachedSqHead:"))
		return "whose state is not told here";
	if (!strstr(info->text, "\nSqThread:\t-1"))
		return "with a thread of the kernel (IORING_SETUP_SQPOLL)";
	if (value(info, "UserFiles:", 10))
		return "with registered files";
	if (value(info, "UserBufs:", 10))
		return "with registered buffers";
	if (strstr(info->text, "\nPersonalities:"))
		return "with registered credentials";
	if ((uint32_t)value(info, "CachedSqHead:", 10) > PASSED_MAX)
		return "that has had more than 134217728 requests";
	return NULL;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	const char *why = unmovable(&fd->info);

	(void)f;
	if (why)
		obstacle_add(c, s, "have the program use epoll instead (in node, "
			     "UV_USE_IO_URING=0)", "has an io_uring %s "
			     "(descriptor %d), which cannot be moved", why,
			     fd->fd);
	return 0;
}

bool uring_is_open(const struct capture *c, uint64_t ino)
{
	list_each(&c->sources, struct source, s)
		list_each(&s->fds, struct source_fd, fd)
			if (claims(fd) && fd->info.ino == ino)
				return true;
	return false;
}

/* ---- capture ---- */

static long registering(int fd, unsigned opcode, void *arg, unsigned n)
{
	return syscall(SYS_io_uring_register, fd, opcode, arg, n);
}

static int has(const struct source *s, const struct source_fd *fd,
	       const char *what, struct failure *f)
{
	return fail(f, STATUS_OBSTACLE, "process %d has an io_uring %s "
		    "(descriptor %d), which cannot be moved: have the program "
		    "use epoll instead (in node, UV_USE_IO_URING=0)", s->pid,
		    what, fd->fd);
}

/* What is registered and is not told: by trying whether more may be. */
static int check_hidden(const struct source *s, const struct source_fd *fd,
			int copy, struct failure *f)
{
	int event = eventfd(0, EFD_CLOEXEC), rc = 0;

	if (registering(copy, IORING_REGISTER_EVENTFD, &event, 1) == 0)
		registering(copy, IORING_UNREGISTER_EVENTFD, NULL, 0);
	else if (errno == EBUSY)
		rc = has(s, fd, "with an eventfd", f);
	else if (errno == EEXIST)
		rc = has(s, fd, "for one thread alone "
			 "(IORING_SETUP_SINGLE_ISSUER)", f);
	if (event >= 0)
		close(event);
	for (uint32_t group = 0; group < GROUPS_TRIED && rc == 0; group++) {
		uint32_t status[10] = { group };

		if (registering(copy, PBUF_STATUS, status, 1) == 0)
			rc = has(s, fd, "with provided buffers", f);
	}
	return rc;
}

/* A thread may call a ring by a number of its own. */
static int check_numbers(struct source *s, const struct source_fd *fd,
			 struct failure *f)
{
	list_each(&s->tasks, struct source_task, t) {
		struct batch b;
		bool found = false;
		int rc;

		batch_init(&b, &s->strings, &t->t);
		for (int i = 0; i < REGISTERED_MAX; i++)
			batch_add(&b, NULL, SYS_io_uring_enter, i, 0, 0,
				  REGISTERED_RING, 0, 0);
		rc = batch_run(&b, f);
		for (int i = 0; i < REGISTERED_MAX && rc == 0; i++)
			found |= batch_ret(&b, i) >= 0;
		batch_free(&b);
		if (rc < 0)
			return -1;
		if (found)
			return has(s, fd, "that a thread has registered "
				   "(IORING_REGISTER_RING_FDS)", f);
	}
	return 0;
}

static bool is_idle(const struct proc_fdinfo *info)
{
	const char *polls = strstr(info->text, "\nPollList:\n");
	const char *end = strstr(info->text, "\nCqOverflowList:\n");

	return (uint32_t)value(info, "CachedSqHead:", 10) ==
	       (uint32_t)value(info, "CachedCqTail:", 10) &&
	       (!polls || polls[11] != ' ') && (!end || end[17] != ' ');
}

static int await_idle(struct source *s, const struct source_fd *fd,
		      struct proc_fdinfo *info, struct failure *f)
{
	for (int ms = 0; ms < DRAIN_MS; ms++) {
		if (proc_fdinfo(s->via, fd->fd, info) < 0)
			return fail_errno(f, 0, "cannot look at descriptor %d "
					  "of process %d", fd->fd, s->pid);
		if (is_idle(info))
			return 0;
		proc_fdinfo_free(info);
		usleep(1000);
	}
	return has(s, fd, "in which requests are under way", f);
}

/* As long as anybody maps it; 0 nobody does. */
static size_t mapped_length(const struct capture *c, uint64_t ino, bool entries)
{
	size_t len = 0;

	list_each(&c->sources, struct source, s)
		list_each(&s->maps, struct proc_map, m) {
			bool of_entries = m->offset == IORING_OFF_SQES;

			if (m->ino == ino && of_entries == entries &&
			    !strcmp(m->path, "anon_inode:[io_uring]") &&
			    m->end - m->start > len)
				len = m->end - m->start;
		}
	return len;
}

static int take(int fd, uint64_t offset, size_t len, struct blob *to)
{
	void *at;

	if (!len)
		return 0;
	if (len > URING_MAX) {
		errno = EFBIG;
		return -1;
	}
	at = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, offset);
	if (at == MAP_FAILED)
		return -1;
	to->data = xmalloc(len);
	to->len = len;
	memcpy(to->data, at, len);
	munmap(at, len);
	return 0;
}

static int record(struct capture *c, const struct source *s,
		  const struct source_fd *fd, int copy,
		  const struct proc_fdinfo *info, struct rec_uring *rec,
		  struct failure *f)
{
	rec->ino = info->ino;
	rec->flags = info->flags & ANON_FLAGS;
	rec->passed = value(info, "CachedSqHead:", 10);
	rec->requests = value(info, "SqMask:", 16) + 1;
	rec->completions = value(info, "CqMask:", 16) + 1;
	if (take(copy, IORING_OFF_SQ_RING, mapped_length(c, info->ino, false),
		 &rec->rings) < 0 ||
	    take(copy, IORING_OFF_SQES, mapped_length(c, info->ino, true),
		 &rec->entries) < 0)
		return fail_errno(f, 0, "cannot read an io_uring of process %d "
				  "(descriptor %d)", s->pid, fd->fd);
	return 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_uring *rec = image_add(&c->image, RECORD_URING, id);
	struct proc_fdinfo info = { 0 };
	int copy = anon_take(s, fd->fd, f), rc = -1;

	if (copy >= 0 && check_hidden(s, fd, copy, f) == 0 &&
	    check_numbers(s, fd, f) == 0 && await_idle(s, fd, &info, f) == 0)
		rc = record(c, s, fd, copy, &info, rec, f);
	proc_fdinfo_free(&info);
	if (copy >= 0)
		close(copy);
	return rc;
}

const struct fd_kind fd_kind_uring = {
	.claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static bool is_power(uint64_t n)
{
	return n && !(n & (n - 1));
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_URING, struct rec_uring, u)
		if (!is_power(u->requests) || u->requests > ENTRIES_MAX ||
		    !is_power(u->completions) ||
		    u->completions > 2 * ENTRIES_MAX ||
		    u->completions < u->requests ||
		    u->passed > PASSED_MAX || u->flags & ~ANON_FLAGS ||
		    (u->rings.len | u->entries.len) % STREAM_PAGE)
			return fail(f, STATUS_STREAM, "io_uring %llu is not "
				    "sound", (unsigned long long)u_r->id);
	return 0;
}

int uring_opened(const struct restore *r, uint64_t ino)
{
	image_each(&r->image, RECORD_URING, struct rec_uring, u)
		if (u->ino == ino)
			return opened_find(&r->opened, u_r->id);
	return -1;
}

/* One that is being made, as we map it. */
struct ring {
	int fd;
	struct io_uring_params p;
	uint8_t *rings;
	struct io_uring_sqe *entries;
	size_t rings_len, entries_len;
};

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t whole_pages(size_t n)
{
	return (n + STREAM_PAGE - 1) & ~(size_t)(STREAM_PAGE - 1);
}

static int ring_open(struct ring *ring, const struct rec_uring *u)
{
	struct io_uring_params *p = &ring->p;

	*ring = (struct ring){ .fd = -1, .rings = MAP_FAILED,
			       .entries = MAP_FAILED };
	p->flags = IORING_SETUP_CQSIZE;
	p->cq_entries = u->completions;
	ring->fd = syscall(SYS_io_uring_setup, (unsigned)u->requests, p);
	if (ring->fd < 0)
		return -1;
	ring->rings_len = whole_pages(larger(
		p->sq_off.array + p->sq_entries * sizeof(uint32_t),
		p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe)));
	ring->entries_len = whole_pages(p->sq_entries *
					sizeof(struct io_uring_sqe));
	ring->rings = mmap(NULL, ring->rings_len, PROT_READ | PROT_WRITE,
			   MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, ring->entries_len, PROT_READ | PROT_WRITE,
			     MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->rings == MAP_FAILED || ring->entries == MAP_FAILED ?
		-1 : 0;
}

static void ring_unmap(struct ring *ring)
{
	if (ring->rings != MAP_FAILED)
		munmap(ring->rings, ring->rings_len);
	if (ring->entries != MAP_FAILED)
		munmap(ring->entries, ring->entries_len);
}

static uint32_t *word(const struct ring *ring, uint32_t offset)
{
	return (uint32_t *)(ring->rings + offset);
}

/* @n empty requests, completed and looked at. */
static int pass(struct ring *ring, uint32_t n)
{
	const struct io_uring_params *p = &ring->p;
	uint32_t *array = word(ring, p->sq_off.array);

	memset(ring->entries, 0, ring->entries_len);
	for (uint32_t i = 0; i < p->sq_entries; i++) {
		ring->entries[i].opcode = IORING_OP_NOP;
		array[i] = i;
	}
	while (n) {
		uint32_t some = n < p->sq_entries ? n : p->sq_entries;
		long done;

		__atomic_fetch_add(word(ring, p->sq_off.tail), some,
				   __ATOMIC_RELEASE);
		done = syscall(SYS_io_uring_enter, ring->fd, some, some,
			       IORING_ENTER_GETEVENTS, NULL, 0);
		if (done != (long)some)
			return -1;
		__atomic_store_n(word(ring, p->cq_off.head),
				 __atomic_load_n(word(ring, p->cq_off.tail),
						 __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
		n -= some;
	}
	return 0;
}

/* Does the program know the memory of a ring in the way it is here? */
static bool is_alike(const struct ring *ring, const struct rec_uring *u)
{
	const struct io_uring_params *p = &ring->p;
	const uint32_t offsets[] = { p->sq_off.ring_mask, p->cq_off.ring_mask,
				     p->sq_off.ring_entries,
				     p->cq_off.ring_entries, p->sq_off.head,
				     p->cq_off.tail };

	if (p->sq_entries != u->requests || p->cq_entries != u->completions ||
	    u->entries.len > ring->entries_len ||
	    (u->rings.len && u->rings.len != ring->rings_len))
		return false;
	for (size_t i = 0; u->rings.len && i < sizeof(offsets) / 4; i++)
		if (memcmp(u->rings.data + offsets[i], ring->rings + offsets[i],
			   sizeof(uint32_t)))
			return false;
	return true;
}

static int make(struct restore *r, uint64_t id, const struct rec_uring *u,
		struct failure *f)
{
	struct ring ring;
	int rc = 0;

	if (ring_open(&ring, u) < 0 || pass(&ring, u->passed) < 0)
		rc = fail_errno(f, 0, "cannot make an io_uring here");
	else if (!is_alike(&ring, u))
		rc = fail(f, STATUS_DIFFERS, "an io_uring is laid out in another "
			  "way on this kernel, or was set up in a way that "
			  "cannot be told");
	if (rc == 0) {
		if (u->rings.len)
			memcpy(ring.rings, u->rings.data, u->rings.len);
		if (u->entries.len)
			memcpy(ring.entries, u->entries.data, u->entries.len);
	}
	ring_unmap(&ring);
	if (rc < 0 && ring.fd >= 0)
		close(ring.fd);
	return rc < 0 ? -1 : anon_opened(r, id, ring.fd, u->flags, f);
}

/*
 * The kernel lets nobody choose where a ring is mapped, nor move it.  So it is
 * left no other place: all that is free and large enough is taken for a moment.
 */
struct gap {
	uint64_t start, end;
};

#define LOWEST	65536ull	/* vm.mmap_min_addr, as it mostly is */

static void add_gap(struct list *gaps, uint64_t start, uint64_t end,
		    uint64_t enough)
{
	if (end > start && end - start >= enough)
		*(struct gap *)list_add(gaps, sizeof(struct gap)) =
			(struct gap){ start, end };
}

/* All but the place of @m itself; beside that the smallest ones, too. */
static int find_gaps(const struct puppet *p, const struct rec_mapping *m,
		     struct list *gaps)
{
	uint64_t at = LOWEST, len = m->end - m->start;
	struct list maps = { 0 };

	if (proc_maps(p->pid, false, &maps) < 0)
		return -1;
	for (size_t i = 0; i <= maps.n; i++) {
		const struct proc_map *next = i < maps.n ?
			list_at(&maps, struct proc_map, i) : NULL;
		uint64_t end = next && next->start < TASK_END ? next->start :
			TASK_END;

		if (at <= m->start && m->end <= end) {
			add_gap(gaps, at, m->start, STREAM_PAGE);
			add_gap(gaps, m->end, end, STREAM_PAGE);
		} else {
			add_gap(gaps, at, end, len);
		}
		if (next && next->end > at)
			at = next->end;
	}
	proc_maps_free(&maps);
	return 0;
}

static int each_gap(struct batch *b, const struct list *gaps, bool take,
		    struct failure *f)
{
	list_each(gaps, struct gap, g) {
		if (take)
			batch_add(b, "reserve memory", SYS_mmap, g->start,
				  g->end - g->start, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				  MAP_FIXED_NOREPLACE, -1, 0);
		else
			batch_add(b, "drop memory", SYS_munmap, g->start,
				  g->end - g->start);
		if (batch_make_room(b, f) < 0)
			return -1;
	}
	return batch_run(b, f);
}

int uring_map(struct restore *r, struct puppet *p, const struct rec_mapping *m,
	      struct failure *f)
{
	struct list gaps = { 0 };
	int64_t at;
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	rc = queues_flush(r, f);	/* all else is mapped then */
	if (rc == 0 && find_gaps(p, m, &gaps) < 0)
		rc = fail_errno(f, 0, "cannot look at process %d", p->pid);
	if (rc == 0)
		rc = each_gap(&b, &gaps, true, f);
	batch_reset(&b);
	batch_add(&b, "map an io_uring", SYS_mmap, 0, m->end - m->start,
		  m->prot, MAP_SHARED, (int64_t)uring_opened(r, m->source),
		  m->offset);
	if (rc == 0)
		rc = batch_run(&b, f);
	at = rc == 0 ? batch_ret(&b, 0) : 0;
	batch_reset(&b);
	if (rc == 0)
		rc = each_gap(&b, &gaps, false, f);
	if (rc == 0 && (uint64_t)at != m->start)
		rc = fail(f, STATUS_DIFFERS, "an io_uring cannot be mapped at "
			  "0x%llx here", (unsigned long long)m->start);
	batch_free(&b);
	list_free(&gaps);
	return rc;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_URING, struct rec_uring, u)
		if (make(r, u_r->id, u, f) < 0)
			return -1;
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_uring *u = rec;

	fprintf(to, "io_uring of %u requests", u->requests);
}

const struct kind kind_uring = {
	.type = RECORD_URING, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .describe = describe,
};

/* SPDX-License-Identifier: MIT */
/*
 * aiopump.c - empty requests through a context of asynchronous I/O
 *
 * A context has a number of slots, one for each request from its submission until
 * its event has been taken.  Free ones are kept by processors, a few each; so a
 * probe fills them all, going round the processors if need be.  If as many as in
 * a new context have been free, then no request is under way.
 *
 * Where the kernel writes the next event, it lets nobody set: empty requests bring
 * it there.  Events that are to wait get slots from empty requests as well, or the
 * kernel would think that there is more room than there is, and write over them.
 *
 * For some 100 us the events of a source are here alone, and lost if somebody
 * kills us just then.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/aio.h"
#include "stream/stream.h"

#define TOGETHER	1024u	/* requests in a call */
#define CPUS		8192u

/* ---- sizes ---- */

uint32_t aio_room(uint64_t size)
{
	return (size - sizeof(struct aio_ring)) / sizeof(struct io_event);
}

/* The kernel makes room for twice as many, and two, and uses all of the last
 * page; of those that lead to the same size this is the smallest. */
uint32_t aio_requests(uint64_t size)
{
	uint64_t events = (size - STREAM_PAGE) / sizeof(struct io_event);

	return size <= STREAM_PAGE ? 1 : events / 2 - 1;
}

static struct iocb empty_request(int file, uint64_t mark)
{
	return (struct iocb){ .aio_data = mark, .aio_fildes = file,
			      .aio_lio_opcode = IOCB_CMD_PREAD };
}

/* On one processor alone. */
static uint32_t fill_own(aio_context_t ctx, int file)
{
	struct iocb empty = empty_request(file, 0), *all[TOGETHER];
	uint32_t n = 0;
	long some;

	for (size_t i = 0; i < TOGETHER; i++)
		all[i] = &empty;
	while ((some = syscall(SYS_io_submit, ctx, (long)TOGETHER, all)) > 0)
		n += some;
	return n;
}

static uint32_t measure(uint64_t size)
{
	int file = memfd_create("aio", MFD_CLOEXEC), error;
	aio_context_t ctx = 0;
	uint32_t n = 0;

	if (file < 0)
		return 0;
	if (syscall(SYS_io_setup, aio_requests(size), &ctx) == 0) {
		errno = EOVERFLOW;
		if (((struct aio_ring *)ctx)->nr == aio_room(size))
			n = fill_own(ctx, file);
		error = errno;
		syscall(SYS_io_destroy, ctx);
		errno = error;
	}
	error = errno;
	close(file);
	errno = error;
	return n;
}

uint32_t aio_measure(uint64_t size)
{
	static uint64_t last_size;
	static uint32_t last;
	cpu_set_t before, one;
	bool pinned;

	if (size == last_size && last)
		return last;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	pinned = sched_getaffinity(0, sizeof(before), &before) == 0 &&
		sched_setaffinity(0, sizeof(one), &one) == 0;
	last = measure(size);
	last_size = size;
	if (pinned)
		sched_setaffinity(0, sizeof(before), &before);
	return last;
}

/* ---- empty requests in the task ---- */

int aio_pump_open(struct aio_pump *p, struct strings *s, struct tracee *t,
		  struct failure *f)
{
	struct batch b;
	int rc;

	*p = (struct aio_pump){ .s = s, .t = t, .file = -1 };
	getrandom(&p->mark, sizeof(p->mark), 0);
	batch_init(&b, s, t);
	batch_add(&b, "make a file in memory", SYS_memfd_create,
		  batch_text(&b, "aio"), MFD_CLOEXEC);
	rc = batch_run(&b, f);
	if (rc == 0)
		p->file = batch_ret(&b, 0);
	batch_free(&b);
	return rc;
}

void aio_pump_on(struct aio_pump *p, uint64_t at, uint32_t nr)
{
	p->at = at;
	p->nr = nr;
}

static uint64_t mask_of(struct batch *b, int cpu)
{
	uint8_t mask[CPUS / 8];

	memset(mask, cpu < 0 ? 0xff : 0, sizeof(mask));
	if (cpu >= 0)
		mask[cpu / 8] = 1u << cpu % 8;
	return batch_data(b, mask, sizeof(mask));
}

static uint64_t own_mask(const struct aio_pump *p, struct batch *b)
{
	uint8_t mask[CPUS / 8] = { 0 };

	syscall(SYS_sched_getaffinity, p->t->tid, sizeof(mask), mask);
	return batch_data(b, mask, sizeof(mask));
}

/* It has its own processors again at the end of the batch, whoever ends us. */
static void go_to(struct batch *b, int cpu)
{
	batch_add(b, NULL, SYS_sched_setaffinity, 0, CPUS / 8,
		  mask_of(b, cpu));
}

static void go_back(const struct aio_pump *p, struct batch *b)
{
	batch_add(b, NULL, SYS_sched_setaffinity, 0, CPUS / 8,
		  own_mask(p, b));
}

static int find_cpus(struct aio_pump *p, struct failure *f)
{
	const uint8_t *mask;
	uint64_t at;
	struct batch b;
	int rc;

	if (p->cpus_known)
		return 0;
	batch_init(&b, p->s, p->t);
	at = batch_data(&b, NULL, CPUS / 8);
	go_to(&b, -1);
	batch_add(&b, NULL, SYS_sched_getaffinity, 0, CPUS / 8, at);
	go_back(p, &b);
	rc = batch_run(&b, f);
	mask = rc == 0 ? batch_out(&b, at) : NULL;
	for (int cpu = 0; mask && cpu < (int)CPUS; cpu++)
		if (mask[cpu / 8] >> cpu % 8 & 1)
			*(int *)list_add(&p->cpus, sizeof(cpu)) = cpu;
	p->cpus_known = rc == 0;
	batch_free(&b);
	return rc;
}

/*
 * A task that was told to use all processors uses those that are added later as
 * well; told to use the ones it has, it does not.  The first is the usual.
 */
static void free_cpus(struct aio_pump *p)
{
	uint8_t was[CPUS / 8] = { 0 }, all[CPUS / 8];

	memset(all, 0xff, sizeof(all));
	syscall(SYS_sched_getaffinity, p->t->tid, sizeof(was), was);
	list_each(&p->cpus, int, cpu)
		if (!(was[*cpu / 8] >> *cpu % 8 & 1))
			return;
	syscall(SYS_sched_setaffinity, p->t->tid, sizeof(all), all);
}

void aio_pump_close(struct aio_pump *p)
{
	struct failure ignored = { 0 };
	struct batch b;

	if (p->cpus.n)
		free_cpus(p);
	if (p->file >= 0) {
		batch_init(&b, p->s, p->t);
		batch_add(&b, NULL, SYS_close, p->file);
		batch_run(&b, &ignored);
		batch_free(&b);
	}
	list_free(&p->cpus);
	p->file = -1;
}

/* @n of them, as long as there are slots; *got is raised by those that were. */
static int submit_at(struct aio_pump *p, int cpu, uint32_t n, uint32_t *got,
		     struct failure *f)
{
	struct iocb empty = empty_request(p->file, p->mark);
	uint32_t some = n < TOGETHER ? n : TOGETHER;
	uint64_t all[TOGETHER], at;
	struct batch b;
	int rc;

	batch_init(&b, p->s, p->t);
	at = batch_data(&b, &empty, sizeof(empty));
	for (size_t i = 0; i < some; i++)
		all[i] = at;
	at = batch_data(&b, all, some * sizeof(*all));
	if (cpu >= 0)
		go_to(&b, cpu);
	for (uint32_t left = n; left; left -= some) {
		some = left < TOGETHER ? left : TOGETHER;
		batch_add(&b, NULL, SYS_io_submit, p->at, some, at);
	}
	if (cpu >= 0)
		go_back(p, &b);
	rc = batch_run(&b, f);
	for (size_t i = 0; i < b.calls.n && rc == 0; i++)
		if (list_at(&b.calls, struct remote_call, i)->nr ==
		    SYS_io_submit && batch_ret(&b, i) > 0)
			*got += batch_ret(&b, i);
	batch_free(&b);
	return rc;
}

static int submit(struct aio_pump *p, uint32_t n, uint32_t *got,
		  struct failure *f)
{
	*got = 0;
	if (!n || submit_at(p, -1, n, got, f) < 0)
		return n ? -1 : 0;
	if (*got == n)
		return 0;
	if (find_cpus(p, f) < 0)
		return -1;
	list_each(&p->cpus, int, cpu)
		if (*got < n && submit_at(p, *cpu, n - *got, got, f) < 0)
			return -1;
	return 0;
}

/* ---- the ring ---- */

static int get_ring(const struct aio_pump *p, struct aio_ring *ring,
		    struct failure *f)
{
	if (strings_read(p->s, p->at, ring, sizeof(*ring)) < 0)
		return fail_errno(f, 0, "cannot read memory of process %d",
				  p->s->pid);
	ring->head %= p->nr;
	ring->tail %= p->nr;
	return 0;
}

static int set_head(const struct aio_pump *p, uint32_t head, struct failure *f)
{
	if (strings_write(p->s, p->at + offsetof(struct aio_ring, head), &head,
			  sizeof(head)) < 0)
		return fail_errno(f, 0, "cannot write to process %d",
				  p->s->pid);
	return 0;
}

static uint32_t distance(const struct aio_pump *p, uint32_t from, uint32_t to)
{
	return (to + p->nr - from) % p->nr;
}

/* @n events from slot @from on, which may go round the end, from or to the
 * task. */
static int copy(const struct aio_pump *p, uint32_t from, struct io_event *e,
		uint32_t n, bool write, struct failure *f)
{
	while (n) {
		uint32_t some = n < p->nr - from ? n : p->nr - from;
		uint64_t at = p->at + sizeof(struct aio_ring) +
			      from * sizeof(*e);
		int rc = write ?
			strings_write(p->s, at, e, some * sizeof(*e)) :
			strings_read(p->s, at, e, some * sizeof(*e));

		if (rc < 0)
			return fail_errno(f, 0, "cannot %s memory of process "
					  "%d", write ? "write" : "read",
					  p->s->pid);
		e += some;
		n -= some;
		from = 0;
	}
	return 0;
}

static bool is_empty_request(const struct aio_pump *p, const struct io_event *e)
{
	return e->data == p->mark && e->obj >= p->s->work &&
	       e->obj < p->s->work + WORK_SIZE;
}

/* Adds the program's own of those that wait; *ring is as it was then. */
static int gather(const struct aio_pump *p, struct aio_ring *ring,
		  struct list *events, struct failure *f)
{
	struct io_event *all;
	uint32_t n;
	int rc;

	if (get_ring(p, ring, f) < 0)
		return -1;
	n = distance(p, ring->head, ring->tail);
	all = xmalloc((n + 1) * sizeof(*all));
	rc = copy(p, ring->head, all, n, false, f);
	for (uint32_t i = 0; i < n && rc == 0; i++)
		if (!is_empty_request(p, &all[i]))
			*(struct io_event *)list_add(events, sizeof(*all)) =
				all[i];
	free(all);
	return rc;
}

int aio_pump_peek(const struct aio_pump *p, struct list *events,
		  struct failure *f)
{
	struct aio_ring ring;

	return gather(p, &ring, events, f);
}

int aio_pump_poke(const struct aio_pump *p, const struct aio_ring *ring,
		  const void *events, size_t n, struct failure *f)
{
	if (strings_write(p->s, p->at, ring, sizeof(*ring)) < 0)
		return fail_errno(f, 0, "cannot write to process %d",
				  p->s->pid);
	return copy(p, ring->head, (struct io_event *)events, n, true, f);
}

static int take(const struct aio_pump *p, struct aio_ring *ring,
		struct list *events, struct failure *f)
{
	if (gather(p, ring, events, f) < 0)
		return -1;
	ring->head = ring->tail;
	return set_head(p, ring->tail, f);
}

int aio_pump_probe(struct aio_pump *p, uint32_t whole, struct list *events,
		   struct failure *f)
{
	struct aio_ring ring;
	uint32_t got;

	if (take(p, &ring, events, f) < 0 || submit(p, whole, &got, f) < 0 ||
	    take(p, &ring, events, f) < 0)
		return -1;
	return got == whole;
}

/* To an empty ring whose next event goes to @head. */
static int advance(struct aio_pump *p, uint32_t head, struct list *events,
		   struct failure *f)
{
	for (int stuck = 0; stuck < 8;) {
		struct aio_ring ring;
		uint32_t got;

		if (take(p, &ring, events, f) < 0)
			return -1;
		if (ring.tail == head)
			break;
		if (submit(p, distance(p, ring.tail, head), &got, f) < 0)
			return -1;
		stuck = got ? 0 : stuck + 1;
	}
	return 0;
}

/*
 * Should there be no slot for an event, which is when processors hold some that
 * the task may not use, it is put before the others all the same.
 */
int aio_pump_fill(struct aio_pump *p, uint32_t head, struct list *events,
		  struct failure *f)
{
	struct aio_ring ring;
	uint32_t got;

	if (advance(p, head, events, f) < 0 ||
	    submit(p, events->n, &got, f) < 0 ||
	    gather(p, &ring, events, f) < 0)
		return -1;
	head = distance(p, events->n % p->nr, ring.tail);
	if (copy(p, head, events->items, events->n, true, f) < 0)
		return -1;
	return set_head(p, head, f);
}

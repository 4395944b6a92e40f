/* SPDX-License-Identifier: MIT */
/*
 * queue.c - calls that are put off, and made in all puppets at once
 *
 * A turn in a puppet costs two switches between processes.  So what is not
 * needed at once waits in a queue for each process, and in the steps of threads
 * for each thread; all are started, and then all are waited for.
 */
#include "image/restore.h"

struct batch *puppet_queue(struct puppet *p, struct failure *f)
{
	struct batch *b = &p->queue;

	if (!b->s)
		puppet_batch(p, b);
	b->t = &puppet_leader(p)->t;	/* the list may have moved */
	p->strings.queue = b;
	return batch_make_room(b, f) < 0 ? NULL : b;
}

struct batch *member_queue(struct puppet *p, struct member *m,
			   struct failure *f)
{
	struct batch *b = &m->queue;

	if (!b->s)
		batch_init_slot(b, &p->strings, &m->t,
				m - (struct member *)p->members.items);
	return batch_make_room(b, f) < 0 ? NULL : b;
}

/* They are empty afterwards; takes the list. */
static int run_all(struct list *batches, struct failure *f)
{
	int rc = batches_run(batches, f);

	list_each(batches, struct batch *, b)
		batch_reset(*b);
	list_free(batches);
	return rc;
}

int queues_flush(struct restore *r, struct failure *f)
{
	struct list batches = { 0 };

	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->queue.calls.n)
			*(struct batch **)list_add(&batches, sizeof(void *)) =
				&(*p)->queue;
	return run_all(&batches, f);
}

/* As many of each process at once as there are slots. */
static bool gather_members(struct restore *r, size_t first, struct list *batches)
{
	bool more = false;

	list_each(&r->puppets, struct puppet *, p) {
		for (size_t i = first; i < (*p)->members.n &&
		     i < first + SLOTS; i++) {
			struct member *m =
				list_at(&(*p)->members, struct member, i);

			if (m->queue.calls.n)
				*(struct batch **)list_add(batches,
					sizeof(void *)) = &m->queue;
		}
		more |= (*p)->members.n > first + SLOTS;
	}
	return more;
}

int member_queues_flush(struct restore *r, struct failure *f)
{
	bool more = true;

	if (queues_flush(r, f) < 0)
		return -1;
	for (size_t first = 0; more; first += SLOTS) {
		struct list batches = { 0 };

		more = gather_members(r, first, &batches);
		if (run_all(&batches, f) < 0)
			return -1;
	}
	return 0;
}

int puppet_call_later(struct puppet *p, const char *what, long nr, uint64_t a1,
		      uint64_t a2, uint64_t a3, struct failure *f)
{
	struct batch *b = puppet_queue(p, f);

	if (!b)
		return -1;
	batch_add(b, what, nr, a1, a2, a3);
	return 0;
}

int puppet_call(struct puppet *p, const char *what, long nr, uint64_t a1,
		uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		int64_t *ret, struct failure *f)
{
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	batch_add(&b, what, nr, a1, a2, a3, a4, a5);
	rc = batch_run(&b, f);
	if (rc == 0 && ret)
		*ret = batch_ret(&b, 0);
	batch_free(&b);
	return rc;
}

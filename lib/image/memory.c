/* SPDX-License-Identifier: MIT */
/*
 * memory.c - what is in the pages of address spaces and objects
 *
 * Written: pages that a process has of its own.  A page of a file that nobody
 * changed, and one that is all zero where zero is what a new mapping holds, are
 * not.  A run is what stays in a processor's cache from its copying here to its
 * last checksum, and does not cross a multiple of that.  What a process has given
 * up (MADV_FREE) is written all the same: the kernel says how much of a mapping
 * that is, but not which of its pages have been written to since and must stay.
 *
 * Filled: a run goes straight into its puppet.  Only if the puppets cannot be
 * made before the end of the stream (the source still has their PIDs) is it
 * kept back here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/carry.h"
#include "image/huge.h"
#include "image/mapping.h"
#include "image/memory.h"
#include "image/nest.h"
#include "image/restore.h"
#include "image/sysv.h"
#include "image/track.h"
#include "image/views.h"

#define PAGE		((uint64_t)STREAM_PAGE)
#define CHUNK		STREAM_ROOM	/* bytes read at once */
#define PIECES		256		/* ranges read at once */
#define ZERO_RUN	16		/* fewer zero pages are not worth a run */

/* ---- writing ---- */

/* Ranges gathered to be read in one call. */
struct reader {
	struct source *s;
	struct stream_out *out;
	uint64_t id;		/* of the space or object */
	bool zero_is_default;	/* in a new mapping there are zeros */
	bool stays;		/* the kernel does not take it back */
	bool force;		/* the process itself may not read some of it */
	struct pageset *sent;	/* kept: what the other end has; NULL */
	struct pageset *missed;	/* and what it was to get, but was just going:
				   that is no failure then */
	uint8_t *buf;		/* CHUNK bytes: the stream's */
	struct iovec piece[PIECES];
	bool zeros[PIECES];	/* zero_is_default of each */
	bool gone[PIECES];	/* it could not be read */
	bool stay[PIECES];	/* stays */
	size_t n, bytes;
};

static bool is_zero(const uint8_t *page)
{
	return *(const uint64_t *)page == 0 && !memcmp(page, page + 8, PAGE - 8);
}

/* How many pages from @i on are zero, or are to be sent as they are. */
static size_t stretch(const uint8_t *data, size_t n, size_t i, bool *zero)
{
	size_t at = i, zeros;

	for (zeros = 0; at + zeros < n && is_zero(data + (at + zeros) * PAGE);)
		zeros++;
	*zero = zeros >= ZERO_RUN || (zeros && zeros == n - i);
	if (*zero)
		return zeros;
	for (at = i + zeros; at < n; at += zeros ? zeros : 1) {
		for (zeros = 0; at + zeros < n && zeros < ZERO_RUN &&
		     is_zero(data + (at + zeros) * PAGE);)
			zeros++;
		if (zeros == ZERO_RUN)
			break;
	}
	return at - i;
}

static bool other_end_has(const struct reader *r, uint64_t address, size_t pages)
{
	return r->sent && pageset_any(r->sent, address, address + pages * PAGE);
}

static int put_run(struct reader *r, uint64_t address, const uint8_t *data,
		   size_t pages, struct failure *f)
{
	for (size_t i = 0; i < pages;) {
		bool zero;
		size_t n = stretch(data, pages, i, &zero);
		int rc = 0;

		if (!zero)
			rc = stream_put_content(r->out, r->id,
						address + i * PAGE, n, r->stays && !r->sent,
						data + i * PAGE, f);
		else if (!r->zero_is_default ||
			 other_end_has(r, address + i * PAGE, n))
			rc = stream_put_pages(r->out, r->id, address + i * PAGE,
					      n, CODING_ZERO, NULL, f);
		if (rc < 0)
			return -1;
		i += n;
	}
	return 0;
}

static int read_pieces(struct reader *r, struct failure *f)
{
	struct iovec here = { r->buf, r->bytes };
	size_t done = 0;

	if (!r->force) {
		ssize_t n = process_vm_readv(r->s->via, &here, 1, r->piece,
					     r->n, 0);

		if (n == (ssize_t)r->bytes)
			return 0;
	}
	/* What the task itself may not read, /proc/PID/mem gives. */
	for (size_t i = 0; i < r->n; i++) {
		r->gone[i] = strings_read(&r->s->strings,
					  (uint64_t)r->piece[i].iov_base,
					  r->buf + done,
					  r->piece[i].iov_len) < 0;
		if (r->gone[i] && !r->missed)
			return fail_errno(f, 0, "cannot read process %d at %p",
					  r->s->pid, r->piece[i].iov_base);
		done += r->piece[i].iov_len;
	}
	return 0;
}

static int flush(struct reader *r, struct failure *f)
{
	size_t done = 0;

	if (!r->n)
		return 0;
	memset(r->gone, 0, sizeof(r->gone));
	r->buf = stream_room(r->out, f);
	if (!r->buf || read_pieces(r, f) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		uint64_t at = (uint64_t)r->piece[i].iov_base;
		size_t len = r->piece[i].iov_len;

		r->zero_is_default = r->zeros[i];
		r->stays = r->stay[i];
		if (r->gone[i])
			pageset_add(r->missed, at, at + len);
		else if (put_run(r, at, r->buf + done, len / PAGE, f) < 0)
			return -1;
		else if (r->sent)
			pageset_add(r->sent, at, at + len);
		done += len;
	}
	r->n = r->bytes = 0;
	r->force = false;
	return 0;
}

/* Of mapping @m. */
static int add_range(struct reader *r, const struct rec_mapping *m,
		     uint64_t start, uint64_t end, struct failure *f)
{
	while (start < end) {
		uint64_t stop = (start + CHUNK) & ~(uint64_t)(CHUNK - 1);

		if (stop > end)
			stop = end;
		if ((r->n == PIECES || r->bytes + (stop - start) > CHUNK) &&
		    flush(r, f) < 0)
			return -1;
		r->force |= !(m->prot & PROT_READ);
		/* A huge page of zeros is to be there, too. */
		r->zeros[r->n] = m->kind == MAPPING_ANON && !m->huge;
		r->stay[r->n] = !(m->flags & VMF_DP);
		r->piece[r->n++] = (struct iovec){ (void *)start, stop - start };
		r->bytes += stop - start;
		start = stop;
	}
	return 0;
}

static bool has_own_pages(const struct rec_mapping *m)
{
	if (m->kind == MAPPING_VDSO || m->kind == MAPPING_VVAR)
		return false;
	return !(m->flags & VMF_MS);
}

/*
 * Asking for the pages of a mapping costs as much as reading some: small ones
 * that follow each other are asked for together.
 */
#define SMALL (8ull << 20)

static bool is_small(const struct rec_mapping *m)
{
	return m->end - m->start <= SMALL;
}

/* How many from @m on are asked for in one go. */
static size_t together(const struct record *m, size_t n)
{
	size_t i = 0;

	while (i < n && is_small(m[i].data))
		i++;
	return i ? i : 1;
}

/* Ranges and mappings are both in order of address. */
static int add_ranges(struct reader *r, const struct record *m, size_t n,
		      const struct list *ranges, struct failure *f)
{
	list_each(ranges, const struct page_range, range) {
		const struct rec_mapping *map = NULL;

		for (; n; m++, n--) {
			uint64_t start, end;

			map = m->data;
			start = range->start > map->start ? range->start :
				map->start;
			end = range->end < map->end ? range->end : map->end;
			if (start < end && has_own_pages(map) &&
			    add_range(r, map, start, end, f) < 0)
				return -1;
			if (map->end >= range->end)
				break;	/* more of it may come */
		}
	}
	return 0;
}

static int write_mappings(struct reader *r, const struct record *m, size_t n,
			  struct failure *f)
{
	const struct rec_mapping *first = m->data, *last = m[n - 1].data;
	bool anonymous = n == 1 && first->kind == MAPPING_ANON;
	struct list ranges = { 0 };
	int rc;

	if (n == 1 && !has_own_pages(first))
		return 0;
	rc = proc_pages(r->s->pagemap, first->start, last->end,
			anonymous ? PAGES_ANON : PAGES_PRIVATE, &ranges);
	if (rc < 0)
		fail_errno(f, 0, "cannot read the page map of process %d",
			   r->s->pid);
	else
		rc = add_ranges(r, m, n, &ranges, f);
	list_free(&ranges);
	return rc;
}

/* ---- what the other end has in part already ---- */

static int add_pages(struct reader *r, const struct rec_mapping *m,
		     const struct pageset *pages, struct failure *f)
{
	uint64_t start = m->start, stop;

	for (; pageset_next(pages, &start, m->end, &stop); start = stop)
		if (add_range(r, m, start, stop, f) < 0)
			return -1;
	return 0;
}

static int put_gone(struct reader *r, const struct rec_mapping *m,
		    const struct pageset *gone, struct failure *f)
{
	uint64_t start = m->start, stop;

	for (; pageset_next(gone, &start, m->end, &stop); start = stop) {
		if (stop - start > STREAM_RUN_MAX * PAGE)
			stop = start + STREAM_RUN_MAX * PAGE;
		if (stream_put_pages(r->out, r->id, start, (stop - start) / PAGE,
				     CODING_ZERO, NULL, f) < 0)
			return -1;
	}
	return 0;
}

static int write_known(struct reader *r, struct tracked *t,
		       const struct rec_mapping *m, struct failure *f)
{
	struct pageset todo = { 0 }, gone = { 0 };
	int rc = track_last(t, r->s, m, &todo, &gone, f);

	r->sent = &t->sent;
	if (rc == 0)
		rc = add_pages(r, m, &todo, f);
	if (rc == 0)
		rc = flush(r, f);
	if (rc == 0)
		rc = put_gone(r, m, &gone, f);
	r->sent = NULL;
	pageset_free(&todo);
	pageset_free(&gone);
	return rc;
}

int memory_send(const struct sender *how, const struct rec_mapping *m,
		const struct pageset *pages, struct failure *f)
{
	struct reader r = { .s = how->s, .out = how->out, .id = how->s->id,
			    .sent = how->sent, .missed = how->missed };

	return add_pages(&r, m, pages, f) < 0 ? -1 : flush(&r, f);
}

static int write_space(struct capture *c, struct source *s,
		       struct stream_out *out, struct failure *f)
{
	struct reader r = { .s = s, .out = out, .id = s->id };
	struct tracked *t = c->track ? track_find(c->track, s->pid) : NULL;
	size_t n, some;
	struct record *m = image_run(&c->image, RECORD_MAPPING, s->id, &n);

	for (; n; m += some, n -= some) {
		some = 1;
		if (t && track_knows(t, m->data)) {
			if (flush(&r, f) < 0 || write_known(&r, t, m->data, f) < 0)
				return -1;
			continue;
		}
		while (some < together(m, n) &&
		       !(t && track_knows(t, m[some].data)))
			some++;
		if (write_mappings(&r, m, some, f) < 0)
			return -1;
	}
	return flush(&r, f);
}

static int write_extent(struct reader *r, int fd, uint64_t start, uint64_t end,
			struct failure *f)
{
	while (start < end) {
		size_t want = end - start < CHUNK ? end - start : CHUNK;
		size_t pages;
		ssize_t n;

		r->buf = stream_room(r->out, f);
		if (!r->buf)
			return -1;
		n = pread(fd, r->buf, want, start);
		if (n <= 0)
			return fail_errno(f, 0, "cannot read object %llu",
					  (unsigned long long)r->id);
		pages = (n + PAGE - 1) / PAGE;
		memset(r->buf + n, 0, pages * PAGE - n);
		if (put_run(r, start, r->buf, pages, f) < 0)
			return -1;
		start += pages * PAGE;
	}
	return 0;
}

static int write_views(const struct capture *c, struct reader *r,
		       struct failure *f)
{
	struct viewer *v = viewer_new(c, r->id);
	uint64_t offset;
	ssize_t n;

	do {
		r->buf = stream_room(r->out, f);
		n = r->buf ? viewer_next(v, r->buf, CHUNK, &offset, f) : -1;
		if (n > 0 && put_run(r, offset, r->buf, n / PAGE, f) < 0)
			n = -1;
	} while (n > 0);
	viewer_free(v);
	return n;
}

static int write_object(const struct capture *c, const struct seen_object *o,
			struct stream_out *out, struct failure *f)
{
	const struct rec_object *rec = image_find(&c->image, RECORD_OBJECT,
						  o->id);
	struct reader r = {
		.out = out, .id = o->id,
		/* Huge pages of zeros are holes, unless all are there. */
		.zero_is_default = !rec || !rec->huge ||
				   rec->present < huge_end(rec),
	};
	off_t start = 0, end;

	if (o->viewed)
		return write_views(c, &r, f);
	if (o->fd < 0)		/* a directory */
		return 0;
	for (;;) {
		start = lseek(o->fd, start, SEEK_DATA);
		if (start < 0)
			return errno == ENXIO ? 0 :
				fail_errno(f, 0, "cannot read object %llu",
					   (unsigned long long)o->id);
		end = lseek(o->fd, start, SEEK_HOLE);
		if (end < 0)
			return fail_errno(f, 0, "cannot read object %llu",
					  (unsigned long long)o->id);
		start &= ~(off_t)(PAGE - 1);
		if (write_extent(&r, o->fd, start, end, f) < 0)
			return -1;
		start = end;
	}
}

int memory_write(struct capture *c, struct stream_out *out, struct failure *f)
{
	int rc = 0;

	/* What the restore wants before it makes anything. */
	list_each(&c->carried, struct seen_object, k)
		if (rc == 0)
			rc = write_object(c, k, out, f);
	if (rc == 0)
		rc = carry_unchanged(c, f);
	list_each(&c->objects, struct seen_object, o)
		if (rc == 0)
			rc = write_object(c, o, out, f);
	list_each(&c->sources, struct source, s)
		if (rc == 0 && !s->zombie)
			rc = write_space(c, s, out, f);
	return rc;
}

/* ---- filling ---- */

static int bad_run(const struct stream_item *item, const char *why,
		   struct failure *f)
{
	return fail(f, STATUS_STREAM, "pages at 0x%llx (record %llu, byte %llu)"
		    " %s", (unsigned long long)item->address,
		    (unsigned long long)item->record,
		    (unsigned long long)item->offset, why);
}

/* Its place in p->maps; p->map_n if there is none. */
static size_t mapping_at(const struct puppet *p, uint64_t address)
{
	size_t low = 0, high = p->map_n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct rec_mapping *m = p->maps[mid];

		if (address < m->start)
			high = mid;
		else if (address >= m->end)
			low = mid + 1;
		else
			return mid;
	}
	return p->map_n;
}

/*
 * Memory that is filled for the first time costs a fault a page.  Through a
 * userfaultfd of the puppet pages are made and filled in one go, at half the
 * price.  It is made when the first larger run comes, and closed at the end.
 */
#define WORTH_IT	64	/* pages in a run */
#define NO_UFFD		(-2)

static int inject_uffd(struct puppet *p, struct failure *f)
{
	struct batch b;
	int fd = NO_UFFD, theirs;

	puppet_batch(p, &b);
	batch_add(&b, NULL, SYS_userfaultfd,
		  O_CLOEXEC | UFFD_USER_MODE_ONLY);
	theirs = batch_run(&b, f) < 0 ? -1 : batch_ret(&b, 0);
	batch_reset(&b);
	if (theirs >= 0) {
		fd = proc_take_fd(p->pid, theirs);
		batch_add(&b, NULL, SYS_close, theirs);
		batch_run(&b, f);
	}
	batch_free(&b);
	return fd < 0 ? NO_UFFD : fd;
}

bool puppet_has_uffd(struct puppet *p)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct failure ignored = { 0 };

	if (p->uffd > 0)
		return true;
	if (p->uffd == NO_UFFD)
		return false;
	p->uffd = inject_uffd(p, &ignored);
	if (p->uffd == NO_UFFD)
		return false;
	if (ioctl(p->uffd, UFFDIO_API, &api) < 0) {
		close(p->uffd);
		p->uffd = NO_UFFD;
		return false;
	}
	p->watched = xcalloc(p->map_n + 1, sizeof(*p->watched));
	return true;
}

enum { UNWATCHED, WATCHED, UNWATCHABLE };

/* From its first run that is worth it on, it is filled through the uffd. */
static bool is_watched(struct puppet *p, size_t map, size_t len)
{
	const struct rec_mapping *m = p->maps[map];
	struct uffdio_register reg = {
		.range = { m->start, m->end - m->start },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (p->uffd > 0 && p->watched[map])
		return p->watched[map] == WATCHED;
	if (len < WORTH_IT * PAGE || !puppet_has_uffd(p))
		return false;
	p->watched[map] = ioctl(p->uffd, UFFDIO_REGISTER, &reg) == 0 ?
		WATCHED : UNWATCHABLE;
	return p->watched[map] == WATCHED;
}

static bool fill_fresh(struct puppet *p, size_t map, uint64_t address,
		       const void *data, size_t len)
{
	struct uffdio_copy copy = { .dst = address, .src = (uint64_t)data,
				    .len = len,
				    .mode = UFFDIO_COPY_MODE_DONTWAKE };

	/* Once watched, memory can be filled in this way alone. */
	if (p->maps[map]->kind != MAPPING_ANON || p->maps[map]->huge ||
	    nest_has(p, p->maps[map]) || !is_watched(p, map, len))
		return false;
	return ioctl(p->uffd, UFFDIO_COPY, &copy) == 0;
}

void memory_filled(struct restore *r)
{
	list_each(&r->puppets, struct puppet *, p) {
		if ((*p)->uffd > 0)
			close((*p)->uffd);
		(*p)->uffd = NO_UFFD;
		free((*p)->watched);
		(*p)->watched = NULL;
	}
}

/* A puppet does nothing by itself: it was the kernel, for want of memory. */
static bool was_killed(const struct puppet *p)
{
	int err = errno;
	struct proc_stat st;
	bool gone = proc_stat(p->pid, p->pid, &st) < 0 || st.state == 'Z' ||
		    st.state == 'X';

	errno = err;
	return gone;
}

static int fill_space(struct puppet *p, const struct stream_item *item,
		      const void *data, struct failure *f)
{
	size_t len = item->count * PAGE;
	size_t map = mapping_at(p, item->address);
	const struct rec_mapping *m = map < p->map_n ? p->maps[map] : NULL;
	struct iovec here = { (void *)data, len };
	struct iovec there = { (void *)item->address, len };

	if (!m || item->address + len > m->end || !has_own_pages(m))
		return bad_run(item, "are in no mapping of their process", f);
	if (item->coding == CODING_ZERO && m->kind == MAPPING_ANON &&
	    nest_has(p, m))
		return puppet_call(p, "drop memory", SYS_madvise, item->address,
				   len, MADV_DONTNEED, 0, 0, NULL, f);
	if (fill_fresh(p, map, item->address, data, len))
		return 0;
	if (m->prot & PROT_WRITE &&
	    process_vm_writev(p->pid, &here, 1, &there, 1, 0) == (ssize_t)len)
		return 0;
	if (strings_write(&p->strings, item->address, data, len) == 0)
		return 0;
	if (was_killed(p))
		return fail(f, STATUS_SYSTEM, "process %llu was killed while it "
			    "was being filled: there is too little memory here",
			    (unsigned long long)p->rec->pid);
	if (m->huge)
		return huge_missing(m->huge, f);
	return fail_errno(f, 0, "cannot fill process %d at 0x%llx", p->pid,
			  (unsigned long long)item->address);
}

static int fill_object(struct restore *r, const struct rec_object *o,
		       const struct stream_item *item, const void *data,
		       struct failure *f)
{
	uint64_t len = item->count * PAGE, end = huge_end(o);
	int fd;

	if (item->address >= end || len > end - item->address)
		return bad_run(item, "are beyond the end of their object", f);
	if (o->kind == OBJECT_SYSV && shm_is_kept(r, item->id))
		return 0;
	fd = object_writable(r, item->id);
	if (o->huge)
		return huge_fill(o, fd, data, len, item->address, f);
	if (item->address + len > o->size)
		len = o->size - item->address;
	if (pwrite(fd, data, len, item->address) != (ssize_t)len)
		return fail_errno(f, 0, "cannot fill %s", o->name);
	return 0;
}

static int fill(struct restore *r, const struct stream_item *item,
		const void *data, struct failure *f)
{
	struct puppet *p;

	if (item->id >= OBJECT_FIRST) {
		const struct rec_object *o =
			image_find(&r->image, RECORD_OBJECT, item->id);

		return o ? fill_object(r, o, item, data, f) :
			bad_run(item, "are of no object in the stream", f);
	}
	p = find_puppet(r, item->id);
	if (!p || p->rec->zombie)
		return bad_run(item, "are of no process in the stream", f);
	return fill_space(p, item, data, f);
}

/* What is in the run; after the first of them nothing else comes. */
static const void *run_data(struct stream_in *in,
			    const struct stream_item *item, struct failure *f)
{
	if (item->type == STREAM_PAGES)
		return stream_get_pages(in, f);
	fail(f, STATUS_STREAM, "a record of type %u comes after pages (record "
	     "%llu, byte %llu)", item->type, (unsigned long long)item->record,
	     (unsigned long long)item->offset);
	return NULL;
}

/* ---- what came before, once more ---- */

/* It is in a puppet by now, or in the nest of one. */
static int recall_filled(void *arg, const struct stream_place *place, void *to,
			 struct failure *f)
{
	struct puppet *p = find_puppet(arg, place->id);

	if (p && !p->rec->zombie &&
	    strings_read(&p->strings, place->address, to,
			 place->count * PAGE) == 0)
		return 0;
	return fail_errno(f, STATUS_SYSTEM, "cannot read back pages at 0x%llx of "
			  "process %llu", (unsigned long long)place->address,
			  (unsigned long long)place->id);
}

/* ---- keeping back ---- */

struct kept {
	struct stream_item item;
	void *data;
};

/* Runs follow each other without a gap, wherever the first of them came. */
static int recall_kept(void *arg, const struct stream_place *place, void *to,
		       struct failure *f)
{
	const struct stash *st = arg;
	const struct kept *k = st->runs.items;
	uint64_t i = st->runs.n ? place->run - k->item.run : 0;

	if (i >= st->runs.n)
		return fail(f, STATUS_STREAM, "a run repeats pages at 0x%llx that "
			    "are not of a process",
			    (unsigned long long)place->address);
	memcpy(to, (const uint8_t *)k[i].data + place->address -
	       k[i].item.address, place->count * PAGE);
	return 0;
}

/* In a live stream it says between pages, and behind them, how far it is. */
int memory_next(const struct restore *r, struct stream_in *in,
		struct stream_item *item, struct failure *f)
{
	int more;

	do
		more = stream_next(in, item, f);
	while (more > 0 && r->image.header.live && item->type == RECORD_LIVE);
	return more;
}

int memory_fill(struct restore *r, struct stream_in *in,
		struct stream_item *item, struct failure *f)
{
	int more = 1;

	stream_in_recall(in, recall_filled, r);
	do {
		const void *data;

		data = run_data(in, item, f);
		if (!data || fill(r, item, data, f) < 0)
			return -1;
	} while ((more = memory_next(r, in, item, f)) > 0);
	memory_filled(r);
	return more;
}

static int copy_range(struct restore *r, struct strings *from,
		      struct stream_item *item, uint64_t end, uint8_t *data,
		      struct failure *f)
{
	while (item->address < end) {
		uint64_t pages = (end - item->address) / PAGE;

		item->count = pages < STREAM_RUN_MAX ? pages : STREAM_RUN_MAX;
		if (strings_read(from, item->address, data,
				 item->count * PAGE) < 0)
			return fail_errno(f, 0, "cannot read back what was "
					  "filled");
		if (fill(r, item, data, f) < 0)
			return -1;
		item->address += item->count * PAGE;
	}
	return 0;
}

int memory_copy(struct restore *r, struct strings *from, uint64_t id,
		const struct list *ranges, struct failure *f)
{
	uint8_t *data = xmalloc((size_t)STREAM_RUN_MAX * PAGE);
	int rc = 0;

	list_each(ranges, struct page_range, range) {
		struct stream_item item = { .type = STREAM_PAGES, .id = id,
					    .address = range->start };

		if (rc == 0)
			rc = copy_range(r, from, &item, range->end, data, f);
	}
	free(data);
	return rc;
}

#define ARENA (64ull << 20)

/* From a large block that huge pages back; never given back before the end. */
static void *keep_room(struct stash *st, size_t len)
{
	void *at;

	if (st->left < len) {
		st->at = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (st->at == MAP_FAILED)
			return NULL;
		madvise(st->at, ARENA, MADV_HUGEPAGE);
		*(void **)list_add(&st->arenas, sizeof(void *)) = st->at;
		st->left = ARENA;
	}
	at = st->at;
	st->at += len;
	st->left -= len;
	return at;
}

int memory_keep(const struct restore *r, struct stash *st, struct stream_in *in,
		struct stream_item *item, struct failure *f)
{
	int more = 1;

	stream_in_recall(in, recall_kept, st);
	do {
		size_t len = item->count * PAGE;
		const void *data = run_data(in, item, f);
		struct kept *k;

		if (!data)
			return -1;
		k = list_add(&st->runs, sizeof(*k));
		k->item = *item;
		k->data = keep_room(st, len);
		if (!k->data)
			return fail_errno(f, 0, "no memory to keep the stream in");
		memcpy(k->data, data, len);
	} while ((more = memory_next(r, in, item, f)) > 0);
	return more;
}

#define TOGETHER	256		/* runs filled in one call */

/* Small runs of one process from @k on, as many as one call takes: how many it
 * filled.  What it cannot fill is for fill() to do, or to explain. */
static size_t fill_some(struct restore *r, const struct kept *k, size_t n)
{
	struct iovec here[TOGETHER], there[TOGETHER];
	struct puppet *p = find_puppet(r, k->item.id);
	size_t some, bytes = 0;

	if (!p || p->rec->zombie)
		return 0;
	for (some = 0; some < n && some < TOGETHER; some++) {
		const struct stream_item *item = &k[some].item;
		size_t len = item->count * PAGE;
		size_t map = mapping_at(p, item->address);
		const struct rec_mapping *m = map < p->map_n ? p->maps[map] : NULL;

		if (item->id != k->item.id || item->count >= WORTH_IT || !m ||
		    item->address + len > m->end || !has_own_pages(m) ||
		    !(m->prot & PROT_WRITE) || (p->watched && p->watched[map]))
			break;
		here[some] = (struct iovec){ k[some].data, len };
		there[some] = (struct iovec){ (void *)item->address, len };
		bytes += len;
	}
	return some > 1 && process_vm_writev(p->pid, here, some, there, some, 0)
		== (ssize_t)bytes ? some : 0;
}

int memory_fill_kept(struct restore *r, struct stash *st, struct failure *f)
{
	const struct kept *k = st->runs.items;

	for (size_t i = 0, some; i < st->runs.n; i += some) {
		some = fill_some(r, k + i, st->runs.n - i);
		if (some)
			continue;
		some = 1;
		if (fill(r, &k[i].item, k[i].data, f) < 0)
			return -1;
	}
	memory_filled(r);
	return 0;
}

void stash_free(struct stash *st)
{
	list_each(&st->arenas, void *, a)
		munmap(*a, ARENA);
	list_free(&st->arenas);
	list_free(&st->runs);
}

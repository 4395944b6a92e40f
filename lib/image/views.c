/* SPDX-License-Identifier: MIT */
/*
 * views.c - objects that can be read through mappings alone
 *
 * Every process of the tree that maps the object is a view of some of it; all
 * views together are all that the tree can ever see, since nobody has it open.
 * Of a private mapping, pages that the process changed are not the object's.
 *
 * A hole of shared memory is filled by being read, so a large and almost empty
 * one is refused, rather than to use up the memory of the source.
 */
#include "image/views.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE		((uint64_t)STREAM_PAGE)
#define LARGE		(256ull << 20)	/* bytes that may be filled unasked */
#define PAGES_MAX	(1ull << 34)	/* of an object */

/* ---- capture ---- */

static struct seen_object *seen_as(const struct capture *c,
				   const struct proc_map *m)
{
	list_each(&c->objects, struct seen_object, o)
		if (o->dev == m->dev && o->ino == m->ino)
			return o;
	return NULL;
}

static bool is_almost_empty(const struct proc_map *m)
{
	return m->end - m->start > LARGE &&
	       (m->end - m->start) / 4 > m->rss + m->swap;
}

static struct rec_object *object_add(struct capture *c,
				     const struct proc_map *m, int kind)
{
	uint64_t id = c->next_object++;
	struct seen_object *seen = list_add(&c->objects, sizeof(*seen));
	struct rec_object *rec = image_add(&c->image, RECORD_OBJECT, id);
	const char *name = m->path;

	*seen = (struct seen_object){ .id = id, .dev = m->dev, .ino = m->ino,
				      .fd = -1, .viewed = true };
	rec->kind = kind;
	rec->name = xstrdup(strncmp(name, "/memfd:", 7) ? name : name + 7);
	rec->mode = 0777;
	rec->uid = geteuid();
	rec->gid = getegid();
	rec->ino = m->ino;
	if (m->flags & VMF_HT) {
		rec->huge = m->page;
		rec->present = m->flags & VMF_MS ? m->rss : 0;
	}
	return rec;
}

uint64_t view_add(struct capture *c, const struct source *s,
		  const struct proc_map *m, int kind, struct failure *f)
{
	struct seen_object *seen = seen_as(c, m);
	struct rec_object *rec;
	struct view *v;

	if (seen && !seen->viewed)	/* it is open elsewhere */
		return seen->id;
	if (m->flags & VMF_MS && is_almost_empty(m)) {
		fail(f, STATUS_OBSTACLE, "process %d shares %llu MiB of memory "
		     "that is almost empty, which only CAP_CHECKPOINT_RESTORE "
		     "can read without filling it: capture it as root", s->pid,
		     (unsigned long long)((m->end - m->start) >> 20));
		return 0;
	}
	rec = seen ? image_find(&c->image, RECORD_OBJECT, seen->id) :
		object_add(c, m, kind);
	seen = seen_as(c, m);
	if (rec->size < m->offset + (m->end - m->start))
		rec->size = m->offset + (m->end - m->start);
	v = list_add(&c->views, sizeof(*v));
	*v = (struct view){ .object = seen->id, .via = s->via,
			    .pagemap = s->pagemap, .start = m->start,
			    .length = m->end - m->start, .offset = m->offset,
			    .shared = m->flags & VMF_MS };
	return seen->id;
}

/* ---- reading ---- */

struct viewer {
	const struct capture *c;
	uint64_t object, pages;
	uint8_t *have;		/* owned: a bit for each page that was given */
	size_t view;		/* in c->views, where we are */
	uint64_t at;		/* bytes of it that are done */
	int mem;		/* owned: its /proc/PID/mem, -1 */
	struct list changed;	/* of struct page_range: the process's own */
};

struct viewer *viewer_new(const struct capture *c, uint64_t object)
{
	const struct rec_object *rec =
		image_find(&c->image, RECORD_OBJECT, object);
	struct viewer *v = xcalloc(1, sizeof(*v));

	v->c = c;
	v->object = object;
	v->pages = rec->size / PAGE;
	v->mem = -1;
	if (v->pages <= PAGES_MAX)
		v->have = calloc(v->pages / 8 + 1, 1);
	return v;
}

void viewer_free(struct viewer *v)
{
	if (v->mem >= 0)
		close(v->mem);
	list_free(&v->changed);
	free(v->have);
	free(v);
}

static bool has(const struct viewer *v, uint64_t page)
{
	return v->have[page / 8] >> (page % 8) & 1;
}

static bool is_changed(const struct viewer *v, uint64_t address)
{
	list_each(&v->changed, const struct page_range, r)
		if (r->start <= address && address < r->end)
			return true;
	return false;
}

/* Is it worth to be read from here? */
static bool wanted(const struct viewer *v, const struct view *w, uint64_t at)
{
	return at < w->length && !has(v, (w->offset + at) / PAGE) &&
	       !is_changed(v, w->start + at);
}

static int open_view(struct viewer *v, const struct view *w, struct failure *f)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", w->via);
	v->mem = open(path, O_RDONLY | O_CLOEXEC);
	v->at = 0;
	if (v->mem < 0)
		return fail_errno(f, 0, "cannot read %s", path);
	if (!w->shared && proc_pages(w->pagemap, w->start, w->start + w->length,
				     PAGES_PRIVATE, &v->changed) < 0)
		return fail_errno(f, 0, "cannot read the page map of process %d",
				  w->via);
	return 0;
}

static void close_view(struct viewer *v)
{
	if (v->mem >= 0)
		close(v->mem);
	v->mem = -1;
	list_free(&v->changed);
	v->view++;
}

/* From v->at on; 0 if nothing is left of this view. */
static size_t read_view(struct viewer *v, const struct view *w, uint8_t *buf,
			size_t room, uint64_t *offset)
{
	size_t len = 0;
	ssize_t n;

	while (v->at < w->length) {
		if (!wanted(v, w, v->at)) {
			v->at += PAGE;
			continue;
		}
		for (len = 0; len + PAGE <= room && wanted(v, w, v->at + len);)
			len += PAGE;
		n = pread(v->mem, buf, len, w->start + v->at);
		*offset = w->offset + v->at;
		/* Beyond the end of a file there is nothing to be read. */
		n = n > 0 ? (ssize_t)(n / PAGE * PAGE) : 0;
		v->at += n ? n : (ssize_t)PAGE;
		for (uint64_t i = 0; i < n / PAGE; i++) {
			uint64_t page = *offset / PAGE + i;

			v->have[page / 8] |= 1 << (page % 8);
		}
		if (n)
			return n;
	}
	return 0;
}

ssize_t viewer_next(struct viewer *v, uint8_t *buf, size_t room,
		    uint64_t *offset, struct failure *f)
{
	if (!v->have)
		return fail(f, STATUS_SYSTEM, "object %llu is too large",
			    (unsigned long long)v->object);
	for (; v->view < v->c->views.n; close_view(v)) {
		const struct view *w = list_at(&v->c->views, struct view,
					       v->view);
		size_t n;

		if (w->object != v->object)
			continue;
		if (v->mem < 0 && open_view(v, w, f) < 0)
			return -1;
		n = read_view(v, w, buf, room, offset);
		if (n)
			return n;
	}
	return 0;
}

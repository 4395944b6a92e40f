/* SPDX-License-Identifier: MIT */
/*
 * track.c - which pages a running tree writes, and which its reader has
 *
 * Between two looks the program may unmap, map and move memory.  Whatever is
 * not provably as it was counts as written: memory that is not watched (it is
 * new, or has been moved: both end the watch), and memory where the kernel
 * broke off a scan.  Memory is watched from the first round that sees it; only
 * in the freeze is the difference of the two sides made exact.
 *
 * A scan of some page tables protects what it reports, so what is reported is
 * sent, whatever happens: or it is in @missed.
 */
#include "image/track.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/mapping.h"
#include "image/memory.h"

/* Younger than the headers: Linux 6.7. */
#define WP_ASYNC	(1 << 15)

#define AREA_MIN	(128u << 10)	/* smaller ones are sent in the freeze */
#define SPACE_MIN	(64u << 10)	/* so are processes with less */
#define AT_ONCE		(8u << 20)	/* bytes scanned, then sent */

#define AREA_FLAGS	((uint64_t)(VMF_NR | VMF_HG | VMF_NH))
#define UNFIT	((uint64_t)(VMF_MS | VMF_GD | VMF_DP | VMF_HT | VMF_UM | VMF_UI | \
			    VMF_SS | VMF_IO | VMF_PF | VMF_SL))

/* ---- which memory ---- */

/* Memory whose mapping says all there is to know of a page that is not there. */
static bool is_fit(const struct proc_map *m)
{
	return mapping_is_anonymous(m) && m->path[0] != '/' &&
		!(m->flags & UNFIT) && m->flags & (VMF_AC | VMF_NR) &&
		m->end - m->start >= AREA_MIN;
}

static uint64_t fit_bytes(const struct source *s)
{
	uint64_t n = 0;

	list_each(&s->maps, struct proc_map, m)
		if (is_fit(m))
			n += m->rss + m->swap;
	return n;
}

/*
 * A device writes to memory without asking the page tables.  Who may have asked
 * one to (O_DIRECT, rings) is sent whole in the freeze, when nothing is under way.
 */
static bool has_devices_write(const struct source *s)
{
	list_each(&s->fds, struct source_fd, fd)
		if (!strcmp(fd->link, "anon_inode:[io_uring]") ||
		    (fd->info.flags & O_DIRECT &&
		     (S_ISREG(fd->st.st_mode) || S_ISBLK(fd->st.st_mode))))
			return true;
	list_each(&s->maps, struct proc_map, m)
		if (!strncmp(m->path, "/[aio]", 6))
			return true;
	return false;
}

static uint64_t overlap(const struct rec_area *a, uint64_t start, uint64_t end)
{
	if (a->start >= end || start >= a->end)
		return 0;
	return (a->end < end ? a->end : end) -
		(a->start > start ? a->start : start);
}

/* The reader has part of it as something else. */
static bool is_told_otherwise(const struct tracked *t, const struct proc_map *m)
{
	list_each(&t->areas, struct rec_area, a)
		if (overlap(a, m->start, m->end) &&
		    a->flags != (m->flags & AREA_FLAGS))
			return true;
	return false;
}

static int tell_area(struct tracked *t, uint64_t start, uint64_t end,
		     uint64_t flags, struct stream_out *out, struct failure *f)
{
	struct rec_area *a;

	if (start >= end)
		return 0;
	a = list_add(&t->areas, sizeof(*a));
	*a = (struct rec_area){ start, end, flags };
	return stream_put(out, RECORD_AREA, t->id, kind_area.schema, a, f);
}

/* What of @m has not been told of yet. */
static int tell(struct tracked *t, const struct proc_map *m,
		struct stream_out *out, struct failure *f)
{
	uint64_t at = m->start;

	while (at < m->end) {
		uint64_t next = m->end;
		bool inside = false;

		list_each(&t->areas, struct rec_area, a) {
			if (a->start <= at && at < a->end) {
				at = a->end;
				inside = true;
				break;
			}
			if (a->start > at && a->start < next)
				next = a->start;
		}
		if (inside)
			continue;
		if (tell_area(t, at, next, m->flags & AREA_FLAGS, out, f) < 0)
			return -1;
		at = next;
	}
	return 0;
}

/* ---- starting ---- */

static int64_t leader_call(struct source *s, long nr, uint64_t a1)
{
	struct failure ignored = { 0 };
	struct batch b;
	int64_t ret;

	source_batch(s, &b);
	batch_add(&b, NULL, nr, a1);
	ret = batch_run(&b, &ignored) < 0 ? -EIO : batch_ret(&b, 0);
	batch_free(&b);
	return ret;
}

/* -1: not to be had, with errno. */
static int make_watch(struct source *s)
{
	struct uffdio_api api = { .api = UFFD_API, .features = WP_ASYNC };
	int64_t theirs = leader_call(s, SYS_userfaultfd,
				     O_CLOEXEC | UFFD_USER_MODE_ONLY);
	int fd;

	if (theirs < 0) {
		errno = -theirs;
		return -1;
	}
	fd = proc_take_fd(s->via, theirs);
	leader_call(s, SYS_close, theirs);
	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) < 0) {
		close(fd);
		errno = ENOSYS;
		fd = -1;
	}
	return fd;
}

static int track_space(struct track *tr, struct source *s, struct failure *f)
{
	struct tracked *t;
	int fd = make_watch(s);

	if (fd < 0 && (errno == ENOSYS || errno == EINVAL))
		return fail(f, STATUS_SYSTEM, "this kernel cannot tell which pages "
			    "a running program writes (userfaultfd WP_ASYNC and "
			    "PAGEMAP_SCAN, Linux 6.7): capture without "
			    "--pre-copy");
	if (fd < 0)
		return 0;	/* sent in the freeze */
	t = list_add(&tr->spaces, sizeof(*t));
	*t = (struct tracked){ .pid = s->pid, .via = s->via, .id = s->id,
			       .uffd = fd };
	return 0;
}

int track_start(struct track *tr, struct capture *c, struct failure *f)
{
	list_each(&c->sources, struct source, s)
		if (!s->zombie && s->tasks.n && fit_bytes(s) >= SPACE_MIN &&
		    !has_devices_write(s) && track_space(tr, s, f) < 0)
			return -1;
	return 0;
}

/* ---- rounds ---- */

/* Of the memory that it has now: it may have begun another program. */
static int open_pagemap(const struct tracked *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", t->via);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void add_ranges(struct pageset *to, const struct list *ranges)
{
	list_each(ranges, struct page_range, r)
		pageset_add(to, r->start, r->end);
}

/* Pages that are there of those in [start, end) that were missed. */
static int add_missed(const struct tracked *t, int pagemap, uint64_t start,
		      uint64_t end, struct pageset *todo)
{
	struct list ranges = { 0 };
	uint64_t at = start, stop;
	int rc = 0;

	for (; rc == 0 && pageset_next(&t->missed, &at, end, &stop); at = stop)
		rc = proc_pages(pagemap, at, stop, PAGES_PRESENT, &ranges);
	add_ranges(todo, &ranges);
	list_free(&ranges);
	return rc;
}

/* 1: none of our business. */
static int watch(struct tracked *t, const struct proc_map *m,
		 struct stream_out *out, struct failure *f)
{
	struct uffdio_register reg = {
		.range = { m->start, m->end - m->start },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	if (is_told_otherwise(t, m) ||
	    ioctl(t->uffd, UFFDIO_REGISTER, &reg) < 0)
		return 1;
	return tell(t, m, out, f);
}

/* What is to be sent of [start, end) of @m; 1 if nothing is known of it. */
static int scan_part(struct tracked *t, int pagemap, uint64_t start,
		     uint64_t end, struct pageset *todo)
{
	struct list ranges = { 0 };
	int rc = proc_pages_written(pagemap, start, end, true, &ranges);

	add_ranges(todo, &ranges);
	list_free(&ranges);
	if (rc == 0)
		return add_missed(t, pagemap, start, end, todo) < 0 ? 1 : 0;
	/* Some of it may have been protected, and not been reported. */
	pageset_add(&t->missed, start, end);
	return 1;
}

static int send_map(struct tracked *t, const struct proc_map *m,
		    const struct sender *how, struct track_round *round,
		    struct failure *f)
{
	const struct rec_mapping rec = {
		.start = m->start, .end = m->end, .kind = MAPPING_ANON,
		.prot = m->flags & VMF_RD ? PROT_READ : 0,
	};

	for (uint64_t at = m->start, stop; at < m->end; at = stop) {
		struct pageset todo = { 0 };
		int rc;

		stop = m->end - at > AT_ONCE ? at + AT_ONCE : m->end;
		if (scan_part(t, how->s->pagemap, at, stop, &todo) == 0)
			pageset_remove(&t->missed, at, stop);
		round->pages += pageset_count(&todo);
		rc = memory_send(how, &rec, &todo, f);
		pageset_free(&todo);
		if (rc == 0 && round->pause)
			rc = round->pause(round->arg, f);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* A process that is going, or has begun another program: nothing is sent. */
static int send_space(struct tracked *t, struct stream_out *out,
		      struct track_round *round, struct failure *f)
{
	struct source s = { .pid = t->pid, .via = t->via, .id = t->id,
			    .pagemap = open_pagemap(t),
			    .strings = { .pid = t->via, .mem = -1 } };
	struct sender how = { &s, out, &t->sent, &t->missed };
	struct failure ignored = { 0 };
	struct list maps = { 0 };
	int rc = 0;

	if (s.pagemap < 0 || proc_maps(t->via, true, &maps) < 0 ||
	    strings_open(&s.strings, &ignored) < 0)
		maps.n = 0;
	list_each(&maps, struct proc_map, m) {
		if (rc < 0 || !is_fit(m))
			continue;
		if (!(m->flags & VMF_UW)) {
			rc = watch(t, m, out, f);
			if (rc != 0)
				continue;
		}
		rc = send_map(t, m, &how, round, f);
	}
	proc_maps_free(&maps);
	strings_close(&s.strings);
	if (s.pagemap >= 0)
		close(s.pagemap);
	return rc < 0 ? -1 : 0;
}

int track_send(struct track *tr, struct stream_out *out,
	       struct track_round *round, struct failure *f)
{
	round->pages = 0;
	list_each(&tr->spaces, struct tracked, t)
		if (send_space(t, out, round, f) < 0)
			return -1;
	return 0;
}

static uint64_t count(const struct list *ranges)
{
	uint64_t pages = 0;

	list_each(ranges, struct page_range, r)
		pages += (r->end - r->start) / STREAM_PAGE;
	return pages;
}

uint64_t track_written(const struct track *tr)
{
	uint64_t pages = 0;

	list_each(&tr->spaces, struct tracked, t) {
		struct list maps = { 0 }, ranges = { 0 };
		int pagemap = open_pagemap(t);

		if (pagemap >= 0 && proc_maps(t->via, false, &maps) == 0)
			list_each(&maps, struct proc_map, m)
				if (mapping_is_anonymous(m) &&
				    m->end - m->start >= AREA_MIN)
					proc_pages_written(pagemap, m->start,
							   m->end, false, &ranges);
		if (pagemap >= 0)
			close(pagemap);
		pages += count(&ranges);
		list_free(&ranges);
		proc_maps_free(&maps);
	}
	return pages;
}

/* ---- the freeze ---- */

struct tracked *track_find(const struct track *tr, pid_t pid)
{
	list_each(&tr->spaces, struct tracked, t)
		if (t->pid == pid)
			return t;
	return NULL;
}

bool track_knows(const struct tracked *t, const struct rec_mapping *m)
{
	if (m->kind != MAPPING_ANON)
		return false;
	list_each(&t->areas, struct rec_area, a)
		if (overlap(a, m->start, m->end))
			return true;
	return false;
}

bool track_watches(const struct track *tr, pid_t pid, const struct proc_map *m)
{
	const struct tracked *t = track_find(tr, pid);
	uint64_t bytes = 0;

	if (t)
		list_each(&t->areas, struct rec_area, a)
			bytes += overlap(a, m->start, m->end);
	return bytes > 0;
}

/* What has been sent and is not in @there. */
static void add_lost(const struct tracked *t, const struct rec_mapping *m,
		     const struct list *there, struct pageset *gone)
{
	uint64_t at = m->start, stop;

	for (; pageset_next(&t->sent, &at, m->end, &stop); at = stop)
		pageset_add(gone, at, stop);
	list_each(there, struct page_range, r)
		pageset_remove(gone, r->start, r->end);
}

/* ... of what is in @away. */
static void add_sent(const struct tracked *t, const struct list *away,
		     struct pageset *gone)
{
	list_each(away, struct page_range, r) {
		uint64_t at = r->start, stop;

		for (; pageset_next(&t->sent, &at, r->end, &stop); at = stop)
			pageset_add(gone, at, stop);
	}
}

int track_last(struct tracked *t, const struct source *s,
	       const struct rec_mapping *m, struct pageset *todo,
	       struct pageset *gone, struct failure *f)
{
	struct list ranges = { 0 }, away = { 0 };
	int pagemap = s->pagemap;
	int rc = has_devices_write(s) ? -1 :
		proc_pages_written(pagemap, m->start, m->end, false, &ranges);

	if (rc == 0)
		rc = proc_pages_gone(pagemap, m->start, m->end, &away);
	if (rc == 0) {
		add_sent(t, &away, gone);
		rc = add_missed(t, pagemap, m->start, m->end, todo);
	} else {
		ranges.n = 0;
		rc = proc_pages(pagemap, m->start, m->end, PAGES_PRESENT,
				&ranges);
		add_lost(t, m, &ranges, gone);
	}
	add_ranges(todo, &ranges);
	list_free(&ranges);
	list_free(&away);
	return rc < 0 ? fail_errno(f, 0, "cannot read the page map of process %d",
				   t->pid) : 0;
}

void track_end(struct track *tr)
{
	list_each(&tr->spaces, struct tracked, t) {
		close(t->uffd);
		list_free(&t->areas);
		pageset_free(&t->sent);
		pageset_free(&t->missed);
	}
	list_free(&tr->spaces);
}

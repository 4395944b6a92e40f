/* SPDX-License-Identifier: MIT */
/*
 * nest.c - memory that is here before the process that it is for
 *
 * Areas are mapped readable and writable, one beside the other, so that the
 * kernel makes one mapping of those that touch: later protections split it, and
 * what the program had as one mapping is one here.  For the same reason the
 * userfaultfd that they are filled by is closed before anything else is mapped
 * beside them.
 *
 * A page comes again and again, as often as it is written: what is there is
 * written over, what is not is made (UFFDIO_COPY), in turns.
 */
#include "image/nest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/memory.h"
#include "proc/proc.h"

#define PAGE		((uint64_t)STREAM_PAGE)
#define AREA_FLAGS	((uint64_t)(VMF_NR | VMF_HG | VMF_NH))

/* ---- areas ---- */

/* The first that ends above @address. */
static size_t area_at(const struct list *areas, uint64_t address)
{
	size_t low = 0, high = areas->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (list_at(areas, struct rec_area, mid)->end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_covered(const struct list *areas, uint64_t start, uint64_t end)
{
	for (size_t i = area_at(areas, start); i < areas->n; i++) {
		const struct rec_area *a = list_at(areas, struct rec_area, i);

		if (a->start > start)
			return false;
		start = a->end;
		if (start >= end)
			return true;
	}
	return false;
}

static int bad_area(uint64_t id, const struct rec_area *a, const char *why,
		    struct failure *f)
{
	return fail(f, STATUS_STREAM, "area 0x%llx..0x%llx of process %llu %s",
		    (unsigned long long)a->start, (unsigned long long)a->end,
		    (unsigned long long)id, why);
}

static int check_area(const struct restore *r, const struct nest *n,
		      const struct rec_area *a, struct failure *f)
{
	size_t i = area_at(&n->areas, a->start);

	if ((a->start | a->end) % PAGE || a->start < PAGE ||
	    a->start >= a->end || a->end > TASK_END)
		return bad_area(n->id, a, "has impossible bounds", f);
	if (a->flags & ~AREA_FLAGS)
		return bad_area(n->id, a, "is of an unknown kind", f);
	if (i < n->areas.n &&
	    list_at(&n->areas, struct rec_area, i)->start < a->end)
		return bad_area(n->id, a, "overlaps another one", f);
	if (puppets_area_overlaps(r, a->start, a->end))
		return fail(f, STATUS_DIFFERS, "memory of process %llu turned up "
			    "where this end works: capture it again",
			    (unsigned long long)n->id);
	return 0;
}

static void insert_area(struct nest *n, const struct rec_area *a)
{
	size_t i = area_at(&n->areas, a->start);
	struct rec_area *at;

	list_add(&n->areas, sizeof(*a));
	at = list_at(&n->areas, struct rec_area, i);
	memmove(at + 1, at, (n->areas.n - 1 - i) * sizeof(*at));
	*at = *a;
}

static int map_area(struct nest *n, const struct rec_area *a, struct failure *f)
{
	uint64_t len = a->end - a->start;
	struct uffdio_register reg = {
		.range = { a->start, len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct batch b;
	int rc;

	puppet_batch(&n->puppet, &b);
	batch_add(&b, "map memory", SYS_mmap, a->start, len,
		  PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
		  MAP_FIXED_NOREPLACE | (a->flags & VMF_NR ? MAP_NORESERVE : 0),
		  -1);
	if (a->flags & (VMF_HG | VMF_NH))
		batch_add(&b, NULL, SYS_madvise, a->start, len,
			  a->flags & VMF_HG ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	rc = batch_run(&b, f);
	batch_free(&b);
	if (rc == 0)
		insert_area(n, a);
	/* Without one, faults do. */
	if (rc == 0 && puppet_has_uffd(&n->puppet))
		ioctl(n->puppet.uffd, UFFDIO_REGISTER, &reg);
	return rc;
}

/* ---- nests ---- */

static struct nest *nest_find(const struct restore *r, uint64_t id)
{
	list_each(&r->nests, struct nest *, n)
		if ((*n)->id == id)
			return *n;
	return NULL;
}

static struct nest *nest_new(struct restore *r, uint64_t id)
{
	struct nest *n = xcalloc(1, sizeof(*n));

	n->id = id;
	n->shepherd_fd = -1;
	n->puppet.strings.mem = -1;
	*(struct nest **)list_add(&r->nests, sizeof(n)) = n;
	return n;
}

/* The first puppet's, which has been made for this. */
static void nest_of_top(struct restore *r)
{
	struct puppet *p = *list_at(&r->puppets, struct puppet *, 0);
	struct nest *n = nest_new(r, p->rec->pid);

	n->puppet = *p;
	n->puppet.queue = (struct batch){ 0 };
	n->puppet.rec = NULL;
	n->shepherd = r->shepherd;
	n->shepherd_fd = r->shepherd_fd;
	n->top = true;
	p->members = (struct list){ 0 };
	p->strings = (struct strings){ .mem = -1 };
	p->pid = 0;
	r->shepherd = 0;
	r->shepherd_fd = -1;
}

static struct nest *nest_for(struct restore *r, uint64_t id, struct failure *f)
{
	struct nest *n = nest_find(r, id);
	static struct rec_process nobody;

	if (n)
		return n;
	if (!image_find(&r->image, RECORD_PROCESS, id)) {
		fail(f, STATUS_STREAM, "process %llu of the stream has memory "
		     "and no record", (unsigned long long)id);
		return NULL;
	}
	n = nest_new(r, id);
	n->puppet.rec = &nobody;
	return puppets_hold(r, &n->puppet, f) < 0 ? NULL : n;
}

static int add_area(struct restore *r, uint64_t id, const struct rec_area *a,
		    struct failure *f)
{
	struct nest *n = nest_for(r, id, f);

	return !n || check_area(r, n, a, f) < 0 ? -1 : map_area(n, a, f);
}

static int bad_run(const struct stream_item *item, const char *why,
		   struct failure *f)
{
	return fail(f, STATUS_STREAM, "pages at 0x%llx (record %llu, byte %llu)"
		    " %s", (unsigned long long)item->address,
		    (unsigned long long)item->record,
		    (unsigned long long)item->offset, why);
}

static ssize_t make_pages(const struct nest *n, uint64_t to, const void *data,
			  size_t len)
{
	struct uffdio_copy copy = { .dst = to, .src = (uint64_t)data,
				    .len = len,
				    .mode = UFFDIO_COPY_MODE_DONTWAKE };

	if (n->puppet.uffd <= 0)
		return 0;
	if (ioctl(n->puppet.uffd, UFFDIO_COPY, &copy) == 0)
		return len;
	return copy.copy > 0 ? copy.copy : 0;
}

static ssize_t write_pages(const struct nest *n, uint64_t to, const void *data,
			   size_t len)
{
	struct iovec here = { (void *)data, len };
	struct iovec there = { (void *)to, len };

	return process_vm_writev(n->puppet.pid, &here, 1, &there, 1, 0);
}

static int fill_nest(struct nest *n, const struct stream_item *item,
		     const uint8_t *data, struct failure *f)
{
	size_t len = item->count * PAGE, done = 0;
	ssize_t some;

	if (item->coding == CODING_ZERO)
		return puppet_call(&n->puppet, "drop memory", SYS_madvise,
				   item->address, len, MADV_DONTNEED, 0, 0, NULL,
				   f);
	while (done < len) {
		some = make_pages(n, item->address + done, data + done,
				  len - done);
		done += some;
		if (done == len)
			break;
		some = write_pages(n, item->address + done, data + done,
				   len - done);
		if (some <= 0)
			return fail_errno(f, 0, "cannot fill memory of process "
					  "%llu at 0x%llx: is there too little "
					  "memory here?",
					  (unsigned long long)n->id,
					  (unsigned long long)item->address +
					  done);
		done += some;
	}
	return 0;
}

static int receive_pages(struct restore *r, struct stream_in *in,
			 const struct stream_item *item, struct failure *f)
{
	struct nest *n = nest_find(r, item->id);
	const void *data = stream_get_pages(in, f);

	if (!data)
		return -1;
	if (!n || !is_covered(&n->areas, item->address,
			      item->address + item->count * PAGE))
		return bad_run(item, "are in no area of their process", f);
	return fill_nest(n, item, data, f);
}

/* ---- the stream ---- */

static int take_area(struct restore *r, struct stream_in *in,
		     const struct stream_item *item, struct failure *f)
{
	struct rec_area a = { 0 };

	return stream_get(in, kind_area.schema, &a, f) < 0 ? -1 :
		add_area(r, item->id, &a, f);
}

/* 1 if it is the freeze. */
static int take_phase(struct restore *r, struct stream_in *in,
		      const struct stream_item *item, struct failure *f)
{
	struct rec_live rec = { 0 };

	if (stream_get(in, kind_live.schema, &rec, f) < 0)
		return -1;
	if (rec.phase == LIVE_ROUND)
		return 0;
	if (rec.phase != LIVE_FROZEN)
		return fail(f, STATUS_STREAM, "phase %u of the stream (record "
			    "%llu, byte %llu) comes before the freeze",
			    rec.phase, (unsigned long long)item->record,
			    (unsigned long long)item->offset);
	r->image.header.time_ns = rec.time_ns;
	r->image.header.boottime_ns = rec.boottime_ns;
	r->image.header.monotonic_ns = rec.monotonic_ns;
	return 1;
}

static int take_item(struct restore *r, struct stream_in *in,
		     const struct stream_item *item, struct failure *f)
{
	switch (item->type) {
	case RECORD_LIVE:
		return take_phase(r, in, item, f);
	case RECORD_AREA:
		return take_area(r, in, item, f);
	case STREAM_PAGES:
		return receive_pages(r, in, item, f);
	}
	return fail(f, STATUS_STREAM, "a record of type %u comes between rounds "
		    "(record %llu, byte %llu)", item->type,
		    (unsigned long long)item->record,
		    (unsigned long long)item->offset);
}

/* Nothing of them is watched any more: mappings may be joined again. */
static void end_watching(struct restore *r)
{
	list_each(&r->nests, struct nest *, n) {
		if ((*n)->puppet.uffd > 0)
			close((*n)->puppet.uffd);
		(*n)->puppet.uffd = 0;
	}
}

int nests_receive(struct restore *r, bool lone, struct stream_in *in,
		  struct stream_item *item, struct failure *f)
{
	int more = 1, frozen = 0;

	if (lone)
		nest_of_top(r);
	image_each(&r->image, RECORD_AREA, struct rec_area, a)
		if (add_area(r, a_r->id, a, f) < 0)
			return -1;
	while (more > 0 && frozen == 0) {
		frozen = take_item(r, in, item, f);
		if (frozen == 0)
			more = stream_next(in, item, f);
	}
	if (frozen < 0 || more < 0)
		return -1;
	if (!frozen)
		return fail(f, STATUS_STREAM, "stream ends before its program "
			    "was frozen");
	end_watching(r);
	return 1;
}

/* ---- becoming the program ---- */

bool nest_adopt(struct restore *r)
{
	struct nest *n = r->nests.n ? *list_at(&r->nests, struct nest *, 0) :
		NULL;
	struct puppet *p = *list_at(&r->puppets, struct puppet *, 0);

	if (!n || !n->top || r->puppets.n != 1 || n->id != p->rec->pid ||
	    !puppets_area_is_free(r))
		return false;
	p->pid = n->puppet.pid;
	p->members = n->puppet.members;
	p->strings = n->puppet.strings;
	p->areas = n->areas;
	puppet_retell(r, p);
	r->shepherd = n->shepherd;
	r->shepherd_fd = n->shepherd_fd;
	free(n);
	r->nests.n = 0;
	return true;
}

/* As what it is there, it was told to be kept or to be accounted for alike. */
static bool is_same_memory(const struct rec_area *a, const struct rec_mapping *m)
{
	const uint64_t never = VMF_MS | VMF_GD | VMF_DP;

	if (m->kind != MAPPING_ANON || m->huge || m->flags & never ||
	    !(m->flags & (VMF_AC | VMF_NR)) ||
	    (m->flags & VMF_NR) != (a->flags & VMF_NR))
		return false;
	/* That huge pages are wished can be taken back by the opposite alone. */
	return !(a->flags & (VMF_HG | VMF_NH)) ||
		m->flags & (VMF_HG | VMF_NH);
}

static bool touches(const struct rec_area *a, const struct rec_mapping *m)
{
	return a->start < m->end && m->start < a->end;
}

bool nest_has(const struct puppet *p, const struct rec_mapping *m)
{
	for (size_t i = area_at(&p->areas, m->start); i < p->areas.n; i++) {
		const struct rec_area *a = list_at(&p->areas, struct rec_area, i);

		if (!touches(a, m))
			return false;
		if (is_same_memory(a, m))
			return true;
	}
	return false;
}

/* The first mapping that ends above @address. */
static size_t map_at(const struct puppet *p, uint64_t address)
{
	size_t low = 0, high = p->map_n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (p->maps[mid]->end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Unmaps [start, end), if there is anything between the two. */
static int cut(struct batch *b, uint64_t start, uint64_t end, struct failure *f)
{
	if (start < end)
		batch_add(b, "drop memory", SYS_munmap, start, end - start);
	return batch_make_room(b, f);
}

/* The parts of @a that the program still has go to @kept, the rest goes. */
static int trim(struct puppet *p, const struct rec_area *a, struct list *kept,
		struct batch *b, struct failure *f)
{
	uint64_t done = a->start;

	for (size_t i = map_at(p, a->start); i < p->map_n; i++) {
		const struct rec_mapping *m = p->maps[i];
		struct rec_area *k;

		if (!touches(a, m))
			break;
		if (!is_same_memory(a, m))
			continue;
		k = list_add(kept, sizeof(*k));
		*k = *a;
		if (k->start < m->start)
			k->start = m->start;
		if (k->end > m->end)
			k->end = m->end;
		if (cut(b, done, k->start, f) < 0)
			return -1;
		done = k->end;
	}
	return cut(b, done, a->end, f);
}

int nest_trim(struct puppet *p, struct failure *f)
{
	struct batch *b = puppet_queue(p, f);
	struct list kept = { 0 };
	int rc = b ? 0 : -1;

	list_each(&p->areas, struct rec_area, a)
		if (rc == 0)
			rc = trim(p, a, &kept, b, f);
	list_free(&p->areas);
	p->areas = kept;
	return rc;
}

bool nest_gap(const struct puppet *p, const struct rec_mapping *m,
	      uint64_t *start, uint64_t *end)
{
	for (size_t i = area_at(&p->areas, *start); i < p->areas.n; i++) {
		const struct rec_area *a = list_at(&p->areas, struct rec_area, i);

		if (a->start > *start) {
			*end = a->start < m->end ? a->start : m->end;
			return *start < *end;
		}
		*start = a->end;
	}
	*end = m->end;
	return *start < *end;
}

/* ---- being copied from ---- */

static void nest_end(struct nest *n)
{
	int status;

	/* The new tree has a copy of our end of its socket: to close that one
	 * tells it nothing, but this is no word that it knows. */
	if (n->shepherd_fd >= 0)
		send(n->shepherd_fd, "", 1, MSG_NOSIGNAL);
	if (n->puppet.pid > 0) {
		kill(n->puppet.pid, SIGKILL);
		while (waitpid(n->puppet.pid, &status, __WALL) < 0 &&
		       errno == EINTR)
			;
	}
	if (n->shepherd_fd >= 0)
		close(n->shepherd_fd);
	while (n->shepherd > 0 && waitpid(n->shepherd, &status, 0) < 0 &&
	       errno == EINTR)
		;
	if (n->puppet.uffd > 0)
		close(n->puppet.uffd);
	strings_close(&n->puppet.strings);
	batch_free(&n->puppet.queue);
	list_free(&n->puppet.members);
	list_free(&n->areas);
	free(n);
}

void nest_leave(struct restore *r)
{
	struct puppet *p = *list_at(&r->puppets, struct puppet *, 0);
	struct nest *n = nest_new(r, p->rec->pid);

	n->puppet = *p;
	n->puppet.areas = (struct list){ 0 };
	n->shepherd = r->shepherd;
	n->shepherd_fd = r->shepherd_fd;
	n->whole = true;
	list_free(&p->areas);
	*p = (struct puppet){ .rec = n->puppet.rec, .space = n->puppet.space,
			      .maps = n->puppet.maps, .map_n = n->puppet.map_n,
			      .fds = n->puppet.fds, .fd_n = n->puppet.fd_n,
			      .threads = n->puppet.threads,
			      .strings.mem = -1 };
	r->shepherd = 0;
	r->shepherd_fd = -1;
	r->nested = false;
}

static int empty_range(struct restore *r, struct nest *n, int pagemap,
		       uint64_t start, uint64_t end, enum page_want want,
		       struct failure *f)
{
	struct list ranges = { 0 };
	int rc = proc_pages(pagemap, start, end, want, &ranges);

	if (rc < 0)
		fail_errno(f, 0, "cannot read the page map of process %d",
			   n->puppet.pid);
	else
		rc = memory_copy(r, &n->puppet.strings, n->id, &ranges, f);
	list_free(&ranges);
	return rc;
}

/* The part of @a that is in @m. */
static int empty_area(struct restore *r, struct nest *n, int pagemap,
		      const struct rec_area *a, const struct rec_mapping *m,
		      struct failure *f)
{
	uint64_t start = a->start > m->start ? a->start : m->start;
	uint64_t end = a->end < m->end ? a->end : m->end;

	return empty_range(r, n, pagemap, start, end, PAGES_ANON, f);
}

/* All that it has, mapped as the puppet's is. */
static int empty_whole(struct restore *r, struct nest *n, int pagemap,
		       const struct puppet *p, struct failure *f)
{
	for (size_t i = 0; i < p->map_n; i++) {
		const struct rec_mapping *m = p->maps[i];

		if (m->kind == MAPPING_VDSO || m->kind == MAPPING_VVAR ||
		    m->flags & VMF_MS)
			continue;
		if (empty_range(r, n, pagemap, m->start, m->end, PAGES_PRIVATE,
				f) < 0)
			return -1;
	}
	return 0;
}

static int empty_into(struct restore *r, struct nest *n, struct puppet *p,
		      struct failure *f)
{
	char path[64];
	int pagemap, rc = 0;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", n->puppet.pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		return fail_errno(f, 0, "cannot read %s", path);
	if (n->whole)
		rc = empty_whole(r, n, pagemap, p, f);
	list_each(&n->areas, struct rec_area, a)
		for (size_t i = map_at(p, a->start); i < p->map_n; i++) {
			const struct rec_mapping *m = p->maps[i];

			if (rc < 0 || !touches(a, m))
				break;
			if (is_same_memory(a, m))
				rc = empty_area(r, n, pagemap, a, m, f);
		}
	close(pagemap);
	return rc;
}

int nests_empty(struct restore *r, struct failure *f)
{
	while (r->nests.n) {
		struct nest *n = *list_at(&r->nests, struct nest *,
					  r->nests.n - 1);
		struct puppet *p = find_puppet(r, n->id);

		if (p && !p->rec->zombie && empty_into(r, n, p, f) < 0)
			return -1;
		nest_end(n);
		r->nests.n--;
	}
	memory_filled(r);
	return 0;
}

void nests_end(struct restore *r)
{
	list_each(&r->nests, struct nest *, n)
		nest_end(*n);
	list_free(&r->nests);
}

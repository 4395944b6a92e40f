/* SPDX-License-Identifier: MIT */
/*
 * capture.c - a tree that has been stopped, asked and written down
 *
 * What was looked at is looked at again: now it stays as it is.  Then each task
 * is asked what only it can tell, all of them at once.
 */
#include "image/capture.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "image/guard.h"
#include "image/look.h"
#include "image/pids.h"
#include "image/thread.h"
#include "image/track.h"

/* ---- recording ---- */

/* Signals whose default is to be ignored, for the stub to end with. */
static int choose_tell(const struct source_task *t)
{
	static const int candidates[] = { SIGURG, SIGWINCH, SIGCHLD };
	uint64_t busy = t->status.sig_pending | t->status.shared_pending;
	int fallback = SIGURG;

	for (size_t i = 0; i < 3; i++) {
		uint64_t bit = 1ull << (candidates[i] - 1);

		if (busy & bit)
			continue;
		if (!(t->status.sig_caught & bit))
			return candidates[i];
		fallback = candidates[i];
	}
	return fallback;
}

/* That of the main thread was read with the process. */
static int task_status(const struct source *s, struct source_task *t)
{
	if (t->t.tid != s->pid)
		return proc_status(s->pid, t->t.tid, &t->status);
	t->status = s->status;
	t->status.groups = (struct list){ 0 };
	list_each(&s->status.groups, uint32_t, group)
		*(uint32_t *)list_add(&t->status.groups, sizeof(*group)) =
			*group;
	return 0;
}

static int look_tasks(const struct capture *c, struct source *s,
		      struct failure *f)
{
	list_each(&s->tasks, struct source_task, t) {
		if (task_status(s, t) < 0)
			return look_failed(s, f);
		t->id = pids_id(c, &t->status, t->t.tid);
		t->t.tell = choose_tell(t);
		if (thread_leave_rseq(t, f) < 0)
			return -1;
	}
	return 0;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct source_task *x = a, *y = b;
	int px = x->t.tid != x->t.pid, py = y->t.tid != y->t.pid;

	return px != py ? px - py : x->t.tid - y->t.tid;
}

static const struct proc_map *find_map(const struct source *s, const char *path)
{
	list_each(&s->maps, struct proc_map, m)
		if (!strcmp(m->path, path))
			return m;
	return NULL;
}

static int source_attach_start(struct source *s, struct failure *f)
{
	const struct proc_map *vdso = find_map(s, "[vdso]");
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", s->via);
	s->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (s->pagemap < 0)
		return fail_errno(f, 0, "cannot read %s", path);
	s->strings = (struct strings){ .pid = s->via, .mem = -1 };
	if (vdso) {
		s->strings.vdso = vdso->start;
		s->strings.vdso_size = vdso->end - vdso->start;
		list_each(&s->tasks, struct source_task, t)
			if (tracee_step_out(&t->t, vdso->start, vdso->end, f) < 0)
				return -1;
	}
	return strings_attach_start(&s->strings, &source_leader(s)->t, 0, f);
}

static int source_prepare(const struct capture *c, struct source *s,
			  struct failure *f)
{
	if (s->zombie)
		return 0;
	if (!s->tasks.n)
		return fail(f, STATUS_NOPROC, "process %d is ending", s->pid);
	if (look_tasks(c, s, f) < 0)
		return -1;
	list_sort(&s->tasks, sizeof(struct source_task),
	      compare_tasks);
	return source_attach_start(s, f);
}

/*
 * Tasks work while we do something else: what is to be done in many of them is
 * started in all and then finished in all, also after a failure.
 */
static int prepare_all(struct capture *c, struct failure *f)
{
	struct failure ignored = { 0 };
	size_t started = 0;
	int rc = 0;

	while (started < c->sources.n && rc == 0) {
		rc = source_prepare(c, list_at(&c->sources, struct source,
					       started), f);
		started += rc == 0;
	}
	for (size_t i = 0; i < started; i++) {
		struct source *s = list_at(&c->sources, struct source, i);

		if (s->zombie)
			continue;
		if (strings_attach_finish(&s->strings, &source_leader(s)->t, 0,
					  rc < 0 ? &ignored : f) < 0)
			rc = -1;
	}
	return rc;
}

static void ask_task(struct capture *c, struct source *s, size_t at)
{
	struct source_task *t = list_at(&s->tasks, struct source_task, at);

	batch_init_slot(&t->asked, &s->strings, &t->t, at);
	for (size_t row = 0; kinds[row]; row++) {
		t->first_call[row] = t->asked.calls.n;
		t->first_data[row] = (t->asked.used + 15) & ~(size_t)15;
		if (kinds[row]->ask && (!c->watch || kinds[row]->draft))
			kinds[row]->ask(c, s, t, &t->asked);
	}
}

/* The tasks of each process from @first on, as many as there are slots. */
static int ask_some(struct capture *c, size_t first, bool *more,
		    struct failure *f)
{
	struct list batches = { 0 };
	int rc;

	list_each(&c->sources, struct source, s)
		for (size_t i = first; i < s->tasks.n && i < first + SLOTS;
		     i++) {
			ask_task(c, s, i);
			*(struct batch **)list_add(&batches, sizeof(void *)) =
				&list_at(&s->tasks, struct source_task, i)->asked;
			*more |= i + 1 == first + SLOTS;
		}
	rc = batches_run(&batches, f);
	list_free(&batches);
	return rc;
}

static int ask_all(struct capture *c, struct failure *f)
{
	bool more = true;

	for (size_t first = 0; more; first += SLOTS) {
		more = false;
		if (ask_some(c, first, &more, f) < 0)
			return -1;
	}
	return 0;
}

/* Nothing of ours stays in the source while the pages are written. */
static int detach_all(struct capture *c, struct failure *f)
{
	struct failure ignored = { 0 };
	struct list started = { 0 };
	int rc = 0;

	list_each(&c->sources, struct source, s) {
		if (s->zombie || rc < 0)
			continue;
		rc = strings_unmap_start(&s->strings, &source_leader(s)->t,
					 WORK_SIZE, f);
		if (rc == 0)
			*(struct source **)list_add(&started, sizeof(s)) = s;
	}
	list_each(&started, struct source *, s)
		if (strings_unmap_finish(&(*s)->strings, &source_leader(*s)->t,
					 rc < 0 ? &ignored : f) < 0)
			rc = -1;
	list_free(&started);
	return rc;
}

static char *boot_id(void)
{
	char *id = read_file("/proc/sys/kernel/random/boot_id", NULL);

	if (id)
		id[strcspn(id, "\n")] = '\0';
	return id ? id : xstrdup("");
}

/*
 * The tree may be in a time namespace that a restore has made: its clocks are
 * ours, shifted.  Lines of timens_offsets: "monotonic 10 500000000".
 */
static int64_t clock_shift(const struct source *s, const char *name)
{
	char path[64], *text, *at;
	long long sec = 0, nsec = 0;

	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", s->via);
	text = read_file(path, NULL);
	at = text ? strstr(text, name) : NULL;
	if (at)
		sscanf(at + strlen(name), "%lld %lld", &sec, &nsec);
	free(text);
	return sec * 1000000000ll + nsec;
}

static uint64_t resident(const struct capture *c)
{
	uint64_t bytes = 0;

	list_each(&c->sources, struct source, s)
		list_each(&s->maps, struct proc_map, m)
			bytes += m->rss + m->swap;
	return bytes;
}

void capture_header(struct capture *c)
{
	const struct source *top = list_at(&c->sources, struct source, 0);
	int64_t monotonic = clock_shift(top, "monotonic");
	int64_t boottime = clock_shift(top, "boottime");
	struct stream_header *h = &c->image.header;
	struct list names = { 0 };
	struct utsname u;

	uname(&u);
	*h = (struct stream_header){
		.format = xstrdup(STREAM_FORMAT), .version = STREAM_VERSION,
		.kind = xstrdup("process"), .arch = xstrdup(u.machine),
		.kernel = xstrdup(u.release), .host = xstrdup(namespaces_host(c)),
		.boot = boot_id(), .page = STREAM_PAGE,
		.time_ns = clock_ns(CLOCK_REALTIME),
		.monotonic_ns = clock_ns(CLOCK_MONOTONIC) + monotonic,
		.boottime_ns = clock_ns(CLOCK_BOOTTIME) + boottime,
		.monotonic_shift_ns = monotonic,
		.boottime_shift_ns = boottime,
		.xcr0 = proc_xcr0(), .tty = c->terminal_keys,
		.ends = c->ends, .live = c->live,
		.root = top->id,
		.resident = resident(c),
	};
	getrandom(h->id, sizeof(h->id), 0);
	proc_cpu_flags(&names);
	for (size_t i = 0; i < names.n; i++) {
		struct cpu_feature *cpu = list_add(&h->cpu, sizeof(*cpu));

		cpu->name = *list_at(&names, char *, i);	/* handed over */
	}
	list_free(&names);
}

/* Up to where each task has been asked. */
static int question(struct capture *c, struct failure *f)
{
	obstacles_clear(c);
	if (look_all(c, f) < 0 || check_all(c, f) < 0)
		return -1;
	if (c->obstacles.n)
		return capture_refuse(c, f);
	capture_header(c);
	return prepare_all(c, f) < 0 ? -1 : ask_all(c, f);
}

/* What sockets hold is left alone: to be looked at twice changes some of it. */
int capture_draft(struct capture *c, struct track *watch, struct failure *f)
{
	c->watch = watch;
	if (question(c, f) < 0)
		return -1;
	for (size_t row = 0; kinds[row]; row++) {
		if (!kinds[row]->draft)
			continue;
		list_each(&c->sources, struct source, s)
			if (kinds[row]->draft(c, s, f) < 0)
				return -1;
	}
	return track_start(watch, c, f) < 0 ? -1 : detach_all(c, f);
}

int capture_record(struct capture *c, struct failure *f)
{
	if (question(c, f) < 0)
		return -1;
	for (size_t row = 0; kinds[row]; row++) {
		if (!kinds[row]->capture)
			continue;
		list_each(&c->sources, struct source, s)
			if (kinds[row]->capture(c, s, f) < 0)
				return -1;
	}
	unix_forget(c);
	if (c->obstacles.n)
		return capture_refuse(c, f);
	return detach_all(c, f);
}

int capture_write(struct capture *c, struct stream_out *out, struct failure *f)
{
	/* What is live has begun with a header already. */
	if (!c->image.header.live &&
	    stream_put_header(out, &c->image.header, f) < 0)
		return -1;
	if (image_write_records(&c->image, out, f) < 0)
		return -1;
	return memory_write(c, out, f);
}

void capture_free(struct capture *c)
{
	guard_free(c);
	namespaces_leave(c);
	image_free(&c->image);
	forget_tree(c);
	list_free(&c->sockets);
	list_each(&c->objects, struct seen_object, o)
		if (o->fd >= 0)
			close(o->fd);
	list_free(&c->objects);
	list_free(&c->pipes);
	list_free(&c->views);
	list_each(&c->carried, struct seen_object, k)
		close(k->fd);
	list_free(&c->carried);
	list_free(&c->opens);
	list_free(&c->files);
}

/* ---- for the kinds ---- */

uint64_t capture_id(const struct capture *c, pid_t pid)
{
	struct source *s = find_source(c, pid);

	return s ? s->id : 0;
}

struct source_task *source_leader(const struct source *s)
{
	return s->tasks.items;
}

int64_t task_ret(const struct source_task *t, const struct kind *k, size_t n)
{
	return batch_ret(&t->asked, t->first_call[kind_row(k->type)] + n);
}

const void *task_data(const struct source_task *t, const struct kind *k)
{
	return t->asked.data + t->first_data[kind_row(k->type)];
}

void source_batch(struct source *s, struct batch *b)
{
	batch_init(b, &s->strings, &source_leader(s)->t);
}

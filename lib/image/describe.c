/* SPDX-License-Identifier: MIT */
/*
 * describe.c - what is in an image, said to people
 *
 * In: an image that may be in part, or of a hostile stream, so nothing is
 * followed without end: processes are walked by a list, each once.  Out: lines
 * of text, indented by one step for each generation.  What only a program would
 * want (registers, masks, limits) is left to the JSON of migrate-inspect.
 */
#include "image/describe.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/list.h"
#include "image/say.h"
#include "proc/proc.h"

#define STEP		2	/* columns for each generation */
#define STEPS_MAX	20	/* no deeper, however deep the tree is */
#define NAMES_MAX	8	/* of threads, asleep or not */
#define OBJECT_NUMBER(id) ((uint64_t)((id) - OBJECT_FIRST))

/* ---- words ---- */

static void put_pages(FILE *to, struct survey_pages p)
{
	put_count(to, p.pages, "page");
	fputs(" sent", to);
	if (p.pages) {
		fputs(" (", to);
		put_size(to, p.pages * STREAM_PAGE);
		fputc(')', to);
	}
	if (p.zeros)
		fprintf(to, ", %" PRIu64 " of them zero", p.zeros);
}

/* ---- lines ---- */

/* Where lines of a process begin, and what they are about. */
struct page {
	FILE *to;
	const struct survey *s;
	int indent;
};

/* A line about @what; an empty @what goes on with the one before. */
static void begin(const struct page *p, const char *what)
{
	fprintf(p->to, "%*s%-12s", p->indent, "", what);
}

static void end(const struct page *p)
{
	fputc('\n', p->to);
}

/* ---- where it comes from ---- */

static void put_when(FILE *to, uint64_t ns)
{
	time_t t = ns / 1000000000;
	char text[64] = "";
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &tm);
	fputs(text, to);
}

static void put_id(FILE *to, const uint8_t id[static 16])
{
	for (size_t i = 0; i < 16; i++)
		fprintf(to, "%02x", id[i]);
}

static void describe_header(const struct page *p)
{
	static const char *const fates[] = {
		"stays stopped", "is ended", "runs on",
	};
	const struct stream_header *h = &p->s->image->header;

	begin(p, "kind");
	put_text(p->to, h->kind);
	fprintf(p->to, ", version %u of the format\n", h->version);
	begin(p, "from");
	put_text(p->to, h->host);
	fputs(", Linux ", p->to);
	put_text(p->to, h->kernel);
	fputs(" on ", p->to);
	put_text(p->to, h->arch);
	fprintf(p->to, " (%zu features, XCR0 0x%" PRIx64 ")\n", h->cpu.n,
		h->xcr0);
	begin(p, "frozen");
	put_when(p->to, h->time_ns);
	end(p);
	begin(p, "source");
	fprintf(p->to, "process %" PRIu64 ", which then %s\n", h->root,
		h->ends < 3 ? fates[h->ends] : "does something unknown");
	begin(p, "id");
	put_id(p->to, h->id);
	end(p);
	if (h->tty) {
		begin(p, "keyboard");
		fputs("a terminal's, follows the stream\n", p->to);
	}
}

/* ---- threads ---- */

struct thread_ref {
	uint64_t pid;
	const struct rec_thread *rec;
};

static int by_pid_and_name(const void *a, const void *b)
{
	const struct thread_ref *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return strcmp(x->rec->name ? x->rec->name : "",
		      y->rec->name ? y->rec->name : "");
}

/* All threads, by process and name: list of struct thread_ref. */
static struct list sort_threads(const struct survey *s)
{
	const struct survey_kind *k = survey_kind(s, RECORD_THREAD);
	struct list l = { 0 };

	for (size_t i = 0; i < k->n; i++) {
		struct thread_ref *t = list_add(&l, sizeof(*t));

		t->rec = k->records[i]->data;
		t->pid = t->rec->pid;
	}
	if (l.n)
		list_sort(&l, sizeof(struct thread_ref), by_pid_and_name);
	return l;
}

static const struct thread_ref *threads_of(const struct list *threads,
					   uint64_t pid, size_t *n)
{
	const struct thread_ref *t = threads->items;
	size_t low = 0, high = threads->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (t[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	for (*n = 0; low + *n < threads->n && t[low + *n].pid == pid;)
		++*n;
	return t + low;
}

/* "sqlite, worker (7)" */
static void put_names(FILE *to, const struct thread_ref *t, size_t n)
{
	size_t said = 0;

	for (size_t i = 0, same; i < n; i += same) {
		for (same = 1; i + same < n &&
		     !by_pid_and_name(&t[i], &t[i + same]);)
			same++;
		if (said++ == NAMES_MAX) {
			fprintf(to, " and others");
			break;
		}
		fputs(i ? ", " : "", to);
		put_text(to, t[i].rec->name);
		if (same > 1)
			fprintf(to, " (%zu)", same);
	}
}

static void describe_waits(const struct page *p, const struct thread_ref *t,
			   size_t n)
{
	static const char *const calls[] = {
		"", "nanosleep", "clock_nanosleep", "poll", "futex",
	};
	size_t said = 0;

	for (size_t i = 0; i < n && said < NAMES_MAX; i++) {
		const struct rec_thread *rec = t[i].rec;

		if (rec->wait == WAIT_NONE || rec->wait > WAIT_FUTEX)
			continue;
		begin(p, said++ ? "" : "asleep");
		fprintf(p->to, "thread %" PRIu64 " in %s, ", rec->tid,
			calls[rec->wait]);
		put_seconds(p->to, rec->wait_ns);
		fputs(" left\n", p->to);
	}
}

static void describe_threads(const struct page *p, const struct thread_ref *t,
			     size_t n)
{
	if (n != 1) {
		begin(p, "threads");
		fprintf(p->to, "%zu%s", n, n ? ": " : "");
		put_names(p->to, t, n);
		end(p);
	}
	describe_waits(p, t, n);
}

/* ---- who it is ---- */

static void put_creds(FILE *to, const struct rec_creds *c)
{
	fprintf(to, "%u, group %u", c->uid, c->gid);
	if (c->euid != c->uid || c->egid != c->gid)
		fprintf(to, ", effective %u and %u", c->euid, c->egid);
	if (c->cap_eff)
		fprintf(to, ", capabilities 0x%" PRIx64, c->cap_eff);
}

static void describe_creds(const struct page *p, const struct thread_ref *t,
			   size_t n)
{
	const struct rec_creds *first = NULL, *c;
	bool differ = false;

	for (size_t i = 0; i < n; i++) {
		c = survey_find(p->s, RECORD_CREDS, t[i].rec->creds);
		if (!first)
			first = c;
		differ |= c != first;
	}
	if (!first)
		return;
	begin(p, "user");
	put_creds(p->to, first);
	if (differ)
		fputs(" (not all threads the same)", p->to);
	end(p);
}

static void describe_place(const struct page *p, const struct rec_process *proc)
{
	begin(p, "group");
	fprintf(p->to, "%" PRIu64 ", session %" PRIu64 "\n", proc->group,
		proc->session);
	if (proc->zombie)
		return;
	begin(p, "directory");
	put_text(p->to, proc->cwd);
	end(p);
}

/* ---- memory ---- */

static void describe_memory(const struct page *p, uint64_t pid)
{
	const struct survey_kind *k = survey_kind(p->s, RECORD_MAPPING);
	const struct rec_space *space = survey_find(p->s, RECORD_SPACE, pid);
	const struct rec_file *exe;
	size_t n, at = survey_run(p->s, RECORD_MAPPING, pid, &n);
	uint64_t bytes = 0;

	if (space) {
		exe = survey_find(p->s, RECORD_FILE, space->exe);
		begin(p, "executable");
		put_text_or(p->to, exe ? exe->path : NULL, "(missing)");
		end(p);
	}
	for (size_t i = at; i < at + n; i++) {
		const struct rec_mapping *m = k->records[i]->data;

		bytes += m->end - m->start;
	}
	begin(p, "memory");
	put_size(p->to, bytes);
	fputs(" in ", p->to);
	put_count(p->to, n, "mapping");
	fputs(", ", p->to);
	put_pages(p->to, survey_pages(p->s, pid));
	end(p);
}

/* ---- descriptors ---- */

static void put_mode(FILE *to, uint32_t flags)
{
	static const char *const modes[] = {
		"reading", "writing", "reading and writing", "neither",
	};

	fprintf(to, ", %s", flags & O_PATH ? "as a path" :
		modes[flags & O_ACCMODE]);
	if (flags & O_APPEND)
		fputs(", appending", to);
	if (flags & O_NONBLOCK)
		fputs(", non-blocking", to);
}

static void put_object(FILE *to, const struct rec_object *o)
{
	static const char *const whats[] = {
		"shared memory ", "memfd ", "deleted file ",
		"deleted directory ", "System V shared memory ",
	};

	if (!o) {
		fputs("an object that is missing", to);
		return;
	}
	fputs(o->kind < 5 ? whats[o->kind] : "unknown object ", to);
	put_text(to, o->name);
}

static void put_file(const struct page *p, const struct rec_file *file)
{
	switch (file->kind) {
	case FILE_REGULAR:
		fputs("file ", p->to);
		put_text(p->to, file->path);
		put_mode(p->to, file->flags);
		fprintf(p->to, ", at %" PRIu64 " of %" PRIu64, file->pos,
			file->size);
		return;
	case FILE_OBJECT:
		put_object(p->to, survey_find(p->s, RECORD_OBJECT,
					      file->object));
		put_mode(p->to, file->flags);
		fprintf(p->to, ", at %" PRIu64, file->pos);
		return;
	case FILE_DIRECTORY:
		fputs("directory ", p->to);
		break;
	default:
		fputs("device ", p->to);
	}
	put_text(p->to, file->path);
	put_mode(p->to, file->flags);
}

static void put_pipe_end(const struct page *p, const struct rec_pipe_end *e)
{
	const struct rec_pipe *pipe = survey_find(p->s, RECORD_PIPE, e->pipe);

	fprintf(p->to, "pipe %" PRIu64, e->pipe);
	if (!pipe) {
		fputs(" (missing)", p->to);
	} else if (pipe->fifo) {
		fputs(", FIFO ", p->to);
		put_text(p->to, pipe->fifo);
	}
	put_mode(p->to, e->flags);
}

static void put_outside(FILE *to, const struct rec_outside *o)
{
	static const char *const kind_names[] = { "terminal", "pipe", "socket" };
	static const char *const standard[] = { "input", "output", "error" };

	fprintf(to, "%s ", o->kind < 3 ? kind_names[o->kind] : "unknown end");
	put_text(to, o->name);
	fprintf(to, " outside, becomes standard %s",
		o->fd < 3 ? standard[o->fd] : "(unknown)");
}

/* What its own kind says of it, the others' being left; NULL none. */
static const void *find_said(const struct survey *s, uint64_t id,
			     const struct kind **k)
{
	for (size_t row = 0; kinds[row]; row++) {
		const void *rec;

		if (!kinds[row]->open || !kinds[row]->describe)
			continue;
		rec = survey_find(s, kinds[row]->type, id);
		*k = kinds[row];
		if (rec)
			return rec;
	}
	return NULL;
}

static void put_open(const struct page *p, uint64_t id)
{
	const void *rec = survey_find(p->s, RECORD_FILE, id);
	const struct kind *k;

	if (rec) {
		put_file(p, rec);
	} else if ((rec = survey_find(p->s, RECORD_PIPE_END, id))) {
		put_pipe_end(p, rec);
	} else if ((rec = survey_find(p->s, RECORD_OUTSIDE, id))) {
		put_outside(p->to, rec);
	} else if ((rec = find_said(p->s, id, &k))) {
		k->describe(p->to, rec);
	} else {
		fprintf(p->to, "open %" PRIu64 ", which is missing", id);
	}
}

static void put_locks(FILE *to, const struct list *locks)
{
	static const char *const lock_names[] = {
		"fcntl", "OFD", "flock", "lease",
	};

	list_each(locks, const struct rec_lock, l) {
		fprintf(to, ", %s %s lock", l->write ? "exclusive" : "shared",
			l->kind < 4 ? lock_names[l->kind] : "unknown");
		if (l->kind != LOCK_WHOLE && (l->start || l->length))
			fprintf(to, " at %" PRIu64, l->start);
	}
}

static int by_open_and_fd(const void *a, const void *b)
{
	const struct rec_descriptor *x =
		*(const struct rec_descriptor *const *)a;
	const struct rec_descriptor *y =
		*(const struct rec_descriptor *const *)b;

	if (x->open != y->open)
		return x->open < y->open ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* The lowest descriptor that shares the description of @d. */
static uint32_t first_with(const struct rec_descriptor **sorted, size_t n,
			   const struct rec_descriptor *d)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (sorted[mid]->open < d->open)
			low = mid + 1;
		else
			high = mid;
	}
	return sorted[low]->fd;
}

static void describe_descriptors(const struct page *p, uint64_t pid)
{
	const struct survey_kind *k = survey_kind(p->s, RECORD_DESCRIPTOR);
	size_t n, at = survey_run(p->s, RECORD_DESCRIPTOR, pid, &n);
	const struct rec_descriptor **sorted = xcalloc(n + 1, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = k->records[at + i]->data;
	qsort(sorted, n, sizeof(*sorted), by_open_and_fd);
	for (size_t i = 0; i < n; i++) {
		const struct rec_descriptor *d = k->records[at + i]->data;
		uint32_t first = first_with(sorted, n, d);

		begin(p, i ? "" : "descriptors");
		fprintf(p->to, "%u  ", d->fd);
		if (first == d->fd)
			put_open(p, d->open);
		else
			fprintf(p->to, "the same as %u", first);
		if (d->cloexec)
			fputs(", closed on exec", p->to);
		put_locks(p->to, &d->locks);
		end(p);
	}
	free(sorted);
}

/* ---- signals and timers ---- */

static void describe_actions(const struct page *p, uint64_t pid)
{
	const struct rec_actions *rec = survey_find(p->s, RECORD_ACTIONS, pid);
	static const char *const whats[] = { "handled", "ignored" };

	for (int ignored = 0; rec && ignored < 2; ignored++) {
		bool any = false;

		list_each(&rec->actions, const struct rec_action, a) {
			if (!a->handler || (a->handler == 1) != ignored)
				continue;
			if (!any)
				begin(p, whats[ignored]);
			else
				fputc(' ', p->to);
			put_signal(p->to, a->signal);
			any = true;
		}
		if (any)
			end(p);
	}
}

static void put_pending(const struct page *p, const struct rec_pending *rec,
			uint64_t tid, bool first)
{
	begin(p, first ? "pending" : "");
	list_each(&rec->signals, const struct rec_siginfo, s) {
		uint32_t sig = 0;

		if (s->info.len >= sizeof(sig))
			memcpy(&sig, s->info.data, sizeof(sig));
		put_signal(p->to, sig);
		fputc(' ', p->to);
	}
	if (rec->shared)
		fputs("for the process\n", p->to);
	else
		fprintf(p->to, "for thread %" PRIu64 "\n", tid);
}

static void describe_pending(const struct page *p, const struct thread_ref *t,
			     size_t threads)
{
	const struct survey_kind *k = survey_kind(p->s, RECORD_PENDING);
	bool first = true;

	for (size_t i = 0; i < threads; i++) {
		size_t n, at = survey_run(p->s, RECORD_PENDING, t[i].rec->tid, &n);

		for (; n--; at++) {
			put_pending(p, k->records[at]->data, t[i].rec->tid, first);
			first = false;
		}
	}
}

static void put_due(FILE *to, uint64_t left_ns, uint64_t interval_ns)
{
	if (left_ns || !interval_ns) {
		fputs(left_ns ? "in " : "not armed", to);
		if (left_ns)
			put_seconds(to, left_ns);
	}
	if (interval_ns) {
		fputs(left_ns ? ", then every " : "every ", to);
		put_seconds(to, interval_ns);
	}
	fputc('\n', to);
}

static const char *clock_name(int32_t clock)
{
	static const char *const clocks[] = {
		"CLOCK_REALTIME", "CLOCK_MONOTONIC", "a process's CPU time",
		"a thread's CPU time", "CLOCK_MONOTONIC_RAW",
		"CLOCK_REALTIME_COARSE", "CLOCK_MONOTONIC_COARSE",
		"CLOCK_BOOTTIME", "CLOCK_REALTIME_ALARM",
		"CLOCK_BOOTTIME_ALARM", "an unknown clock", "CLOCK_TAI",
	};

	if (clock < 0)
		return "CPU time";
	return clock < 12 ? clocks[clock] : "an unknown clock";
}

static void describe_timers(const struct page *p, uint64_t pid)
{
	static const char *const intervals[] = {
		"ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF",
	};
	const struct rec_timers *rec = survey_find(p->s, RECORD_TIMERS, pid);
	const char *what = "timers";

	if (!rec)
		return;
	list_each(&rec->itimers, const struct rec_itimer, i) {
		begin(p, what);
		fprintf(p->to, "%s ", i->which < 3 ? intervals[i->which] :
			"unknown");
		put_due(p->to, i->value_us * 1000, i->interval_us * 1000);
		what = "";
	}
	list_each(&rec->timers, const struct rec_timer, t) {
		begin(p, what);
		fprintf(p->to, "%u of %s ", t->id, clock_name(t->clock));
		put_due(p->to, t->value_ns, t->interval_ns);
		what = "";
	}
}

/* ---- the tree ---- */

static void put_state(FILE *to, const struct rec_process *proc)
{
	int status = proc->exit;

	if (proc->zombie && WIFSIGNALED(status)) {
		fputs(", a zombie, killed by ", to);
		put_signal(to, WTERMSIG(status));
	} else if (proc->zombie) {
		fprintf(to, ", a zombie, exit status %d", WEXITSTATUS(status));
	} else if (proc->stopped) {
		fputs(", stopped", to);
	}
}

static void describe_process(struct page *p, uint64_t pid,
			     const struct rec_process *proc,
			     const struct list *threads)
{
	size_t n;
	const struct thread_ref *t = threads_of(threads, pid, &n);

	fprintf(p->to, "\n%*sprocess %" PRIu64 " (", p->indent, "", pid);
	put_text(p->to, proc->name);
	fputc(')', p->to);
	put_state(p->to, proc);
	end(p);
	p->indent += STEP;
	describe_place(p, proc);
	if (!proc->zombie) {
		describe_creds(p, t, n);
		describe_threads(p, t, n);
		describe_memory(p, pid);
		describe_descriptors(p, pid);
		describe_actions(p, pid);
		describe_pending(p, t, n);
		describe_timers(p, pid);
	}
	p->indent -= STEP;
}

/* A process that is to be described, and how deep below the top. */
struct walk {
	size_t at;		/* in the records of processes */
	int depth;
};

struct child {
	uint64_t parent;
	size_t at;
};

static int by_parent_descending(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return x->at > y->at ? -1 : x->at < y->at;
}

/* The walk takes the last of its list first: so the first child goes last. */
static void add_children(struct list *todo, const struct child *kids, size_t n,
			 uint64_t parent, int depth)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (kids[mid].parent < parent)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < n && kids[low].parent == parent; low++)
		*(struct walk *)list_add(todo, sizeof(struct walk)) =
			(struct walk){ kids[low].at, depth };
}

static void walk_from(FILE *to, const struct survey *s, struct list *todo,
		      const struct child *kids, bool *done,
		      const struct list *threads)
{
	const struct survey_kind *k = survey_kind(s, RECORD_PROCESS);

	while (todo->n) {
		struct walk w = *list_at(todo, struct walk, --todo->n);
		int steps = w.depth < STEPS_MAX ? w.depth : STEPS_MAX;
		struct page p = { to, s, STEP * steps };

		if (done[w.at])
			continue;
		done[w.at] = true;
		describe_process(&p, k->records[w.at]->id,
				 k->records[w.at]->data, threads);
		add_children(todo, kids, k->n, k->records[w.at]->id,
			     w.depth + 1);
	}
}

/* From each top down; then what hangs below nothing. */
static void describe_tree(FILE *to, const struct survey *s)
{
	const struct survey_kind *k = survey_kind(s, RECORD_PROCESS);
	struct child *kids = xcalloc(k->n + 1, sizeof(*kids));
	bool *done = xcalloc(k->n + 1, sizeof(*done));
	struct list threads = sort_threads(s), todo = { 0 };

	for (size_t i = 0; i < k->n; i++) {
		const struct rec_process *proc = k->records[i]->data;

		kids[i] = (struct child){ proc->parent, i };
	}
	qsort(kids, k->n, sizeof(*kids), by_parent_descending);
	add_children(&todo, kids, k->n, 0, 0);
	walk_from(to, s, &todo, kids, done, &threads);
	for (size_t i = 0; i < k->n; i++) {
		*(struct walk *)list_add(&todo, sizeof(struct walk)) =
			(struct walk){ i, 0 };
		walk_from(to, s, &todo, kids, done, &threads);
	}
	list_free(&todo);
	list_free(&threads);
	free(done);
	free(kids);
}

/* ---- what processes share ---- */

/* A headline before the first of what follows. */
static void headline(FILE *to, bool *said, const char *text)
{
	if (!*said)
		fprintf(to, "\n%s\n", text);
	*said = true;
}

static void describe_pipes(const struct page *p)
{
	const struct survey_kind *k = survey_kind(p->s, RECORD_PIPE);
	bool said = false;

	for (size_t i = 0; i < k->n; i++) {
		const struct rec_pipe *pipe = k->records[i]->data;

		headline(p->to, &said, "pipes inside the tree");
		fprintf(p->to, "  %-10" PRIu64, k->records[i]->id);
		if (pipe->fifo) {
			fputs("FIFO ", p->to);
			put_text(p->to, pipe->fifo);
			fputs(", ", p->to);
		}
		put_count(p->to, pipe->data.len, "byte");
		fputs(" waiting", p->to);
		if (pipe->packets.n) {
			fputs(" in ", p->to);
			put_count(p->to, pipe->packets.n, "packet");
		}
		fputs(", room for ", p->to);
		put_size(p->to, pipe->capacity);
		end(p);
	}
}

static void describe_terminals(const struct page *p)
{
	const struct survey_kind *k = survey_kind(p->s, RECORD_TERMINAL);
	bool said = false;

	for (size_t i = 0; i < k->n; i++) {
		const struct rec_terminal *t = k->records[i]->data;

		headline(p->to, &said, "terminals");
		fputs("  ", p->to);
		put_text(p->to, t->name);
		fprintf(p->to, ", %u columns, %u rows", t->columns, t->rows);
		if (t->session)
			fprintf(p->to, ", of session %" PRIu64 " with group %"
				PRIu64 " in its foreground", t->session,
				t->foreground);
		end(p);
	}
}

static void describe_objects(const struct page *p)
{
	const struct survey_kind *k = survey_kind(p->s, RECORD_OBJECT);
	bool said = false;

	for (size_t i = 0; i < k->n; i++) {
		const struct rec_object *o = k->records[i]->data;

		headline(p->to, &said, "memory and files that travel whole");
		fputs("  ", p->to);
		put_object(p->to, o);
		fputs(", ", p->to);
		put_size(p->to, o->size);
		fputs(", ", p->to);
		put_pages(p->to, k->pages[i]);
		end(p);
	}
}

/* ---- what it needs here ---- */

/* One use of a path, in words; those of one path are said together. */
struct need {
	const char *path;
	const char *how;
	const struct rec_file *file;	/* a regular file, else NULL */
};

static void add_need(struct list *needs, const char *path, const char *how,
		     const struct rec_file *file)
{
	if (path && *path)
		*(struct need *)list_add(needs, sizeof(struct need)) =
			(struct need){ path, how, file };
}

static bool may_change(const struct rec_file *file)
{
	return !file->mapped && (file->flags & O_ACCMODE) != O_RDONLY;
}

static const char *use_of_file(const struct rec_file *file)
{
	if (file->kind == FILE_DIRECTORY)
		return "directory";
	if (file->kind != FILE_REGULAR)
		return "device";
	return file->mapped ? "mapped" : may_change(file) ? "written" : "read";
}

static void need_files(struct list *needs, const struct survey *s)
{
	const struct survey_kind *k = survey_kind(s, RECORD_FILE);

	for (size_t i = 0; i < k->n; i++) {
		const struct rec_file *file = k->records[i]->data;

		if (file->kind != FILE_OBJECT)
			add_need(needs, file->path, use_of_file(file),
				 file->kind == FILE_REGULAR ? file : NULL);
	}
	k = survey_kind(s, RECORD_SPACE);
	for (size_t i = 0; i < k->n; i++) {
		const struct rec_space *space = k->records[i]->data;
		const struct rec_file *file =
			survey_find(s, RECORD_FILE, space->exe);

		if (file && file->kind != FILE_OBJECT)
			add_need(needs, file->path, "executable", file);
	}
}

static void need_others(struct list *needs, const struct survey *s)
{
	const struct survey_kind *k = survey_kind(s, RECORD_PIPE);

	for (size_t i = 0; i < k->n; i++) {
		const struct rec_pipe *pipe = k->records[i]->data;

		add_need(needs, pipe->fifo, "FIFO", NULL);
	}
	k = survey_kind(s, RECORD_PROCESS);
	for (size_t i = 0; i < k->n; i++) {
		const struct rec_process *proc = k->records[i]->data;

		if (!proc->cwd_object)
			add_need(needs, proc->cwd, "working directory",
				 NULL);
		if (proc->root)
			add_need(needs, proc->root, "root directory", NULL);
	}
}

static int by_path_and_how(const void *a, const void *b)
{
	const struct need *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c ? c : strcmp(x->how, y->how);
}

/* As migrate-restore compares it: see file.c. */
static void put_condition(FILE *to, const struct need *n, size_t same)
{
	const struct rec_file *fixed = NULL, *grows = NULL;

	for (size_t i = 0; i < same; i++)
		if (n[i].file && may_change(n[i].file))
			grows = n[i].file;
		else if (n[i].file)
			fixed = n[i].file;
	if (fixed)
		fputs(", the same ", to);
	else if (grows && grows->size)
		fputs(", at least ", to);
	if (fixed || (grows && grows->size))
		put_count(to, fixed ? fixed->size : grows->size, "byte");
	if ((fixed && fixed->carried) || (!fixed && grows && grows->carried))
		fputs(", or what the stream carries", to);
}

static void describe_needs(const struct page *p)
{
	struct list needs = { 0 };
	const struct need *n;
	bool said = false;

	need_files(&needs, p->s);
	need_others(&needs, p->s);
	if (needs.n)
		list_sort(&needs, sizeof(*n), by_path_and_how);
	n = needs.items;
	for (size_t i = 0, same; i < needs.n; i += same) {
		headline(p->to, &said, "what it needs where it goes");
		fputs("  ", p->to);
		put_text(p->to, n[i].path);
		fprintf(p->to, "  %s", n[i].how);
		for (same = 1; i + same < needs.n &&
		     !strcmp(n[i].path, n[i + same].path); same++)
			if (strcmp(n[i + same - 1].how, n[i + same].how))
				fprintf(p->to, ", %s", n[i + same].how);
		put_condition(p->to, &n[i], same);
		end(p);
	}
	list_free(&needs);
}

/* ---- sums ---- */

/* "lz4  12 runs, 640 pages: 2.5 MiB in 870.3 KiB" */
static void describe_codings(const struct page *p)
{
	for (size_t i = 0; i < CODINGS; i++) {
		const struct survey_coding *c = &p->s->codings[i];

		if (!c->runs)
			continue;
		fprintf(p->to, "  %-6s ", stream_codings[i]);
		put_count(p->to, c->runs, "run");
		fputs(", ", p->to);
		put_count(p->to, c->pages, "page");
		fputs(": ", p->to);
		put_size(p->to, c->pages * STREAM_PAGE);
		fputs(" in ", p->to);
		put_size(p->to, c->bytes);
		fputc('\n', p->to);
	}
}

static void describe_totals(const struct page *p, const struct stream_end *t)
{
	fputs("\nin all\n  ", p->to);
	put_count(p->to, survey_kind(p->s, RECORD_PROCESS)->n, "process");
	fputs(", ", p->to);
	put_count(p->to, survey_kind(p->s, RECORD_THREAD)->n, "thread");
	fputs(", ", p->to);
	put_count(p->to, survey_kind(p->s, RECORD_MAPPING)->n, "mapping");
	fputs(", ", p->to);
	put_count(p->to, survey_kind(p->s, RECORD_DESCRIPTOR)->n, "descriptor");
	fputs("\n  ", p->to);
	put_size(p->to, t->bytes);
	fputs(": ", p->to);
	put_count(p->to, t->records, "record");
	fputs(", ", p->to);
	put_count(p->to, t->pages, "page");
	fputs(" in ", p->to);
	put_count(p->to, t->runs, "run");
	end(p);
	describe_codings(p);
	if (p->s->strays) {
		fputs("  ", p->to);
		put_count(p->to, p->s->strays, "page");
		fputs(" of nothing in the stream: it cannot be restored\n",
		      p->to);
	}
}

void describe_text(FILE *to, const struct survey *s,
		   const struct stream_end *totals)
{
	struct page p = { to, s, 0 };

	describe_header(&p);
	describe_tree(to, s);
	describe_pipes(&p);
	describe_terminals(&p);
	describe_objects(&p);
	describe_needs(&p);
	describe_totals(&p, totals);
}

/* ---- the map ---- */

static void put_permissions(FILE *to, const struct rec_mapping *m)
{
	fprintf(to, "%c%c%c%c", m->prot & PROT_READ ? 'r' : '-',
		m->prot & PROT_WRITE ? 'w' : '-',
		m->prot & PROT_EXEC ? 'x' : '-', m->flags & VMF_MS ? 's' : 'p');
}

static void map_line(FILE *to, const struct rec_mapping *m,
		     struct survey_pages sent)
{
	fprintf(to, "%012" PRIx64 "-%012" PRIx64 " ", m->start, m->end);
	put_permissions(to, m);
	fprintf(to, " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "  ",
		(m->end - m->start) / STREAM_PAGE, sent.pages, sent.zeros);
	if (m->kind == MAPPING_OBJECT)
		fprintf(to, "object %" PRIu64 " ", OBJECT_NUMBER(m->source));
	put_text_or(to, m->name, "(anonymous)");
	fputc('\n', to);
}

static void map_heading(FILE *to, const char *what, const char *perms)
{
	fprintf(to, "%-25s %4s %10s %10s %10s  %s\n", what, perms, "pages",
		"sent", "as zeros", "of");
}

static void map_space(FILE *to, const struct survey *s, uint64_t pid)
{
	const struct survey_kind *k = survey_kind(s, RECORD_MAPPING);
	const struct rec_process *proc = survey_find(s, RECORD_PROCESS, pid);
	size_t n, at = survey_run(s, RECORD_MAPPING, pid, &n);

	fprintf(to, "process %" PRIu64 " (", pid);
	put_text_or(to, proc ? proc->name : NULL, "(missing)");
	fputs(")\n", to);
	map_heading(to, "addresses", "");
	for (size_t i = at; i < at + n; i++)
		map_line(to, k->records[i]->data, k->pages[i]);
	fputc('\n', to);
}

static void map_objects(FILE *to, const struct survey *s)
{
	const struct survey_kind *k = survey_kind(s, RECORD_OBJECT);

	if (!k->n)
		return;
	fputs("memory and files that travel whole\n", to);
	map_heading(to, "object", "");
	for (size_t i = 0; i < k->n; i++) {
		const struct rec_object *o = k->records[i]->data;

		fprintf(to, "%-25" PRIu64 "      %10" PRIu64 " %10" PRIu64
			" %10" PRIu64 "  ", OBJECT_NUMBER(k->records[i]->id),
			o->size / STREAM_PAGE + (o->size % STREAM_PAGE != 0),
			k->pages[i].pages, k->pages[i].zeros);
		put_object(to, o);
		fputc('\n', to);
	}
	fputc('\n', to);
}

void describe_map(FILE *to, const struct survey *s)
{
	const struct survey_kind *k = survey_kind(s, RECORD_SPACE);

	for (size_t i = 0; i < k->n; i++)
		map_space(to, s, k->records[i]->id);
	map_objects(to, s);
}

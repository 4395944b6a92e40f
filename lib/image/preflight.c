/* SPDX-License-Identifier: MIT */
/*
 * preflight.c - what the other end would object to, asked before the freeze
 *
 * The same functions look at files, users and the processor as will when the
 * stream comes; so what they say then is what they say now.  Lines of the
 * answer:
 *
 *	sojourn-answer 1 HOST KERNEL
 *	obstacle TEXT
 *	note TEXT
 *	end
 */
#include "image/preflight.h"

#include "image/mounts.h"
#include "image/pids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/io.h"
#include "image/processor.h"
#include "image/thread.h"

#define KIND "look"
#define GREETING "sojourn-answer 1 "

/* ---- here: the records ---- */

static int look_threads(struct capture *c, struct source *s)
{
	struct list tids = { 0 };

	if (proc_threads(s->pid, &tids) < 0)
		return -1;
	list_each(&tids, pid_t, tid) {
		struct source_task t = { 0 };
		struct rec_thread *rec;

		if (proc_status(s->pid, *tid, &t.status) < 0)
			continue;	/* it has ended */
		t.id = pids_id(c, &t.status, *tid);
		rec = image_add(&c->image, RECORD_THREAD, t.id);
		rec->tid = t.id;
		rec->pid = s->id;
		rec->creds = creds_of(c, &t, 0);
		proc_status_free(&t.status);
	}
	list_free(&tids);
	return 0;
}

static int look_files(struct capture *c, struct source *s, struct failure *f)
{
	struct failure gone = { 0 };

	if (!file_for_exe(c, s, f))
		return -1;
	list_each(&s->maps, struct proc_map, m)
		if (m->path[0] == '/' && !m->deleted && m->ino &&
		    !(m->flags & (VMF_IO | VMF_PF)) &&
		    strcmp(m->path, "/dev/zero"))
			file_for_mapping(c, s, m, m->flags & VMF_MS &&
					 m->flags & VMF_MW, &gone);
	list_each(&s->fds, struct source_fd, fd)
		if (fd_kind_file.claims(fd) && !fd->deleted &&
		    fd->link[0] == '/')
			fd_kind_file.capture(c, s, fd, c->next_open++, &gone);
	return 0;
}

static int look_process(struct capture *c, struct source *s, struct failure *f)
{
	struct rec_process *p = image_add(&c->image, RECORD_PROCESS, s->id);

	p->pid = s->id;
	p->parent = s->parent ? capture_id(c, s->parent) : 0;
	p->name = xstrdup(s->status.name);
	p->zombie = s->zombie;
	if (s->zombie)
		return 0;
	p->cwd = proc_link(s->via, "cwd");
	/* It runs while we look: one that has ended now is none to object to. */
	if (!p->cwd && (errno == ENOENT || errno == ESRCH)) {
		p->zombie = true;
		return 0;
	}
	if (!p->cwd || look_threads(c, s) < 0)
		return fail_errno(f, 0, "cannot look at process %d", s->pid);
	return look_files(c, s, f);
}

/* What is mounted in a namespace of the tree alone is not asked for there; what
 * is as outside is looked for as outside. */
static void forget_inner(struct capture *c)
{
	image_each(&c->image, RECORD_FILE, struct rec_file, file) {
		const struct mount_space *space =
			mounts_with_id(c, file->mounts);

		if (space && !mounts_kept(space, file->path)) {
			free(file->path);
			file->path = xstrdup("/");
			file->kind = FILE_DIRECTORY;
			file->flags = O_DIRECTORY;
			file->mode = S_IFDIR;
			file->carried = 0;
		}
		file->mounts = 0;
	}
}

int preflight_record(struct capture *c, struct failure *f)
{
	struct source *top = list_at(&c->sources, struct source, 0);

	list_each(&c->sources, struct source, s)
		if (look_process(c, s, f) < 0)
			return -1;
	if (kind_carried.capture(c, top, f) < 0)
		return -1;
	forget_inner(c);
	capture_header(c);
	namespaces_leave(c);	/* the other end is asked from here */
	return 0;
}

int preflight_write(struct capture *c, int fd, struct failure *f)
{
	struct stream_out *out = stream_out_new(fd);
	int rc;

	free(c->image.header.kind);
	c->image.header.kind = xstrdup(KIND);
	rc = image_write(&c->image, out, f) < 0 ? -1 : stream_put_end(out, f);
	stream_out_free(out);
	return rc;
}

/* ---- there: what is against it ---- */

static void put_line(FILE *to, const char *what, const char *text)
{
	fprintf(to, "%s ", what);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 127 ? '?' : *text,
		      to);
	fputc('\n', to);
}

/* Each says by itself what is wrong; a failure of one is one more line. */
static void verify_row(struct restore *r, const struct kind *k)
{
	struct failure f = { 0 };

	if (k->verify(r, &f) < 0)
		differs_add(r, "%s", f.text);
}

static uint64_t meminfo(const char *text, const char *name)
{
	const char *at = text ? strstr(text, name) : NULL;

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

static void judge_memory(struct restore *r)
{
	char *text = read_file("/proc/meminfo", NULL);
	uint64_t there = meminfo(text, "MemAvailable:") +
			 meminfo(text, "SwapFree:");
	uint64_t wanted = r->image.header.resident;

	free(text);
	if (there && wanted > there)
		differs_add(r, "the program has %llu MiB in memory, and there "
			    "are %llu MiB free: free some, or add swap",
			    (unsigned long long)(wanted >> 20),
			    (unsigned long long)(there >> 20));
}

/* 0 and 1 tell; anything else does not. */
static bool is_zero(const char *path)
{
	char *text = read_file(path, NULL);
	bool zero = text && strtol(text, NULL, 10) == 0;

	free(text);
	return zero;
}

static void judge_pids(struct restore *r)
{
	bool forbidden = is_zero("/proc/sys/user/max_user_namespaces") ||
			 is_zero("/proc/sys/kernel/unprivileged_userns_clone");
	uint64_t pid;

	if (geteuid() != 0) {
		if (forbidden)
			differs_add(r, "only root may choose PIDs, and user "
				    "namespaces are forbidden to others: "
				    "restore it as root, or allow them "
				    "(user.max_user_namespaces, "
				    "kernel.unprivileged_userns_clone)");
		else
			warning_add(r, "only root may choose PIDs: the program "
				    "gets a PID namespace");
		return;
	}
	pid = restore_same_boot(r) ? 0 : restore_first_taken(r);
	if (pid)
		warning_add(r, "PID %llu is taken: the program gets a PID "
			    "namespace", (unsigned long long)pid);
}

static void judge_clocks(struct restore *r)
{
	if (!restore_same_boot(r) && access("/proc/self/ns/time", F_OK) < 0)
		warning_add(r, "no time namespaces: waits until a moment of the "
			    "monotonic clock end at the wrong one");
	policy_clock(r);
}

static int read_look(struct restore *r, struct stream_in *in, struct failure *f)
{
	const struct stream_header *h = &r->image.header;
	struct stream_item item;
	int more = image_read(&r->image, in, &item, f);

	if (more < 0)
		return -1;
	if (more || !h->kind || strcmp(h->kind, KIND))
		return fail(f, STATUS_STREAM, "this is no look of migrate-check");
	return 0;
}

static void judge_machine(struct restore *r, const struct utsname *u)
{
	const char *arch = r->image.header.arch;

	if (!arch || strcmp(arch, u->machine))
		differs_add(r, "the program comes from a machine of another "
			    "architecture (%s, this is %s)",
			    arch ? arch : "unknown", u->machine);
	else
		processor_check(r);
}

int preflight_judge(struct restore *r, struct stream_in *in, FILE *to,
		    struct failure *f)
{
	struct utsname u;

	uname(&u);
	if (read_look(r, in, f) < 0)
		return -1;
	if (policy_apply(r, f) < 0) {
		if (f->status != STATUS_DIFFERS)
			return -1;
		differs_add(r, "%s", f->text);
		*f = (struct failure){ 0 };
	}
	judge_machine(r, &u);
	verify_row(r, &kind_process);
	verify_row(r, &kind_creds);
	verify_row(r, &kind_carried);
	verify_row(r, &kind_file);
	judge_memory(r);
	judge_pids(r);
	judge_clocks(r);
	fprintf(to, GREETING "%s %s\n", u.nodename, u.release);
	list_each(&r->differs, char *, d)
		put_line(to, "obstacle", *d);
	list_each(&r->warnings, char *, w)
		put_line(to, "note", *w);
	fputs("end\n", to);
	return fflush(to) == 0 ? 0 :
		fail_errno(f, STATUS_IO, "standard output");
}

/* ---- here: the answer ---- */

static const char *after(const char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) ? NULL : line + n;
}

static void greeted(struct answer *a, const char *text)
{
	size_t n = strcspn(text, " ");

	free(a->host);
	free(a->kernel);
	a->host = xasprintf("%.*s", (int)n, text);
	a->kernel = xstrdup(text[n] ? text + n + 1 : "");
}

void preflight_read(FILE *from, struct answer *a)
{
	char *line = NULL;
	const char *text;
	size_t room = 0;

	while (getline(&line, &room, from) > 0 && !a->whole) {
		line[strcspn(line, "\n")] = '\0';
		if ((text = after(line, GREETING)))
			greeted(a, text);
		else if (a->host && (text = after(line, "obstacle ")))
			*(char **)list_add(&a->obstacles, sizeof(char *)) =
				xstrdup(text);
		else if (a->host && (text = after(line, "note ")))
			*(char **)list_add(&a->notes, sizeof(char *)) =
				xstrdup(text);
		else if (a->host && !strcmp(line, "end"))
			a->whole = true;
	}
	free(line);
}

static void texts_free(struct list *l)
{
	list_each(l, char *, text)
		free(*text);
	list_free(l);
}

void answer_free(struct answer *a)
{
	texts_free(&a->obstacles);
	texts_free(&a->notes);
	free(a->host);
	free(a->kernel);
	*a = (struct answer){ 0 };
}

/* SPDX-License-Identifier: MIT */
/*
 * space.c - an address space without its mappings: where code, data, heap,
 * stack, arguments and environment are, the auxiliary vector, the executable
 *
 * Contract of PR_SET_MM_MAP: prctl(2); it needs no privilege, except that the
 * executable can be set only where the caller may (kernel/sys.c).
 */
#include <elf.h>
#include <errno.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/restore.h"

static const struct field fields[] = {
	FIELD(struct rec_space, brk, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, exe, FIELD_UINT),
	FIELD(struct rec_space, auxv, FIELD_BLOB, .max = 4096),
	FIELD(struct rec_space, vdso, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, arg_end, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, env_end, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, end_code, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, end_data, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, arg_start, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, env_start, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, start_brk, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, start_code, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, start_data, FIELD_UINT, .hex = true),
	FIELD(struct rec_space, lock_future, FIELD_UINT),
	FIELD(struct rec_space, start_stack, FIELD_UINT, .hex = true),
};

static const struct schema schema = SCHEMA("address space", struct rec_space, fields);

/* ---- capture ---- */

static void ask(struct capture *c, struct source *s, struct source_task *t,
		struct batch *b)
{
	(void)c;
	if (t == source_leader(s))
		batch_add(b, NULL, SYS_brk);
}

static int read_auxv(struct source *s, struct blob *auxv, struct failure *f)
{
	uint64_t words[512];
	size_t n;

	if (proc_auxv(s->via, words, 512, &n) < 0)
		return fail_errno(f, 0, "cannot read the auxiliary vector of "
				  "process %d", s->pid);
	auxv->len = n * sizeof(uint64_t);
	auxv->data = xmalloc(auxv->len);
	memcpy(auxv->data, words, auxv->len);
	return 0;
}

/* Bytes locked in memory: VmLck in /proc/PID/status. */
static uint64_t locked_now(const struct source *s)
{
	char path[64], *text, *at;
	uint64_t kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", s->via);
	text = read_file_proc(path);
	at = text ? strstr(text, "\nVmLck:") : NULL;
	if (at)
		kib = strtoull(at + 7, NULL, 10);
	free(text);
	return kib * 1024;
}

/*
 * Whether new mappings are locked is told nowhere, but our work area is a new
 * mapping: it is locked then.
 */
static uint32_t locks_future(const struct source *s)
{
	struct list maps = { 0 };
	uint64_t before = 0;
	uint32_t flags = 0;

	list_each(&s->maps, struct proc_map, m)
		if (m->flags & VMF_LO)
			before += m->end - m->start;
	if (locked_now(s) <= before || proc_maps(s->via, true, &maps) < 0)
		return 0;
	list_each(&maps, struct proc_map, m)
		if (m->start <= s->strings.work && s->strings.work < m->end &&
		    m->flags & VMF_LO)
			flags = MCL_FUTURE |
				(m->flags & VMF_LF ? MCL_ONFAULT : 0);
	proc_maps_free(&maps);
	return flags;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct proc_stat seen = s->stat, *st = &seen;
	struct rec_space *rec;

	if (s->zombie)
		return 0;
	if (s->via != s->pid && proc_stat(s->pid, s->via, st) < 0)
		return fail_errno(f, 0, "cannot look at process %d", s->pid);
	rec = image_add(&c->image, RECORD_SPACE, s->id);
	rec->start_code = st->start_code;
	rec->end_code = st->end_code;
	rec->start_data = st->start_data;
	rec->end_data = st->end_data;
	rec->start_brk = st->start_brk;
	rec->start_stack = st->start_stack;
	rec->arg_start = st->arg_start;
	rec->arg_end = st->arg_end;
	rec->env_start = st->env_start;
	rec->env_end = st->env_end;
	rec->vdso = s->strings.vdso;
	rec->lock_future = locks_future(s);
	rec->brk = task_ret(source_leader(s), &kind_space, 0);
	if (read_auxv(s, &rec->auxv, f) < 0)
		return -1;
	rec->exe = file_for_exe(c, s, f);
	return rec->exe ? 0 : -1;
}

/* ---- restore ---- */

static bool in_order(uint64_t start, uint64_t end)
{
	return start >= STREAM_PAGE && start <= end && end < TASK_END;
}

/* What the kernel wants of them, too: kernel/sys.c, validate_prctl_map_addr(). */
static bool places_sound(const struct rec_space *s)
{
	return in_order(s->start_code, s->end_code) &&
	       in_order(s->start_data, s->end_data) &&
	       in_order(s->start_brk, s->brk) &&
	       in_order(s->arg_start, s->arg_end) &&
	       in_order(s->env_start, s->env_end) &&
	       in_order(s->start_stack, s->start_stack);
}

static int unsound(uint64_t pid, const char *what, struct failure *f)
{
	return fail(f, STATUS_STREAM, "the address space of process %llu has %s",
		    (unsigned long long)pid, what);
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_SPACE, struct rec_space, s) {
		if (!places_sound(s))
			return unsound(s_r->id, "impossible places for code, "
				       "data, heap, stack or arguments", f);
		if (s->auxv.len % sizeof(Elf64_auxv_t))
			return unsound(s_r->id, "a broken auxiliary vector", f);
		if (s->vdso && (s->vdso % STREAM_PAGE ||
				!in_order(s->vdso, s->vdso)))
			return unsound(s_r->id, "an impossible place for the "
				       "vDSO", f);
		if (!image_find(&r->image, RECORD_FILE, s->exe))
			return unsound(s_r->id, "an executable that the stream "
				       "does not have", f);
	}
	image_each(&r->image, RECORD_PROCESS, struct rec_process, p)
		if (!p->zombie && !image_find(&r->image, RECORD_SPACE, p->pid))
			return fail(f, STATUS_STREAM,
				    "process %llu has no address space",
				    (unsigned long long)p->pid);
	return 0;
}

static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	const struct rec_space *s = p->space;
	struct prctl_mm_map map = {
		.start_code = s->start_code, .end_code = s->end_code,
		.start_data = s->start_data, .end_data = s->end_data,
		.start_brk = s->start_brk, .brk = s->brk,
		.start_stack = s->start_stack,
		.arg_start = s->arg_start, .arg_end = s->arg_end,
		.env_start = s->env_start, .env_end = s->env_end,
		.auxv_size = s->auxv.len, .exe_fd = -1,
	};
	struct batch *b = puppet_queue(p, f);

	if (!b)
		return -1;
	map.auxv = (void *)batch_data(b, s->auxv.data, s->auxv.len);
	map.exe_fd = file_fd(r, s->exe);
	/* puppets_finish() tells if it cannot be set. */
	batch_note(b, batch_add(b, NULL, SYS_prctl, PR_SET_MM, PR_SET_MM_MAP,
				batch_data(b, &map, sizeof(map)), sizeof(map)),
		   &p->exe);
	map.exe_fd = -1;
	batch_add(b, "set the places of code, heap and stack", SYS_prctl,
		  PR_SET_MM, PR_SET_MM_MAP, batch_data(b, &map, sizeof(map)),
		  sizeof(map));
	if (s->lock_future)
		batch_add(b, "lock what is mapped in future", SYS_mlockall,
			  s->lock_future & (MCL_FUTURE | MCL_ONFAULT));
	return 0;
}

const struct kind kind_space = {
	.type = RECORD_SPACE, .schema = &schema, .unique = true,
	.ask = ask, .capture = capture, .verify = verify, .settle = settle,
};

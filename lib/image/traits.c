/* SPDX-License-Identifier: MIT */
/*
 * traits.c - settings of prctl(2) that hardly anybody has: a record is made of
 * a thread only if it has one of them
 *
 * They are what a program gave up on purpose (to have memory that is written
 * and executed, to speculate, to read the time stamp counter) or asked of the
 * kernel's memory management.  What is of a process as a whole is in the record
 * of its leading thread.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "image/capture.h"
#include "image/restore.h"

/* Newer than the headers, or of <asm/prctl.h>. */
#define SET_SPECULATION		53
#define GET_SPECULATION		52
#define SET_IO_FLUSHER		57
#define GET_IO_FLUSHER		58
#define SET_MDWE		65
#define GET_MDWE		66
#define SET_MEMORY_MERGE	67
#define GET_MEMORY_MERGE	68
#define GET_CPUID		0x1011
#define SET_CPUID		0x1012

#define SPECULATIONS	3	/* store bypass, indirect branch, L1D flush */
#define SPEC_PRCTL	1	/* may be set by a thread for itself */
#define SPEC_ENABLE	2
#define SPEC_CHOICES	31	/* enable, disable, for good, until exec */
#define MCE_DEFAULT	2

static const struct field fields[] = {
	FIELD(struct rec_traits, mce, FIELD_UINT),
	FIELD(struct rec_traits, tsc, FIELD_UINT),
	FIELD(struct rec_traits, mdwe, FIELD_UINT, .hex = true),
	FIELD(struct rec_traits, merge, FIELD_BOOL),
	FIELD(struct rec_traits, no_cpuid, FIELD_BOOL),
	FIELD(struct rec_traits, io_flusher, FIELD_BOOL),
	FIELD(struct rec_traits, speculation, FIELD_WORDS, .max = SPECULATIONS),
};
static const struct schema schema = SCHEMA("traits", struct rec_traits, fields);

/* ---- capture ---- */

enum { ASK_SPECULATION, ASK_CPUID = SPECULATIONS, ASK_MDWE, ASK_MERGE,
       ASK_IO_FLUSHER, ASK_MCE };

static void ask(struct capture *c, struct source *s, struct source_task *t,
		struct batch *b)
{
	uint64_t tsc = batch_data(b, NULL, sizeof(int));

	(void)c;
	for (int i = 0; i < SPECULATIONS; i++)
		batch_add(b, NULL, SYS_prctl, GET_SPECULATION, i);
	batch_add(b, NULL, SYS_arch_prctl, GET_CPUID);
	if (t == source_leader(s)) {
		batch_add(b, NULL, SYS_prctl, GET_MDWE);
		batch_add(b, NULL, SYS_prctl, GET_MEMORY_MERGE);
		batch_add(b, NULL, SYS_prctl, GET_IO_FLUSHER);
		batch_add(b, NULL, SYS_prctl, PR_MCE_KILL_GET);
	}
	batch_add(b, NULL, SYS_prctl, PR_GET_TSC, tsc);
}

/* Its choice, where it has one and has chosen; 0 as everybody. */
static uint64_t choice(int64_t ret)
{
	if (ret < 0 || !(ret & SPEC_PRCTL) || ret & SPEC_ENABLE)
		return 0;
	return ret & SPEC_CHOICES & ~SPEC_PRCTL;
}

static void of_thread(const struct source_task *t, struct rec_traits *rec)
{
	uint64_t chosen[SPECULATIONS], any = 0;

	for (int i = 0; i < SPECULATIONS; i++) {
		chosen[i] = choice(task_ret(t, &kind_traits,
					    ASK_SPECULATION + i));
		any |= chosen[i];
	}
	for (int i = 0; any && i < SPECULATIONS; i++)
		*(uint64_t *)list_add(&rec->speculation, 8) = chosen[i];
	rec->no_cpuid = task_ret(t, &kind_traits, ASK_CPUID) == 0;
	rec->tsc = *(const int *)task_data(t, &kind_traits);
	if (rec->tsc != PR_TSC_SIGSEGV)
		rec->tsc = 0;
}

static void of_process(const struct source_task *t, struct rec_traits *rec)
{
	int64_t mdwe = task_ret(t, &kind_traits, ASK_MDWE);
	int64_t mce = task_ret(t, &kind_traits, ASK_MCE);

	rec->mdwe = mdwe > 0 ? mdwe : 0;
	rec->merge = task_ret(t, &kind_traits, ASK_MERGE) == 1;
	rec->io_flusher = task_ret(t, &kind_traits, ASK_IO_FLUSHER) == 1;
	rec->mce = mce >= 0 && mce < MCE_DEFAULT ? mce + 1 : 0;
}

static bool is_ordinary(const struct rec_traits *rec)
{
	return !rec->speculation.n && !rec->no_cpuid && !rec->tsc &&
	       !rec->mdwe && !rec->merge && !rec->io_flusher && !rec->mce;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	(void)f;
	list_each(&s->tasks, struct source_task, t) {
		struct rec_traits rec = { 0 };

		of_thread(t, &rec);
		if (t == source_leader(s))
			of_process(t, &rec);
		if (!is_ordinary(&rec))
			*(struct rec_traits *)image_add(&c->image, RECORD_TRAITS,
							t->id) = rec;
	}
	return 0;
}

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_TRAITS, struct rec_traits, t) {
		bool sound = t->mce <= MCE_DEFAULT && t->mdwe <= 3 &&
			(!t->tsc || t->tsc == PR_TSC_SIGSEGV);

		list_each(&t->speculation, uint64_t, chosen)
			sound &= *chosen <= SPEC_CHOICES;
		if (!sound)
			return fail(f, STATUS_STREAM, "traits of thread %llu are "
				    "not sound", (unsigned long long)t_r->id);
	}
	return 0;
}

/* With the privilege that the puppet still has. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	const struct rec_traits *rec = image_find(&r->image, RECORD_TRAITS,
						  p->rec->pid);
	struct batch b;
	int rc;

	if (!rec)
		return 0;
	puppet_batch(p, &b);
	batch_add(&b, NULL, SYS_prctl, SET_IO_FLUSHER, rec->io_flusher);
	batch_add(&b, NULL, SYS_prctl, SET_MEMORY_MERGE, rec->merge);
	if (rec->mce)
		batch_add(&b, NULL, SYS_prctl, PR_MCE_KILL, PR_MCE_KILL_SET,
			  rec->mce - 1);
	rc = batch_run(&b, f);
	if (rc == 0 && rec->io_flusher && batch_ret(&b, 0) < 0)
		warning_add(r, "process %llu cannot be marked as one that writes "
			    "for others (PR_SET_IO_FLUSHER)",
			    (unsigned long long)p->rec->pid);
	if (rc == 0 && rec->merge && batch_ret(&b, 1) < 0)
		warning_add(r, "memory of process %llu will not be merged "
			    "(PR_SET_MEMORY_MERGE)",
			    (unsigned long long)p->rec->pid);
	batch_free(&b);
	return rc;
}

static void add_speculation(struct batch *b, const struct rec_traits *rec)
{
	for (size_t i = 0; i < rec->speculation.n && i < SPECULATIONS; i++) {
		uint64_t chosen = *list_at(&rec->speculation, uint64_t, i);

		if (chosen)
			batch_add(b, NULL, SYS_prctl, SET_SPECULATION, i, chosen);
	}
}

static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	const struct rec_traits *rec = image_find(&r->image, RECORD_TRAITS,
						  m->rec->tid);
	struct batch b;
	int rc;

	if (!rec)
		return 0;
	member_batch(p, m, &b);
	if (rec->no_cpuid)
		batch_add(&b, "forbid the CPUID instruction", SYS_arch_prctl,
			  SET_CPUID, 0);
	if (rec->tsc)
		batch_add(&b, "forbid the time stamp counter", SYS_prctl,
			  PR_SET_TSC, rec->tsc);
	if (rec->mdwe)
		batch_add(&b, "forbid writable code (PR_SET_MDWE)", SYS_prctl,
			  SET_MDWE, rec->mdwe);
	add_speculation(&b, rec);
	rc = batch_run(&b, f);
	list_each(&b.calls, struct remote_call, c)
		if (rc == 0 && c->ret < 0)
			warning_add(r, "thread %llu: speculation could not be "
				    "limited as it was",
				    (unsigned long long)m->rec->tid);
	batch_free(&b);
	return rc;
}

const struct kind kind_traits = {
	.type = RECORD_TRAITS, .schema = &schema, .unique = true,
	.ask = ask, .capture = capture,
	.verify = verify, .settle = settle, .thread = thread,
};

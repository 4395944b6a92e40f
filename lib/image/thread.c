/* SPDX-License-Identifier: MIT */
/*
 * thread.c - one thread: registers, and the addresses it told the kernel
 *
 * Registers are recorded as the kernel shows them, with the number of an
 * interrupted system call and its -ERESTART result: set in a puppet, the kernel
 * itself restarts the call as it would have done.  Only where it keeps the rest
 * of a relative wait to itself (-ERESTART_RESTARTBLOCK) must we help: the time
 * left is recorded, and the puppet begins the wait anew for just that long, is
 * interrupted, and has the same thing to restart.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "image/capture.h"
#include "image/restore.h"
#include "image/pids.h"
#include "image/thread.h"
#include "image/wait.h"

#define ERESTARTNOHAND		514
#define ERESTART_RESTARTBLOCK	516
#define FUTEX_COMMAND		127
#define FUTEX_WAIT		0
#define FUTEX_WAIT_BITSET	9

static const struct field fields[] = {
	FIELD(struct rec_thread, pid, FIELD_UINT),
	FIELD(struct rec_thread, tid, FIELD_UINT),
	FIELD(struct rec_thread, mask, FIELD_UINT, .hex = true),
	FIELD(struct rec_thread, name, FIELD_TEXT, .max = 64),
	FIELD(struct rec_thread, regs, FIELD_FIXED),
	FIELD(struct rec_thread, rseq, FIELD_UINT, .hex = true),
	FIELD(struct rec_thread, wait, FIELD_UINT),
	FIELD(struct rec_thread, creds, FIELD_UINT),
	FIELD(struct rec_thread, inner, FIELD_WORDS),
	FIELD(struct rec_thread, robust, FIELD_UINT, .hex = true),
	FIELD(struct rec_thread, xstate, FIELD_BLOB, .max = XSTATE_MAX),
	FIELD(struct rec_thread, wait_ns, FIELD_UINT),
	FIELD(struct rec_thread, alt_base, FIELD_UINT, .hex = true),
	FIELD(struct rec_thread, alt_size, FIELD_UINT),
	FIELD(struct rec_thread, rseq_len, FIELD_UINT),
	FIELD(struct rec_thread, rseq_sig, FIELD_UINT, .hex = true),
	FIELD(struct rec_thread, slack_ns, FIELD_UINT),
	FIELD(struct rec_thread, alt_flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_thread, clear_tid, FIELD_UINT, .hex = true),
	FIELD(struct rec_thread, robust_len, FIELD_UINT),
	FIELD(struct rec_thread, rseq_flags, FIELD_UINT),
	FIELD(struct rec_thread, death_signal, FIELD_UINT),
	FIELD(struct rec_thread, no_new_privs, FIELD_BOOL),
};

static const struct schema schema = SCHEMA("thread", struct rec_thread, fields);

_Static_assert(sizeof(struct user_regs_struct) ==
	       sizeof(((struct rec_thread *)0)->regs), "registers");

/* ---- memory of a stopped task ---- */

static int peek(pid_t pid, uint64_t address, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)address, n };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)n ?
		0 : -1;
}

/* ---- restartable sequences ---- */

static int rseq_config(pid_t tid, struct rseq_config *conf)
{
	memset(conf, 0, sizeof(*conf));
	return ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(*conf), conf);
}

/*
 * A task stopped inside a restartable sequence is sent to its abort handler,
 * as if it had been preempted there: the calls that we are about to make in it
 * would let the kernel forget that it was inside.
 */
int thread_leave_rseq(struct source_task *t, struct failure *f)
{
	struct { uint32_t version, flags; uint64_t start, length, abort; } cs;
	uint64_t at;

	if (rseq_config(t->t.tid, &t->rseq) < 0)
		t->rseq = (struct rseq_config){ 0 };
	if (!t->rseq.pointer ||
	    peek(t->t.tid, t->rseq.pointer + 8, &at, sizeof(at)) < 0 || !at ||
	    peek(t->t.tid, at, &cs, sizeof(cs)) < 0 ||
	    t->t.regs.rip - cs.start >= cs.length)
		return 0;
	t->t.regs.rip = cs.abort;
	if (tracee_set_regs(&t->t, &t->t.regs) < 0)
		return fail_errno(f, 0, "cannot set registers of thread %d",
				  t->t.tid);
	return 0;
}

/* ---- time left of a wait ---- */

/*
 * Once a wait has been interrupted and goes on (restart_syscall(2)), nobody can
 * tell any more which call it was and when it began.  So a note of that is left
 * where a signal handler might write at any time, and the task itself not: at
 * the far end of its signal stack, or else below the red zone of its stack.
 */
struct wait_note {
	uint64_t magic;
	uint64_t rip, rsp;	/* where the task waits */
	uint64_t kind;		/* enum wait_kind */
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC */
	uint64_t sum;		/* XXH3-64 of all before it */
};

#define NOTE_MAGIC	0x65746f6e74696177ull
#define RED_ZONE	128

static uint64_t place_on_stack(const struct user_regs_struct *r)
{
	return (r->rsp - RED_ZONE - sizeof(struct wait_note)) & ~15ull;
}

static uint64_t note_place(const struct rec_thread *rec,
			   const struct user_regs_struct *r)
{
	if (rec->alt_size && !(rec->alt_flags & 2 /* SS_DISABLE */))
		return rec->alt_flags & 1 /* SS_ONSTACK */ ? 0 : rec->alt_base;
	return place_on_stack(r);
}

static uint64_t note_sum(const struct wait_note *n)
{
	return XXH3_64bits(n, offsetof(struct wait_note, sum));
}

/* One that has run out is of an earlier wait. */
static bool note_at(pid_t pid, uint64_t place,
		    const struct user_regs_struct *r, struct wait_note *n)
{
	return peek(pid, place, n, sizeof(*n)) == 0 &&
	       n->magic == NOTE_MAGIC && n->sum == note_sum(n) &&
	       n->rip == r->rip && n->rsp == r->rsp && n->kind <= WAIT_FUTEX &&
	       n->deadline_ns > (uint64_t)monotonic_ns();
}

/* Who did not know of a signal stack left it on the other one. */
static bool read_note(pid_t pid, const struct rec_thread *rec,
		      const struct user_regs_struct *r, struct wait_note *n)
{
	return note_at(pid, note_place(rec, r), r, n) ||
	       note_at(pid, place_on_stack(r), r, n);
}

/* Where it cannot be written, a later capture knows less; no harm else. */
static void write_note(pid_t pid, const struct rec_thread *rec,
		       const struct user_regs_struct *r)
{
	struct wait_note n = { NOTE_MAGIC, r->rip, r->rsp, rec->wait,
			       monotonic_ns() + rec->wait_ns, 0 };
	struct iovec here = { &n, sizeof(n) };
	struct iovec there = { (void *)note_place(rec, r), sizeof(n) };

	n.sum = note_sum(&n);
	if (there.iov_base && rec->wait_ns)
		process_vm_writev(pid, &here, 1, &there, 1, 0);
}

/* Without a note: the instructions before the call usually load its number,
 * mov $imm32, %eax; syscall. */
static long restarted_call(const struct source_task *t)
{
	const struct user_regs_struct *r = &t->t.regs;
	uint8_t code[7];
	uint32_t nr;

	if ((long)r->orig_rax != SYS_restart_syscall)
		return r->orig_rax;
	if (peek(t->t.tid, r->rip - sizeof(code), code, sizeof(code)) < 0 ||
	    code[0] != 0xb8 || code[5] != 0x0f || code[6] != 0x05)
		return -1;
	memcpy(&nr, code + 1, sizeof(nr));
	return nr;
}

static uint64_t less_slept(const struct source_task *t, uint64_t wanted_ns)
{
	uint64_t slept;

	if (!t->slept_ns)
		return wanted_ns;
	slept = monotonic_ns() - t->slept_ns;
	return slept < wanted_ns ? wanted_ns - slept : 0;
}

/* The kernel has written what is left to @rem, if the caller gave one. */
static void left_of_sleep(struct rec_thread *rec, const struct source_task *t,
			  enum wait_kind kind, uint64_t req, uint64_t rem)
{
	struct timespec ts;

	rec->wait = kind;
	if (rem && peek(t->t.tid, rem, &ts, sizeof(ts)) == 0)
		rec->wait_ns = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	else if (peek(t->t.tid, req, &ts, sizeof(ts)) == 0)
		rec->wait_ns = less_slept(t, ts.tv_sec * 1000000000ull +
					  ts.tv_nsec);
}

static void left_of_futex(struct rec_thread *rec, const struct source_task *t,
			  struct user_regs_struct *r)
{
	struct timespec ts;

	if ((r->rsi & FUTEX_COMMAND) != FUTEX_WAIT || !r->r10) {
		r->rax = -ERESTARTNOHAND;	/* absolute: begin it again */
		r->orig_rax = SYS_futex;
		return;
	}
	rec->wait = WAIT_FUTEX;
	if (peek(t->t.tid, r->r10, &ts, sizeof(ts)) == 0)
		rec->wait_ns = less_slept(t, ts.tv_sec * 1000000000ull +
					  ts.tv_nsec);
}

static void left_of_poll(struct rec_thread *rec, const struct source_task *t,
			 struct user_regs_struct *r)
{
	if ((int)r->rdx < 0) {
		r->rax = -ERESTARTNOHAND;	/* for ever */
		r->orig_rax = SYS_poll;
		return;
	}
	rec->wait = WAIT_POLL;
	rec->wait_ns = less_slept(t, (uint32_t)r->rdx * 1000000ull);
}

static unsigned long long *argument(struct user_regs_struct *r, int i)
{
	unsigned long long *const args[] = {
		&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9,
	};

	return args[i];
}

/* Of the waits that the kernel would go on with by restart_syscall(2), those that
 * can as well be begun again: nobody has to remember them then. */
static bool has_no_end(const struct user_regs_struct *r)
{
	if ((int64_t)r->rax != -ERESTART_RESTARTBLOCK)
		return false;
	if ((int64_t)r->orig_rax == SYS_futex)
		return (r->rsi & FUTEX_COMMAND) != FUTEX_WAIT || !r->r10;
	return (int64_t)r->orig_rax == SYS_poll && (int)r->rdx < 0;
}

/*
 * A wait that ends with EINTR for our stop alone, see wait.h: the kernel is
 * told to begin it again, unless a handler runs; for the time left, where that
 * is a number.
 */
void thread_wait_again(struct source_task *t)
{
	struct user_regs_struct *r = &t->t.regs;
	const struct wait_begun *call = (int64_t)r->orig_rax < 0 ||
		(int64_t)r->rax != -EINTR ? NULL : wait_begun(r->orig_rax);

	if (has_no_end(r)) {
		r->rax = -ERESTARTNOHAND;
		tracee_set_regs(&t->t, r);
		return;
	}
	if (!call)
		return;
	r->rax = -ERESTARTNOHAND;
	if (call->limit == LIMIT_MS) {
		unsigned long long *ms = argument(r, call->arg);

		if ((int)*ms > 0)
			*ms = (less_slept(t, (uint32_t)*ms * 1000000ull) +
			       999999) / 1000000;
	}
	tracee_set_regs(&t->t, r);
}

/* Where it is a struct, that must not be touched: there is another one in the
 * place of a note. */
static void left_of_begun(struct rec_thread *rec, struct source_task *t,
			  struct user_regs_struct *r)
{
	const struct wait_begun *call = wait_begun(r->orig_rax);
	struct timespec ts;
	struct iovec here = { &ts, sizeof(ts) }, there = { NULL, sizeof(ts) };
	unsigned long long *at;
	uint64_t left;

	if (!call || call->limit != LIMIT_TIMESPEC ||
	    (int64_t)r->rax != -ERESTARTNOHAND)
		return;
	at = argument(r, call->arg);
	if (!*at || peek(t->t.tid, *at, &ts, sizeof(ts)) < 0)
		return;
	left = less_slept(t, ts.tv_sec * 1000000000ull + ts.tv_nsec);
	ts = (struct timespec){ left / 1000000000, left % 1000000000 };
	there.iov_base = (void *)note_place(rec, r);
	if (!there.iov_base || process_vm_writev(t->t.tid, &here, 1, &there, 1,
						 0) != sizeof(ts))
		return;
	*at = (uint64_t)there.iov_base;
	t->t.regs = *r;
	tracee_set_regs(&t->t, r);
}

static void left_of_wait(struct rec_thread *rec, const struct source_task *t,
			 struct user_regs_struct *r)
{
	struct wait_note note;

	if ((int64_t)r->orig_rax < 0 ||
	    (int64_t)r->rax != -ERESTART_RESTARTBLOCK)
		return;
	/* Who was not asleep has just begun to wait, or was let go by a capture
	 * just now and has not got any further. */
	if (((long)r->orig_rax == SYS_restart_syscall || !t->slept_ns) &&
	    read_note(t->t.tid, rec, r, &note)) {
		rec->wait = note.kind;
		rec->wait_ns = note.deadline_ns - monotonic_ns();
		return;
	}
	switch (restarted_call(t)) {
	case SYS_nanosleep:
		left_of_sleep(rec, t, WAIT_NANOSLEEP, r->rdi, r->rsi);
		break;
	case SYS_clock_nanosleep:
		left_of_sleep(rec, t, WAIT_CLOCK, r->rdx, r->r10);
		break;
	case SYS_poll:
		left_of_poll(rec, t, r);
		break;
	case SYS_futex:
		left_of_futex(rec, t, r);
		break;
	}
	if (rec->wait)
		write_note(t->t.tid, rec, r);
}

void thread_remember_wait(struct source_task *t)
{
	struct rec_thread rec = { 0 };
	struct user_regs_struct r = t->t.regs;

	if (t->wait_noted)
		return;
	t->wait_noted = true;
	left_of_begun(&rec, t, &r);
	left_of_wait(&rec, t, &r);
}

/* ---- capture ---- */

/* stack_t, and what follows it in the data of one task's answers. */
struct answers {
	struct { uint64_t sp; int32_t flags, pad; uint64_t size; } alt;
	uint64_t clear_tid;
	int32_t death_signal, pad;
};

enum { ASK_SLACK, ASK_SECUREBITS };

static void ask(struct capture *c, struct source *s, struct source_task *t,
		struct batch *b)
{
	uint64_t at = batch_data(b, NULL, sizeof(struct answers));

	(void)c;
	(void)s;
	batch_add(b, NULL, SYS_prctl, PR_GET_TIMERSLACK);
	batch_add(b, NULL, SYS_prctl, PR_GET_SECUREBITS);
	batch_add(b, "read the signal stack", SYS_sigaltstack, 0,
		  at + offsetof(struct answers, alt));
	batch_add(b, NULL, SYS_prctl, PR_GET_TID_ADDRESS,
		  at + offsetof(struct answers, clear_tid));
	batch_add(b, NULL, SYS_prctl, PR_GET_PDEATHSIG,
		  at + offsetof(struct answers, death_signal));
	(void)t;
}

static void answers(struct capture *c, const struct source_task *t,
		    struct rec_thread *rec)
{
	const struct answers *a = task_data(t, &kind_thread);

	rec->alt_base = a->alt.sp;
	rec->alt_flags = a->alt.flags;
	rec->alt_size = a->alt.size;
	rec->clear_tid = a->clear_tid;
	rec->death_signal = a->death_signal;
	rec->slack_ns = task_ret(t, &kind_thread, ASK_SLACK);
	rec->creds = creds_of(c, t, task_ret(t, &kind_thread, ASK_SECUREBITS));
}

static int read_registers(struct source_task *t, struct rec_thread *rec,
			  struct failure *f)
{
	struct user_regs_struct r = t->t.regs;

	t->wait_noted = true;
	left_of_begun(rec, t, &r);
	left_of_wait(rec, t, &r);
	memcpy(rec->regs, &r, sizeof(r));
	rec->xstate.len = XSTATE_MAX;
	rec->xstate.data = xmalloc(XSTATE_MAX);
	if (tracee_get_xstate(&t->t, rec->xstate.data, &rec->xstate.len) < 0)
		return fail_errno(f, 0, "cannot read the floating-point "
				  "registers of thread %d", t->t.tid);
	return 0;
}

static int capture_thread(struct capture *c, struct source *s,
			  struct source_task *t, struct failure *f)
{
	struct rec_thread *rec = image_add(&c->image, RECORD_THREAD, t->id);
	size_t len;

	rec->tid = t->id;
	pids_thread(c, &t->status, &rec->inner);
	rec->pid = s->id;
	rec->name = xstrdup(t->status.name);
	rec->mask = t->t.mask;
	rec->no_new_privs = t->status.no_new_privs;
	if (t->rseq.pointer) {
		rec->rseq = t->rseq.pointer;
		rec->rseq_len = t->rseq.size;
		rec->rseq_sig = t->rseq.signature;
		rec->rseq_flags = t->rseq.flags;
	}
	if (syscall(SYS_get_robust_list, t->t.tid, &rec->robust, &len) == 0 &&
	    rec->robust)
		rec->robust_len = len;
	answers(c, t, rec);
	return read_registers(t, rec, f);
}

/* It goes on waiting, and will be captured. */
static int draft(struct capture *c, struct source *s, struct failure *f)
{
	(void)c;
	(void)f;
	list_each(&s->tasks, struct source_task, t)
		thread_remember_wait(t);
	return 0;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	list_each(&s->tasks, struct source_task, t)
		if (capture_thread(c, s, t, f) < 0)
			return -1;
	return 0;
}

/* Threads that share less than threads do. */
static int check(struct capture *c, struct source *s, struct failure *f)
{
	enum { KCMP_FILES = 2, KCMP_FS = 3 };

	(void)f;
	for (size_t i = 1; c->frozen && i < s->tasks.n; i++) {
		pid_t tid = list_at(&s->tasks, struct source_task, i)->t.tid;

		if (syscall(SYS_kcmp, s->via, tid, KCMP_FILES, 0, 0) > 0)
			obstacle_add(c, s, NULL, "has a thread (%d) with "
				     "descriptors of its own", tid);
		if (syscall(SYS_kcmp, s->via, tid, KCMP_FS, 0, 0) > 0)
			obstacle_add(c, s, NULL, "has a thread (%d) with a "
				     "working directory of its own", tid);
	}
	return 0;
}

/* ---- restore ---- */

#define AUTODISARM	(1u << 31)	/* SS_AUTODISARM of linux/signal.h */

static int unsound(const struct rec_thread *t, const char *why,
		   struct failure *f)
{
	return fail(f, STATUS_STREAM, "thread %llu of the stream %s",
		    (unsigned long long)t->tid, why);
}

/* A selector of user mode, as the kernel wants it: RPL 3. */
static bool registers_sound(const struct rec_thread *t)
{
	struct user_regs_struct regs;

	memcpy(&regs, t->regs, sizeof(regs));
	return (regs.cs & 3) == 3 && (regs.ss & 3) == 3 &&
	       regs.fs_base < TASK_END && regs.gs_base < TASK_END;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_THREAD, struct rec_thread, t) {
		if (t->tid != t_r->id || t->tid == 0 || t->tid > PID_LIMIT)
			return fail(f, STATUS_STREAM, "thread %llu has a wrong "
				    "number", (unsigned long long)t_r->id);
		if (!registers_sound(t))
			return unsound(t, "has impossible registers", f);
		if (t->rseq && (t->rseq % 32 || t->rseq >= TASK_END ||
				t->rseq_len < 32 || t->rseq_len > STREAM_PAGE))
			return unsound(t, "has an impossible rseq area", f);
		if (t->robust && t->robust_len != sizeof(struct robust_list_head))
			return unsound(t, "has an impossible robust list", f);
		if (t->alt_flags & ~(SS_ONSTACK | SS_DISABLE | AUTODISARM))
			return unsound(t, "has an impossible signal stack", f);
		if (t->death_signal > SIGNAL_LAST)
			return unsound(t, "has an impossible death signal", f);
		if (t->wait > WAIT_FUTEX)
			return fail(f, STATUS_STREAM, "thread %llu waits in an "
				    "unknown way (%u)",
				    (unsigned long long)t->tid, t->wait);
	}
	return 0;
}

static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	const struct rec_thread *rec = m->rec;
	struct { uint64_t sp; int32_t flags, pad; uint64_t size; } alt = {
		rec->alt_base, rec->alt_flags & ~1 /* SS_ONSTACK */, 0,
		rec->alt_size,
	};
	struct batch *b = member_queue(p, m, f);

	(void)r;
	if (!b)
		return -1;
	batch_add(b, NULL, SYS_prctl, PR_SET_NAME,
		  batch_text(b, rec->name ? rec->name : ""));
	batch_add(b, NULL, SYS_set_tid_address, rec->clear_tid);
	if (rec->robust)
		batch_add(b, "set the robust list", SYS_set_robust_list,
			  rec->robust, rec->robust_len);
	if (rec->rseq)
		batch_add(b, "register its rseq area", SYS_rseq, rec->rseq,
			  rec->rseq_len, 0, rec->rseq_sig);
	batch_add(b, "set the signal stack", SYS_sigaltstack,
		  batch_data(b, &alt, sizeof(alt)), 0);
	if (rec->death_signal)
		batch_add(b, "set the signal of its parent's death", SYS_prctl,
			  PR_SET_PDEATHSIG, rec->death_signal);
	batch_add(b, NULL, SYS_prctl, PR_SET_TIMERSLACK, rec->slack_ns);
	if (rec->no_new_privs)
		batch_add(b, "set no_new_privs", SYS_prctl,
			  PR_SET_NO_NEW_PRIVS, 1);
	return 0;
}

static long waiting_call(const struct rec_thread *rec,
			 const struct user_regs_struct *r, uint64_t ts,
			 uint64_t arg[6])
{
	switch (rec->wait) {
	case WAIT_NANOSLEEP:
		memcpy(arg, (uint64_t[6]){ ts, r->rsi }, 48);
		return SYS_nanosleep;
	case WAIT_CLOCK:
		memcpy(arg, (uint64_t[6]){ r->rdi, 0, ts, r->r10 }, 48);
		return SYS_clock_nanosleep;
	case WAIT_POLL:
		memcpy(arg, (uint64_t[6]){ r->rdi, r->rsi,
			(rec->wait_ns + 999999) / 1000000 }, 48);
		return SYS_poll;
	default:
		memcpy(arg, (uint64_t[6]){ r->rdi, r->rsi, r->rdx, ts }, 48);
		return SYS_futex;
	}
}

/* The last call made in a thread before its own registers. */
int thread_resume_wait(struct puppet *p, struct member *m,
		       struct user_regs_struct *regs, struct failure *f)
{
	const struct rec_thread *rec = m->rec;
	struct timespec ts = { rec->wait_ns / 1000000000,
			       rec->wait_ns % 1000000000 };
	uint64_t arg[6];
	int64_t ret;
	long nr;

	if (rec->wait == WAIT_NONE)
		return 0;
	if (strings_write(&p->strings, p->strings.work, &ts, sizeof(ts)) < 0)
		return fail_errno(f, 0, "cannot write to process %d", p->pid);
	nr = waiting_call(rec, regs, p->strings.work, arg);
	if (tracee_begin(&p->strings, &m->t, nr, arg, &ret, f) < 0)
		return -1;
	regs->rax = ret;
	if (ret == -ERESTART_RESTARTBLOCK)
		write_note(p->pid, rec, regs);
	return 0;
}

const struct kind kind_thread = {
	.type = RECORD_THREAD, .schema = &schema, .unique = true,
	.check = check, .ask = ask, .capture = capture, .draft = draft,
	.verify = verify, .thread = thread,
};

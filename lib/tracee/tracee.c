/* SPDX-License-Identifier: MIT */
/*
 * tracee.c - stop a task, run the stub in it, let it go
 *
 * Whoever stops a task lets it go in one way, tracee_release().  If this
 * program is killed instead, the kernel detaches: a source then runs on, at
 * worst through the healing end of the stub (stub.S).
 */
#include "tracee/tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/proc.h"
#include "tracee/x86_64.h"

#define ALL_SIGNALS	(~0ull)
#define SIGNAL_BIT(sig)	(1ull << ((sig) - 1))
#define EVENT(status)	((status) >> 16)

/* ---- stopping ---- */

static int gone(struct tracee *t, struct failure *f)
{
	t->stopped = false;
	return fail(f, STATUS_NOPROC, "process %d went away (task %d has ended)",
		    t->pid, t->tid);
}

/* With its seccomp filters suspended, which would judge our calls, too; only
 * CAP_SYS_ADMIN may have that. */
static long seize(pid_t tid)
{
	if (ptrace(PTRACE_SEIZE, tid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_SUSPEND_SECCOMP) == 0)
		return 0;
	if (errno != EPERM && errno != EINVAL)
		return -1;
	return ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD);
}

int tracee_attach(struct tracee *t, pid_t pid, pid_t tid, struct failure *f)
{
	*t = (struct tracee){ .tid = tid, .pid = pid, .tell = SIGURG };
	if (seize(tid) < 0) {
		if (errno == ESRCH)
			return gone(t, f);
		return fail_errno(f, STATUS_PERM,
				  "cannot control task %d of process %d", tid,
				  pid);
	}
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		return gone(t, f);
	return 0;
}

static int wait_stop(struct tracee *t, int *status, struct failure *f)
{
	while (waitpid(t->tid, status, __WALL) < 0) {
		if (errno != EINTR)
			return gone(t, f);
	}
	return WIFSTOPPED(*status) ? 0 : gone(t, f);
}

#define STOP_MS	2000	/* a task asleep in the kernel may not stop at all */

static int wait_patiently(struct tracee *t, int *status, struct failure *f)
{
	for (int us = 0, step = 20; us < STOP_MS * 1000; us += step) {
		pid_t pid = waitpid(t->tid, status, __WALL | WNOHANG);

		if (pid < 0 && errno != EINTR)
			return gone(t, f);
		if (pid > 0)
			return WIFSTOPPED(*status) ? 0 : gone(t, f);
		if (us < 1000) {
			sched_yield();	/* it is most often on its way */
			continue;
		}
		step = 500;
		usleep(step);
	}
	return fail(f, STATUS_OBSTACLE, "task %d of process %d does not stop: it "
		    "waits in the kernel for something that cannot be "
		    "interrupted (a vfork, a disk, a network file system)",
		    t->tid, t->pid);
}

/* A signal came in before the stop we want: it is sent again at the end. */
static void keep_signal(struct tracee *t, int sig)
{
	if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	    sig == SIGTTOU)
		t->stop_again = true;
	else
		*(int *)list_add(&t->late, sizeof(int)) = sig;
}

static bool is_group_stop(int status)
{
	int sig = WSTOPSIG(status);

	return EVENT(status) == PTRACE_EVENT_STOP && sig != SIGTRAP;
}

/*
 * A signal that was on its way when we attached is reported first.  Given
 * back here it goes on to its handler, which is where the task will stop.
 */
int tracee_await(struct tracee *t, struct failure *f)
{
	int status;

	for (;;) {
		if (wait_patiently(t, &status, f) < 0)
			return -1;
		if (EVENT(status) == PTRACE_EVENT_STOP)
			break;
		if (EVENT(status) == 0 &&
		    ptrace(PTRACE_CONT, t->tid, 0, WSTOPSIG(status)) == 0)
			continue;
		if (EVENT(status) && ptrace(PTRACE_CONT, t->tid, 0, 0) == 0)
			continue;
		return gone(t, f);
	}
	t->stopped = true;
	t->stop_again = is_group_stop(status);
	if (tracee_get_regs(t, &t->regs) < 0 ||
	    tracee_get_mask(t, &t->mask) < 0)
		return gone(t, f);
	return 0;
}

int tracee_seize(struct tracee *t, pid_t pid, pid_t tid, struct failure *f)
{
	if (tracee_attach(t, pid, tid, f) < 0)
		return -1;
	return tracee_await(t, f);
}

int tracee_bind(struct tracee *t, struct failure *f)
{
	if (ptrace(PTRACE_SETOPTIONS, t->tid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0 ||
	    tracee_set_mask(t, ALL_SIGNALS & ~SIGNAL_BIT(t->tell)) < 0)
		return gone(t, f);
	return 0;
}

int tracee_adopt(struct tracee *t, pid_t pid, pid_t tid, struct failure *f)
{
	int status;

	*t = (struct tracee){ .tid = tid, .pid = pid, .tell = SIGURG };
	if (wait_stop(t, &status, f) < 0)
		return -1;
	t->stopped = true;
	return tracee_get_regs(t, &t->regs) < 0 ? gone(t, f) : 0;
}

#define DETACH_MS 5000

/*
 * Another thread that was let go before may have ended the process already: then
 * nobody hears of that end until the tracer of each thread has asked for it.
 */
static void detach(struct tracee *t)
{
	for (int ms = 0; ms < DETACH_MS; ms++) {
		int status;
		pid_t pid;

		if (ptrace(PTRACE_DETACH, t->tid, 0, 0) == 0 || errno != ESRCH)
			return;
		pid = waitpid(t->tid, &status, __WALL | WNOHANG);
		if ((pid < 0 && errno != EINTR) ||
		    (pid > 0 && !WIFSTOPPED(status)))
			return;
		usleep(1000);
	}
}

void tracee_release(struct tracee *t, bool stopped)
{
	if (!t->stopped)
		return;
	list_each(&t->late, int, sig)
		syscall(SYS_tgkill, t->pid, t->tid, *sig);
	list_free(&t->late);
	if (stopped || t->stop_again)
		kill(t->pid, SIGSTOP);
	detach(t);
	t->stopped = false;
}

void tracee_reap(struct tracee *t)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(t->tid, &status, __WALL);
	while ((pid > 0 && WIFSTOPPED(status)) || (pid < 0 && errno == EINTR));
	list_free(&t->late);
	t->stopped = false;
}

/* ---- the stub ---- */

int strings_read(struct strings *s, uint64_t address, void *to, size_t n)
{
	ssize_t r = pread(s->mem, to, n, address);

	if (r >= 0 && (size_t)r != n)
		errno = EFAULT;
	return (size_t)r == n ? 0 : -1;
}

int strings_write(struct strings *s, uint64_t address, const void *from,
		  size_t n)
{
	ssize_t r = pwrite(s->mem, from, n, address);

	if (r >= 0 && (size_t)r != n)
		errno = EFAULT;
	return (size_t)r == n ? 0 : -1;
}

/*
 * Behind the code of the stub:
 *
 *	[block that heals, for a call without the work area][a limit]
 */
#define LIMIT_SIZE 16

static uint64_t heal_in_stub(const struct strings *s)
{
	return (s->stub + stub_code()->size + 15) & ~15ull;
}

static uint64_t limit_in_stub(const struct strings *s)
{
	return heal_in_stub(s) + HEAL_SIZE;
}

size_t stub_size(void)
{
	return ((stub_code()->size + 15) & ~15ull) + HEAL_SIZE + LIMIT_SIZE;
}

uint64_t stub_place(const uint8_t *image, size_t size)
{
	const struct stub_code *c = stub_code();
	size_t used = size, room = stub_size();
	uint64_t place;

	/* One that a killed capture has left is used again. */
	for (place = 16; place + room <= size; place += 16)
		if (!memcmp(image + place, c->bytes, c->size))
			return place;
	while (used && image[used - 1] == 0)
		used--;
	place = (used + 31) & ~15ull;
	return place + room <= size ? place : 0;
}

int strings_open(struct strings *s, struct failure *f)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", s->pid);
	s->mem = open(path, O_RDWR | O_CLOEXEC);
	if (s->mem < 0)
		return fail_errno(f, STATUS_PERM,
				  "cannot open the memory of process %d",
				  s->pid);
	return 0;
}

int strings_stub_at(struct strings *s, uint64_t address, struct failure *f)
{
	const struct stub_code *c = stub_code();

	if (strings_write(s, address, c->bytes, c->size) < 0)
		return fail_errno(f, 0, "cannot write to process %d", s->pid);
	s->stub = address;
	return 0;
}

int strings_stub_in_vdso(struct strings *s, struct failure *f)
{
	const struct stub_code *c = stub_code();
	uint8_t image[65536];
	uint64_t place;

	if (!s->vdso || s->vdso_size > sizeof(image))
		return fail(f, STATUS_OBSTACLE,
			    "process %d has no vDSO to make calls from: the "
			    "kernel runs with vdso=0, or it was unmapped",
			    s->pid);
	if (strings_read(s, s->vdso, image, s->vdso_size) < 0)
		return fail_errno(f, 0, "cannot read the vDSO of process %d",
				  s->pid);
	place = stub_place(image, s->vdso_size);
	if (!place)
		return fail(f, STATUS_OBSTACLE,
			    "the vDSO of process %d has no room for %zu bytes",
			    s->pid, c->size);
	return strings_stub_at(s, s->vdso + place, f);
}

/* Behind the stub there is room for a limit, which a call can name. */
static int set_soft(struct strings *s, struct tracee *t, int which,
		    uint64_t soft, uint64_t hard, struct failure *f)
{
	uint64_t limit[2] = { soft, hard };
	uint64_t at = limit_in_stub(s);
	uint64_t arg[6] = { 0, which, at, 0 };
	int64_t ret;

	if (strings_write(s, at, limit, sizeof(limit)) < 0)
		return fail_errno(f, 0, "cannot write to process %d", s->pid);
	return tracee_once(s, t, SYS_prlimit64, arg, &ret, f);
}

static const int space_limits[2] = { RLIMIT_AS, RLIMIT_DATA };

/* A process at its limit of memory is lent what the work area needs. */
static int raise_limits(struct strings *s, struct tracee *t, struct failure *f)
{
	uint64_t limit[16][2];

	if (proc_limits(s->pid, limit) < 0)
		return fail_errno(f, 0, "cannot read the limits of process %d",
				  s->pid);
	s->raised = true;
	for (int i = 0; i < 2; i++) {
		uint64_t *l = limit[space_limits[i]];

		s->soft[i] = l[0];
		if (set_soft(s, t, space_limits[i], l[1], l[1], f) < 0)
			return -1;
	}
	return 0;
}

static int lower_limits(struct strings *s, struct tracee *t, struct failure *f)
{
	uint64_t limit[16][2];

	if (!s->raised || proc_limits(s->pid, limit) < 0)
		return 0;
	s->raised = false;
	for (int i = 0; i < 2; i++)
		if (set_soft(s, t, space_limits[i], s->soft[i],
			     limit[space_limits[i]][1], f) < 0)
			return -1;
	return 0;
}

static void work_area(uint64_t arg[6], uint64_t where)
{
	uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			 (where ? MAP_FIXED_NOREPLACE : 0);

	memcpy(arg, (uint64_t[6]){ where, WORK_SIZE, PROT_READ | PROT_WRITE,
				   flags, -1ull, 0 }, 6 * sizeof(uint64_t));
}

int strings_attach_start(struct strings *s, struct tracee *t, uint64_t where,
			 struct failure *f)
{
	uint64_t arg[6];

	s->mem = -1;
	s->stub = s->work = 0;
	s->raised = false;
	work_area(arg, where);
	if (strings_open(s, f) < 0 || strings_stub_in_vdso(s, f) < 0)
		return -1;
	return tracee_once_start(s, t, SYS_mmap, arg, f);
}

int strings_attach_finish(struct strings *s, struct tracee *t, uint64_t where,
			  struct failure *f)
{
	uint64_t arg[6];
	int64_t ret;

	work_area(arg, where);
	if (tracee_once_finish(s, t, &ret, f) < 0)
		return -1;
	if (ret == -ENOMEM && (raise_limits(s, t, f) < 0 ||
			       tracee_once(s, t, SYS_mmap, arg, &ret, f) < 0))
		return -1;
	if (ret < 0 && ret > -4096) {
		errno = -ret;
		return fail_errno(f, 0, "no room for a work area in process %d",
				  s->pid);
	}
	s->work = ret;
	return 0;
}

int strings_attach(struct strings *s, struct tracee *t, uint64_t where,
		   struct failure *f)
{
	if (strings_attach_start(s, t, where, f) < 0)
		return -1;
	return strings_attach_finish(s, t, where, f);
}

int strings_inherit(struct strings *s, const struct strings *parent, pid_t pid,
		    struct failure *f)
{
	*s = *parent;
	s->pid = pid;
	s->queue = NULL;
	return strings_open(s, f);
}

void strings_close(struct strings *s)
{
	if (s->mem >= 0)
		close(s->mem);
	s->mem = -1;
}

int strings_unmap_start(struct strings *s, struct tracee *t, uint64_t size,
			struct failure *f)
{
	uint64_t arg[6] = { s->work, size };

	return tracee_once_start(s, t, SYS_munmap, arg, f);
}

int strings_unmap_finish(struct strings *s, struct tracee *t, struct failure *f)
{
	static const uint8_t zero[1024];
	int64_t ret;
	int rc = tracee_once_finish(s, t, &ret, f);

	if (rc == 0)
		rc = lower_limits(s, t, f);
	strings_write(s, s->stub, zero, stub_size());
	s->stub = s->work = 0;
	return rc;
}

int strings_unmap(struct strings *s, struct tracee *t, uint64_t size,
		  struct failure *f)
{
	if (strings_unmap_start(s, t, size, f) < 0)
		return -1;
	return strings_unmap_finish(s, t, f);
}

int strings_detach(struct strings *s, struct tracee *t, struct failure *f)
{
	if (!s->stub || !s->work || !t->stopped)
		return 0;
	return strings_unmap(s, t, WORK_SIZE, f);
}

/* ---- running the stub ---- */

int tracee_get_mask(struct tracee *t, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(*mask), mask) < 0 ? -1 : 0;
}

int tracee_set_mask(struct tracee *t, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(mask), &mask) < 0 ? -1 : 0;
}

static int stub_died(struct strings *s, struct tracee *t, int sig,
		     struct failure *f)
{
	struct user_regs_struct r;

	if (tracee_get_regs(t, &r) < 0)
		return gone(t, f);
	return fail(f, STATUS_SYSTEM,
		    "signal %d while making calls in process %d (at stub%+ld)",
		    sig, t->pid, (long)(regs_pc(&r) - s->stub));
}

static int go_on(struct tracee *t, struct failure *f)
{
	return ptrace(PTRACE_CONT, t->tid, 0, 0) < 0 ? gone(t, f) : 0;
}

/* It runs, until the stub has told that it is done. */
static int await_told(struct strings *s, struct tracee *t,
		      struct user_regs_struct *r, struct failure *f)
{
	uint64_t told = s->stub + stub_code()->told;
	int status, sig;

	for (;;) {
		if (wait_stop(t, &status, f) < 0)
			return -1;
		sig = WSTOPSIG(status);
		if (is_group_stop(status)) {
			t->stop_again = true;
		} else if (!EVENT(status)) {
			if (sig == t->tell) {
				if (tracee_get_regs(t, r) < 0)
					return gone(t, f);
				if (regs_pc(r) == told)
					return 0;
			}
			if (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL ||
			    sig == SIGSYS)
				return stub_died(s, t, sig, f);
			keep_signal(t, sig);
		}
		if (go_on(t, f) < 0)
			return -1;
	}
}

/* From the moment its registers are set it would heal itself. */
static int enter(struct tracee *t, const struct user_regs_struct *r,
		 struct failure *f)
{
	if (tracee_set_regs(t, r) < 0 ||
	    (t->source &&
	     tracee_set_mask(t, ALL_SIGNALS & ~SIGNAL_BIT(t->tell)) < 0))
		return gone(t, f);
	return 0;
}

/* Mask first: with the stub's registers it would heal, with its own not. */
static int leave(struct tracee *t, struct failure *f)
{
	if (!t->source)
		return 0;
	if (tracee_set_mask(t, t->mask) < 0 || tracee_set_regs(t, &t->regs) < 0)
		return gone(t, f);
	return 0;
}

static int enter_once(struct strings *s, struct tracee *t, long nr,
		      const uint64_t arg[6], struct failure *f)
{
	struct user_regs_struct r = t->regs;
	uint8_t block[HEAL_SIZE];

	regs_once(&r, s->stub, nr, arg, t->tell, heal_in_stub(s));
	if (t->source) {
		stub_heal(block, &t->regs, t->mask);
		if (strings_write(s, heal_in_stub(s), block, HEAL_SIZE) < 0)
			return fail_errno(f, 0, "cannot write to process %d",
					  t->pid);
	}
	return enter(t, &r, f);
}

int tracee_once_start(struct strings *s, struct tracee *t, long nr,
		      const uint64_t arg[6], struct failure *f)
{
	if (enter_once(s, t, nr, arg, f) < 0)
		return -1;
	return go_on(t, f);
}

int tracee_once_finish(struct strings *s, struct tracee *t, int64_t *ret,
		       struct failure *f)
{
	struct user_regs_struct r;

	if (await_told(s, t, &r, f) < 0)
		return -1;
	*ret = regs_once_result(&r);
	return leave(t, f);
}

int tracee_once(struct strings *s, struct tracee *t, long nr,
		const uint64_t arg[6], int64_t *ret, struct failure *f)
{
	if (tracee_once_start(s, t, nr, arg, f) < 0)
		return -1;
	return tracee_once_finish(s, t, ret, f);
}

/*
 * The interrupt may come before the task has reached the system call, or
 * before it sleeps; then it is let go again, a little longer each time.
 */
int tracee_begin(struct strings *s, struct tracee *t, long nr,
		 const uint64_t arg[6], int64_t *ret, struct failure *f)
{
	struct user_regs_struct r;
	int status;

	if (enter_once(s, t, nr, arg, f) < 0)
		return -1;
	for (int us = 30;; us *= 2) {
		if (ptrace(PTRACE_CONT, t->tid, 0, 0) < 0)
			return gone(t, f);
		usleep(us);
		ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
		if (wait_stop(t, &status, f) < 0)
			return -1;
		if (tracee_get_regs(t, &r) < 0)
			return gone(t, f);
		if (EVENT(status) == 0 && WSTOPSIG(status) == t->tell) {
			*ret = regs_once_result(&r);	/* did not block */
			/* The interrupt is still to come. */
			ptrace(PTRACE_CONT, t->tid, 0, 0);
			return wait_stop(t, &status, f);
		}
		if (regs_in_call(&r, nr)) {
			*ret = regs_result(&r);
			return 0;
		}
		/* Before the call, or already on its way to tell. */
	}
}

int tracee_leave(struct strings *s, struct tracee *t, long nr, uint64_t arg,
		 int sig, int *status, struct failure *f)
{
	uint64_t args[6] = { arg };
	struct user_regs_struct r = t->regs;

	regs_once(&r, s->stub, nr, args, t->tell, heal_in_stub(s));
	if (tracee_set_regs(t, &r) < 0 ||
	    (sig && tracee_set_mask(t, ALL_SIGNALS & ~SIGNAL_BIT(sig)) < 0) ||
	    ptrace(PTRACE_CONT, t->tid, 0, sig) < 0)
		return gone(t, f);
	t->stopped = false;
	while (waitpid(t->tid, status, __WALL) < 0)
		if (errno != EINTR)
			return gone(t, f);
	return 0;
}

int tracee_will_leave(struct strings *s, struct tracee *t, long nr,
		      uint64_t arg, struct failure *f)
{
	uint64_t args[6] = { arg };
	struct user_regs_struct r = t->regs;

	regs_once(&r, s->stub, nr, args, t->tell, heal_in_stub(s));
	return tracee_set_regs(t, &r) < 0 ? gone(t, f) : 0;
}

/* ---- batches ---- */

/* In the task: [block that heals][calls][data]. */
#define HEAL_ROOM	256

static void init(struct batch *b, struct strings *s, struct tracee *t,
		 uint64_t at, size_t size, size_t calls)
{
	*b = (struct batch){
		.t = t, .s = s, .at = at, .calls_max = calls,
		.data_max = size - HEAL_ROOM -
			    calls * sizeof(struct remote_call),
	};
}

void batch_init(struct batch *b, struct strings *s, struct tracee *t)
{
	init(b, s, t, s->work, WORK_SIZE, BATCH_CALLS);
}

void batch_init_slot(struct batch *b, struct strings *s, struct tracee *t,
		     size_t slot)
{
	init(b, s, t, s->work + slot % SLOTS * SLOT_SIZE, SLOT_SIZE,
	     SLOT_SIZE / 2 / sizeof(struct remote_call));
}

void batch_reset(struct batch *b)
{
	b->calls.n = b->whats.n = b->notes.n = 0;
	b->used = 0;
}

void batch_free(struct batch *b)
{
	list_free(&b->calls);
	list_free(&b->whats);
	list_free(&b->notes);
	free(b->data);
	b->data = NULL;
}

static uint64_t data_start(const struct batch *b)
{
	return b->at + HEAL_ROOM + b->calls_max * sizeof(struct remote_call);
}

uint64_t batch_data(struct batch *b, const void *data, size_t len)
{
	size_t at = (b->used + 15) & ~(size_t)15;

	if (at + len > b->data_max)
		abort();	/* a caller that does not ask batch_full() */
	b->data = xrealloc(b->data, at + len + 16);
	memset(b->data + b->used, 0, at + len - b->used);
	if (data)
		memcpy(b->data + at, data, len);
	b->used = at + len;
	return data_start(b) + at;
}

uint64_t batch_text(struct batch *b, const char *text)
{
	return batch_data(b, text, strlen(text) + 1);
}

size_t batch_call(struct batch *b, const char *what, long nr, uint64_t a1,
		  uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		  uint64_t a6)
{
	struct remote_call *c;

	if (b->calls.n == b->calls_max)
		abort();
	c = list_add(&b->calls, sizeof(*c));
	*c = (struct remote_call){ nr, { a1, a2, a3, a4, a5, a6 }, 0 };
	*(const char **)list_add(&b->whats, sizeof(char *)) = what;
	return b->calls.n - 1;
}

void batch_note(struct batch *b, size_t call, int64_t *where)
{
	struct batch_note *n = list_add(&b->notes, sizeof(*n));

	*n = (struct batch_note){ call, where };
}

bool batch_full(const struct batch *b)
{
	return b->calls.n > b->calls_max * 3 / 4 || b->used > b->data_max / 2;
}

/* Calls and data, to the task with what heals it, or from it. */
static int transfer(struct batch *b, bool out)
{
	size_t len = b->calls.n * sizeof(struct remote_call);
	uint8_t block[HEAL_SIZE];
	struct iovec here[3] = { { b->calls.items, len }, { b->data, b->used },
				 { block, HEAL_SIZE } };
	struct iovec there[3] = { { (void *)(b->at + HEAL_ROOM), len },
				  { (void *)data_start(b), b->used },
				  { (void *)b->at, HEAL_SIZE } };
	int n = out && b->t->source ? 3 : 2;
	ssize_t done;

	if (n == 3)
		stub_heal(block, &b->t->regs, b->t->mask);
	done = out ? process_vm_writev(b->s->pid, here, n, there, n, 0) :
		process_vm_readv(b->s->pid, here, n, there, n, 0);
	return done == (ssize_t)(len + b->used + (n == 3) * HEAL_SIZE) ? 0 : -1;
}

static int check_results(const struct batch *b, struct failure *f)
{
	for (size_t i = 0; i < b->calls.n; i++) {
		const char *what = *list_at(&b->whats, const char *, i);
		const struct remote_call *c =
			list_at(&b->calls, struct remote_call, i);

		if (!what || c->ret >= 0 || c->ret < -4095)
			continue;
		errno = -c->ret;
		return fail_errno(f, 0, "cannot %s in process %d (0x%llx, 0x%llx)",
				  what, b->t->pid,
				  (unsigned long long)c->arg[0],
				  (unsigned long long)c->arg[1]);
	}
	return 0;
}

/* What was put off goes first. */
static int run_queue(struct batch *b, struct failure *f)
{
	struct batch *queue = b->s->queue;

	if (!queue || queue == b || !queue->calls.n)
		return 0;
	if (batch_run(queue, f) < 0)
		return -1;
	batch_reset(queue);
	return 0;
}

int batch_start(struct batch *b, struct failure *f)
{
	struct user_regs_struct r = b->t->regs;

	if (!b->calls.n)
		return 0;
	if (run_queue(b, f) < 0)
		return -1;
	if (transfer(b, true) < 0)
		return fail_errno(f, 0, "cannot write to process %d", b->t->pid);
	regs_batch(&r, b->s->stub, b->at + HEAL_ROOM, b->calls.n, b->t->tell,
		   b->at);
	return enter(b->t, &r, f) < 0 ? -1 : go_on(b->t, f);
}

int batch_finish(struct batch *b, struct failure *f)
{
	struct user_regs_struct r;

	if (!b->calls.n)
		return 0;
	if (await_told(b->s, b->t, &r, f) < 0)
		return -1;
	if (transfer(b, false) < 0)
		return fail_errno(f, 0, "cannot read process %d", b->t->pid);
	if (leave(b->t, f) < 0)
		return -1;
	list_each(&b->notes, struct batch_note, n)
		*n->where = batch_ret(b, n->call);
	return check_results(b, f);
}

int batch_run(struct batch *b, struct failure *f)
{
	return batch_start(b, f) < 0 ? -1 : batch_finish(b, f);
}

int batch_make_room(struct batch *b, struct failure *f)
{
	if (!batch_full(b))
		return 0;
	if (batch_run(b, f) < 0)
		return -1;
	batch_reset(b);
	return 0;
}

int batches_run(const struct list *batches, struct failure *f)
{
	struct failure ignored = { 0 };
	size_t started = 0;
	int rc = 0;

	while (started < batches->n && rc == 0) {
		rc = batch_start(*list_at(batches, struct batch *, started), f);
		started += rc == 0;
	}
	for (size_t i = 0; i < started; i++)
		if (batch_finish(*list_at(batches, struct batch *, i),
				 rc < 0 ? &ignored : f) < 0)
			rc = -1;
	return rc;
}

int64_t batch_ret(const struct batch *b, size_t call)
{
	return list_at(&b->calls, struct remote_call, call)->ret;
}

void *batch_out(const struct batch *b, uint64_t address)
{
	return b->data + (address - data_start(b));
}

/* ---- stepping ---- */

#define RUN_OUTS 20

/* In the stub the mask was the stub's; outside it is its own again. */
static int stopped_anew(struct tracee *t, struct failure *f)
{
	int status;

	for (;;) {
		if (wait_stop(t, &status, f) < 0)
			return -1;
		if (EVENT(status) == PTRACE_EVENT_STOP)
			break;
		if (EVENT(status) == 0)
			keep_signal(t, WSTOPSIG(status));
		if (go_on(t, f) < 0)
			return -1;
	}
	t->stop_again |= is_group_stop(status);
	if (tracee_get_regs(t, &t->regs) < 0 || tracee_get_mask(t, &t->mask) < 0)
		return gone(t, f);
	return 0;
}

int tracee_run_out(struct tracee *t, uint64_t start, uint64_t end,
		   struct failure *f)
{
	int ran = 0;

	for (int i = 0; i < RUN_OUTS && regs_pc(&t->regs) >= start &&
	     regs_pc(&t->regs) < end; i++) {
		if (go_on(t, f) < 0)
			return -1;
		usleep(20 + 20 * i);
		ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
		if (stopped_anew(t, f) < 0)
			return -1;
		ran = 1;
	}
	return ran;
}

int tracee_step_out(struct tracee *t, uint64_t start, uint64_t end,
		    struct failure *f)
{
	int status;

	if (regs_pc(&t->regs) < start || regs_pc(&t->regs) >= end)
		return 0;
	/* The trap of a single step would reset a blocked SIGTRAP's action. */
	tracee_set_mask(t, ALL_SIGNALS & ~SIGNAL_BIT(SIGTRAP));
	for (int steps = 0; steps < 10000; steps++) {
		if (regs_pc(&t->regs) < start || regs_pc(&t->regs) >= end) {
			tracee_set_mask(t, t->mask);
			return 0;
		}
		if (ptrace(PTRACE_SINGLESTEP, t->tid, 0, 0) < 0)
			return gone(t, f);
		if (wait_stop(t, &status, f) < 0)
			return -1;
		if (EVENT(status) == 0 && WSTOPSIG(status) != SIGTRAP)
			keep_signal(t, WSTOPSIG(status));
		if (tracee_get_regs(t, &t->regs) < 0)
			return gone(t, f);
	}
	tracee_set_mask(t, t->mask);
	return fail(f, STATUS_OBSTACLE,
		    "task %d of process %d does not leave the vDSO", t->tid,
		    t->pid);
}

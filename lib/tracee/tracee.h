/* SPDX-License-Identifier: MIT */
/*
 * tracee.h - one stopped task under our control, and calls made in it
 *
 * A struct strings is what the tasks of one address space share: where the
 * stub stands in their vDSO, and the work area that calls and their data are
 * laid out in.  A struct tracee is one task, stopped.
 *
 * There are two sorts.  A *source* belongs to somebody: its registers and
 * signal mask are as they were whenever it is not running a batch, and if we
 * die in the middle of one the stub heals it.  A *puppet* is ours: it has no
 * past, and runs with all signals blocked.
 */
#ifndef TRACEE_TRACEE_H
#define TRACEE_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "base/failure.h"
#include "base/list.h"

#define WORK_SIZE	(1u << 20)	/* of the work area, bytes */
#define XSTATE_MAX	16384

struct batch;

struct strings {
	pid_t pid;		/* of a process that has this address space */
	int mem;		/* /proc/PID/mem, owned; -1 */
	uint64_t vdso, vdso_size;	/* where it is now */
	uint64_t stub;		/* address of the stub in it, 0 not written */
	uint64_t work;		/* address of the work area, 0 not mapped */
	struct batch *queue;	/* calls that are due before any others; NULL */
	uint64_t soft[2];	/* limits that were raised for it, RLIMIT_AS and
				   RLIMIT_DATA, as they were */
	bool raised;
};

struct tracee {
	pid_t tid, pid;		/* as we see them */
	bool source;
	bool stopped;		/* under our control, not running */
	struct user_regs_struct regs;	/* source: its own */
	uint64_t mask;		/* source: its own */
	int tell;		/* signal the stub ends with: ignored by
				   default, not pending; SIGURG unless set */
	bool stop_again;	/* it was, or is to be, in a group stop */
	struct list late;	/* of int: signals that came in between */
};

/* ---- stopping ---- */

/* Attach and stop; its registers and mask are then in @t. */
int tracee_seize(struct tracee *t, pid_t pid, pid_t tid, struct failure *f);
/* The same in two steps, so that many tasks stop at once. */
int tracee_attach(struct tracee *t, pid_t pid, pid_t tid, struct failure *f);
int tracee_await(struct tracee *t, struct failure *f);
/* Runs on with its own registers; @stopped: into a group stop (SIGSTOP). */
void tracee_release(struct tracee *t, bool stopped);
/* After SIGKILL: its parent hears of its end only when its tracer has. */
void tracee_reap(struct tracee *t);
/* A puppet: it dies with us, and all its signals are blocked. */
int tracee_bind(struct tracee *t, struct failure *f);
/* A task that a puppet has cloned with CLONE_PTRACE: wait for its first stop. */
int tracee_adopt(struct tracee *t, pid_t pid, pid_t tid, struct failure *f);

/* ---- the stub ---- */

/* The caller has set vdso and vdso_size.  Opens memory and writes the stub;
 * then maps the work area at @where, or where the kernel likes (0). */
int strings_attach(struct strings *s, struct tracee *t, uint64_t where,
		   struct failure *f);
int strings_attach_start(struct strings *s, struct tracee *t, uint64_t where,
			 struct failure *f);
int strings_attach_finish(struct strings *s, struct tracee *t, uint64_t where,
			  struct failure *f);
/* Unmaps the work area and takes the stub out of the vDSO. */
int strings_detach(struct strings *s, struct tracee *t, struct failure *f);
int strings_open(struct strings *s, struct failure *f);	/* memory alone */
void strings_close(struct strings *s);	/* closes memory, no more */
/* Puts the stub elsewhere: in executable memory, or in the vDSO of s->vdso. */
int strings_stub_at(struct strings *s, uint64_t address, struct failure *f);
int strings_stub_in_vdso(struct strings *s, struct failure *f);
/* Unmaps the work area, @size bytes from there, and wipes the stub. */
int strings_unmap(struct strings *s, struct tracee *t, uint64_t size,
		  struct failure *f);
int strings_unmap_start(struct strings *s, struct tracee *t, uint64_t size,
			struct failure *f);
int strings_unmap_finish(struct strings *s, struct tracee *t,
			 struct failure *f);
/* A fork of a process with strings: the same places, its own memory. */
int strings_inherit(struct strings *s, const struct strings *parent, pid_t pid,
		    struct failure *f);

/* ---- calls ---- */

struct remote_call {
	uint64_t nr, arg[6];
	int64_t ret;		/* what the kernel returned: -errno on failure */
};

/*
 * Calls to be made in one go.  Data for them, and room for what they return,
 * is laid out behind them in the work area; batch_out() shows it afterwards.
 *
 * A small one takes a slot of the work area: as many tasks of one process can
 * run theirs at the same time, started one after another and then finished.
 */
struct batch {
	struct tracee *t;
	struct strings *s;
	uint64_t at;		/* where it goes */
	size_t calls_max, data_max;
	struct list calls;	/* of struct remote_call */
	struct list whats;	/* of const char *: for messages, NULL: may fail */
	struct list notes;	/* of struct batch_note */
	uint8_t *data;		/* owned: as it will be, or was, in the task */
	size_t used;
};

/* A result that is wanted when the caller has long gone on. */
struct batch_note {
	size_t call;
	int64_t *where;
};

#define BATCH_CALLS	2048	/* of one that has all of the work area */
#define SLOT_SIZE	(32u << 10)	/* half of it calls */
#define SLOTS		(WORK_SIZE / SLOT_SIZE)

void batch_init(struct batch *b, struct strings *s, struct tracee *t);
void batch_init_slot(struct batch *b, struct strings *s, struct tracee *t,
		     size_t slot);
void batch_free(struct batch *b);
/* Address in the task of @len bytes, copied from @data, or zero. */
uint64_t batch_data(struct batch *b, const void *data, size_t len);
uint64_t batch_text(struct batch *b, const char *text);
/* Adds a call; @what names it if it must not fail. Returns its index. */
size_t batch_call(struct batch *b, const char *what, long nr, uint64_t a1,
		  uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		  uint64_t a6);
#define batch_add(b, what, nr, ...)					\
	BATCH_PAD(b, what, nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define BATCH_PAD(b, what, nr, a1, a2, a3, a4, a5, a6, ...)		\
	batch_call(b, what, nr, (uint64_t)(a1), (uint64_t)(a2),		\
		   (uint64_t)(a3), (uint64_t)(a4), (uint64_t)(a5),	\
		   (uint64_t)(a6))
void batch_note(struct batch *b, size_t call, int64_t *where);
/* Is there hardly room for another call and its data? */
bool batch_full(const struct batch *b);
/* Makes the calls; -1 if one that must not fail did. */
int batch_run(struct batch *b, struct failure *f);
/* Makes them and begins anew, if there is hardly room for more. */
int batch_make_room(struct batch *b, struct failure *f);
/* Those of a list of struct batch *, each in a task of its own: starts them all,
 * then waits for all, also after a failure. */
int batches_run(const struct list *batches, struct failure *f);
/* batch_run() in two steps: what is started must be finished. */
int batch_start(struct batch *b, struct failure *f);
int batch_finish(struct batch *b, struct failure *f);
int64_t batch_ret(const struct batch *b, size_t call);
void *batch_out(const struct batch *b, uint64_t address);
void batch_reset(struct batch *b);	/* empty again, to be filled anew */

/* One call through registers alone, without the work area. */
int tracee_once(struct strings *s, struct tracee *t, long nr,
		const uint64_t arg[6], int64_t *ret, struct failure *f);
int tracee_once_start(struct strings *s, struct tracee *t, long nr,
		      const uint64_t arg[6], struct failure *f);
int tracee_once_finish(struct strings *s, struct tracee *t, int64_t *ret,
		       struct failure *f);
/*
 * Begins a call that blocks and interrupts it, so that the kernel has set up
 * its restart.  *ret is -ERESTART_RESTARTBLOCK (-516), or a result if it did
 * not block after all.
 */
int tracee_begin(struct strings *s, struct tracee *t, long nr,
		 const uint64_t arg[6], int64_t *ret, struct failure *f);

/* Makes the task end: by the system call @nr(@arg), or by @sig if that is not
 * 0 (it must have been left in a signal's stop by a batch). */
int tracee_leave(struct strings *s, struct tracee *t, long nr, uint64_t arg,
		 int sig, int *status, struct failure *f);

/* Its registers are set so that it ends by @nr(@arg) once it is released; the
 * stub must stay where it is. */
int tracee_will_leave(struct strings *s, struct tracee *t, long nr,
		      uint64_t arg, struct failure *f);

/* ---- memory and registers ---- */

int strings_read(struct strings *s, uint64_t address, void *to, size_t n);
/* Through /proc/PID/mem: also where the task itself may not write. */
int strings_write(struct strings *s, uint64_t address, const void *from,
		  size_t n);

int tracee_get_regs(struct tracee *t, struct user_regs_struct *r);
int tracee_set_regs(struct tracee *t, const struct user_regs_struct *r);
int tracee_get_xstate(struct tracee *t, uint8_t *buf, size_t *len);
int tracee_set_xstate(struct tracee *t, const uint8_t *buf, size_t len);
int tracee_get_mask(struct tracee *t, uint64_t *mask);
int tracee_set_mask(struct tracee *t, uint64_t mask);
/*
 * If the task is inside @start..@end, e.g. in the vDSO, where there may be the
 * stub of a capture that was killed: lets it run until it is outside.  1 if it
 * has run; it may still be inside then.
 */
int tracee_run_out(struct tracee *t, uint64_t start, uint64_t end,
		   struct failure *f);
/* Single-steps until the task is outside @start..@end, e.g. the vDSO. */
int tracee_step_out(struct tracee *t, uint64_t start, uint64_t end,
		    struct failure *f);

/* Room the stub needs behind the code of a vDSO of this many used bytes. */
size_t stub_size(void);
/* Offset in a vDSO image where the stub goes, 0 if there is no room. */
uint64_t stub_place(const uint8_t *image, size_t size);

#endif

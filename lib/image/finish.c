/* SPDX-License-Identifier: MIT */
/*
 * finish.c - the last calls in the puppets, their own registers, and the end
 *
 * Nothing of ours is left in a puppet then: the work area is unmapped, the stub
 * wiped from its vDSO.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/restore.h"
#include "image/thread.h"

static int set_thread(struct puppet *p, struct member *m, struct failure *f)
{
	struct user_regs_struct regs;

	if (!m->rec)
		return 0;
	memcpy(&regs, m->rec->regs, sizeof(regs));
	if (thread_resume_wait(p, m, &regs, f) < 0)
		return -1;
	/* Kept until the calls that are still to be made are made. */
	memcpy(m->rec->regs, &regs, sizeof(regs));
	return 0;
}

static int set_registers(struct puppet *p, struct member *m, struct failure *f)
{
	struct user_regs_struct regs;

	if (!m->rec)
		return 0;
	memcpy(&regs, m->rec->regs, sizeof(regs));
	if (m->rec->xstate.len &&
	    tracee_set_xstate(&m->t, m->rec->xstate.data,
			      m->rec->xstate.len) < 0)
		return fail_errno(f, STATUS_DIFFERS, "cannot set the floating-"
				  "point registers of thread %llu",
				  (unsigned long long)m->rec->tid);
	if (tracee_set_mask(&m->t, m->rec->mask) < 0 ||
	    tracee_set_regs(&m->t, &regs) < 0)
		return fail_errno(f, 0, "cannot set the registers of thread "
				  "%llu of process %d",
				  (unsigned long long)m->rec->tid, p->pid);
	return 0;
}

/* A thread that has a future, for the last calls. */
struct member *puppet_last_caller(const struct puppet *p)
{
	struct member *m = puppet_leader(p);

	return m->rec || p->members.n == 1 ? m : m + 1;
}

/* A main thread that had ended before the others ends again. */
static int end_leader(struct puppet *p, struct failure *f)
{
	if (strings_stub_in_vdso(&p->strings, f) < 0)
		return -1;
	return tracee_will_leave(&p->strings, &puppet_leader(p)->t, SYS_exit, 0,
				 f);
}

/* The last calls; then the work area goes. */
static int finish_start(struct restore *r, struct puppet *p, struct failure *f)
{
	struct member *caller = puppet_last_caller(p);

	if (p->exe < 0)
		warning_add(r, "process %llu: /proc/PID/exe could not be set: %s",
			    (unsigned long long)p->rec->pid, strerror(-p->exe));
	if (locks_take(r, p, f) < 0)
		return -1;
	list_each(&p->members, struct member, m)
		if (set_thread(p, m, f) < 0)
			return -1;
	if (strings_stub_in_vdso(&p->strings, f) < 0)
		return -1;
	/* What is parked here stays, if it was not moved away. */
	return strings_unmap_start(&p->strings, &caller->t,
				   WORK_SIZE + STUB_ROOM, f);
}

static int finish(struct puppet *p, struct failure *f)
{
	if (strings_unmap_finish(&p->strings, &puppet_last_caller(p)->t, f) < 0)
		return -1;
	list_each(&p->members, struct member, m)
		if (set_registers(p, m, f) < 0)
			return -1;
	return puppet_leader(p)->rec ? 0 : end_leader(p, f);
}

int puppets_finish(struct restore *r, struct failure *f)
{
	list_each(&r->puppets, struct puppet *, p)
		if (!(*p)->done &&
		    puppet_call_later(*p, "set whether it may be dumped", SYS_prctl,
			       PR_SET_DUMPABLE, (*p)->rec->dumpable == 1, 0,
			       f) < 0)
			return -1;
	if (member_queues_flush(r, f) < 0)
		return -1;
	list_each(&r->puppets, struct puppet *, p)
		if (!(*p)->done && finish_start(r, *p, f) < 0)
			return -1;
	list_each(&r->puppets, struct puppet *, p)
		if (!(*p)->done && finish(*p, f) < 0)
			return -1;
	return 0;
}

int puppets_release(struct restore *r, struct failure *f)
{
	list_each(&r->puppets, struct puppet *, p) {
		if ((*p)->done)
			continue;
		strings_close(&(*p)->strings);
		if ((*p)->rec->stopped)
			kill((*p)->pid, SIGSTOP);
		list_each(&(*p)->members, struct member, m)
			tracee_release(&m->t, false);
	}
	return shepherd_go(r, f);
}

/* Who has been told to end, and has not. */
static bool is_anybody_left(const struct restore *r)
{
	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->pid > 0 && !(*p)->done && kill((*p)->pid, 0) == 0)
			return true;
	return r->shepherd > 0 && kill(r->shepherd, 0) == 0;
}

void puppets_end(struct restore *r)
{
	int status;

	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->pid > 0 && !(*p)->done)
			kill((*p)->pid, SIGKILL);
	/* An init takes its namespace along; any other shepherd ends what is
	 * below it, known to us or not, when it hears no more from us. */
	if (r->shepherd > 0 && r->private_pids)
		kill(r->shepherd, SIGKILL);
	if (r->shepherd_fd >= 0)
		close(r->shepherd_fd);
	r->shepherd_fd = -1;
	/* Their tracer must hear of all of them before they are gone, also of
	 * threads that were made and not yet counted. */
	while (!r->nests.n &&
	       (waitpid(-1, &status, __WALL) > 0 || errno == EINTR))
		;
	while (r->nests.n && is_anybody_left(r))
		if (waitpid(-1, &status, __WALL | WNOHANG) == 0)
			usleep(100);
	r->shepherd = 0;
	list_each(&r->puppets, struct puppet *, p) {
		strings_close(&(*p)->strings);
		if ((*p)->uffd > 0)
			close((*p)->uffd);
		(*p)->uffd = 0;
		free((*p)->watched);
		(*p)->watched = NULL;
		batch_free(&(*p)->queue);
		(*p)->queue = (struct batch){ 0 };
		list_each(&(*p)->members, struct member, m) {
			list_free(&m->t.late);
			batch_free(&m->queue);
		}
		list_free(&(*p)->members);
		(*p)->pid = 0;
		(*p)->mapped = false;
		(*p)->done = false;
	}
}

/* SPDX-License-Identifier: MIT */
/* thread.h - what capturing and making puppets need of threads beyond the table */
#ifndef IMAGE_THREAD_H
#define IMAGE_THREAD_H

#include "image/capture.h"
#include "image/restore.h"

/* Before the first call in a stopped task; see thread.c. */
int thread_leave_rseq(struct source_task *t, struct failure *f);
/* As soon as it is stopped: a wait that the stop has ended begins again. */
void thread_wait_again(struct source_task *t);
/* A task that waits will go on, and be captured later: leaves a note of when its
 * wait ends. */
void thread_remember_wait(struct source_task *t);
/* Goes back into the wait it was in; changes the result in @regs. */
int thread_resume_wait(struct puppet *p, struct member *m,
		       struct user_regs_struct *regs, struct failure *f);
/* creds.c: the record of these credentials, made if it is new. */
uint64_t creds_of(struct capture *c, const struct source_task *t,
		  uint32_t securebits);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * signals.h - signals that are waited for with everything else, by poll(2)
 *
 * While a struct signals is open, the signals it was opened for are blocked
 * and come out of its descriptor instead; SIGPIPE and SIGXFSZ, which only
 * repeat what write(2) says, are blocked and dropped.  A signal that was
 * ignored stays ignored, so that nohup(1) keeps its meaning.
 */
#ifndef JOB_SIGNALS_H
#define JOB_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

#include "base/failure.h"

struct signals {
	int fd;			/* owned, non-blocking: for poll(2) */
	sigset_t old;		/* the mask as it was */
};

/* Blocks @wanted ahead of signals_open(), which then finds what has come. */
void signals_hold(const sigset_t *wanted, sigset_t *old);
int signals_open(struct signals *s, const sigset_t *wanted, struct failure *f);
/* The next signal that has come, false if there is none. */
bool signals_next(struct signals *s, struct signalfd_siginfo *info);
/* The mask as it was; what came too late to be read is dropped. */
void signals_close(struct signals *s);

/* Stops us as SIGTSTP does, returns when we are continued (that SIGCONT is
 * taken) or at once if there is no shell that could continue us. */
void signals_suspend(void);
/* Ends us by @sig as if it had never been caught. */
void signals_die(struct signals *s, int sig) __attribute__((noreturn));

#endif

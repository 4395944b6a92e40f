/* SPDX-License-Identifier: MIT */
/*
 * pass.h - the keyboard of a program that has moved
 *
 * In "migrate-capture PID | ssh host migrate-restore" the moved program's
 * keyboard is still here, at the front of the pipeline; what is typed follows
 * the stream.
 */
#ifndef JOB_PASS_H
#define JOB_PASS_H

#include <stdbool.h>

#include "base/failure.h"

/*
 * Copies @in to @out until @in ends or nobody reads @out any more, which is
 * noticed at once if @out is a pipe or socket, whether there is input or not.
 * Both stay open, and the caller's.  With @raw, a terminal @in is in raw mode
 * meanwhile, for as long as we are in its foreground.
 *
 * 0 at the end of either; -1 if @out fails otherwise (a full disk).  A signal
 * that ends programs (SIGHUP, SIGINT, SIGQUIT, SIGTERM ..) ends us, after the
 * terminal has its modes back; being stopped gives them back as well.
 */
int pass_stdin(int in, int out, bool raw, struct failure *f);

#endif

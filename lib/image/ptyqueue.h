/* SPDX-License-Identifier: MIT */
/*
 * ptyqueue.h - what was written to a pseudo-terminal and not yet read
 *
 * The kernel lets nobody look into its queues: what is in them must be taken
 * out, and be put back.  Both sides do the latter: the capture at once, the
 * restore in a new terminal.
 */
#ifndef IMAGE_PTYQUEUE_H
#define IMAGE_PTYQUEUE_H

#include "image/records.h"

/* Modes, packet mode and queues of a pseudo-terminal into @p, which are empty
 * afterwards; @slave is another opening of it that does not block, or -1 if
 * nobody has ever opened it: then what waits for its first reader stays. */
int ptyqueue_take(int master, int slave, struct rec_pty *p, struct failure *f);
/* The same back, into empty queues. */
int ptyqueue_put(int master, int slave, const struct rec_pty *p,
		 struct failure *f);

#endif

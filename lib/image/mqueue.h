/* SPDX-License-Identifier: MIT */
/* mqueue.h - POSIX message queues that a restore has made */
#ifndef IMAGE_MQUEUE_H
#define IMAGE_MQUEUE_H

#include <stdbool.h>

struct restore;

/* Those that it has made go again unless all @worked. */
void mqueue_end(struct restore *r, bool worked);

#endif

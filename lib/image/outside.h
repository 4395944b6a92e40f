/* SPDX-License-Identifier: MIT */
/* outside.h - which descriptors lead out of the tree */
#ifndef IMAGE_OUTSIDE_H
#define IMAGE_OUTSIDE_H

#include "image/capture.h"

/* A terminal, a standard stream that is a socket, or a pipe of which somebody
 * outside the tree holds the other end. */
bool outside_claims(struct capture *c, const struct source_fd *fd);

#endif

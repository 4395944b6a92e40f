/* SPDX-License-Identifier: MIT */
/* ptys.h - which descriptors are ends of the tree's own pseudo-terminals */
#ifndef IMAGE_PTYS_H
#define IMAGE_PTYS_H

#include "image/capture.h"

/* A master, a slave whose master is in the tree, or one that has hung up and is
 * no standard stream. */
bool pty_claims(const struct capture *c, const struct source *s,
		const struct source_fd *fd);

#endif

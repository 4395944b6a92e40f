/* SPDX-License-Identifier: MIT */
/*
 * look_args.h - options that say how a tree is looked at
 *
 * Of capture and check alike: a child parser (argp), whose input is the struct.
 */
#ifndef IMAGE_LOOK_ARGS_H
#define IMAGE_LOOK_ARGS_H

#include <argp.h>

#include "image/capture.h"

struct look_args {
	struct list drop;	/* of int: descriptors to be left behind */
	enum unix_policy unix_policy;
	enum tcp_mode tcp;
};

extern const struct argp look_argp;

/* What was given, for @c; the list stays the caller's. */
void look_args_apply(const struct look_args *a, struct capture *c);

#endif

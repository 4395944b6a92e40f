/* SPDX-License-Identifier: MIT */
/* look_args.c - options that say how a tree is looked at */
#include "image/look_args.h"

#include "base/args.h"

enum { KEY_UNIX = 512, KEY_TCP };

static const struct argp_option options[] = {
	{ "drop", 'x', "FD", 0,
	  "Leave descriptor FD of every process behind: it is closed in the "
	  "moved program; may be given more than once", 0 },
	{ "unix", KEY_UNIX, "refuse|reconnect|close", 0,
	  "A UNIX domain socket whose other end is outside the tree is an "
	  "obstacle (the default), connects again, or has lost its peer", 0 },
	{ "tcp", KEY_TCP, "refuse|keep|close", 0,
	  "What becomes of TCP connections that lead out of the tree: the move "
	  "is refused (the default), they are kept, which needs their address "
	  "to be at the destination, or they are closed there", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct look_args *a = state->input;

	switch (key) {
	case 'x':
		args_fd(state, "--drop", arg, &a->drop);
		return 0;
	case KEY_UNIX:
		a->unix_policy = args_word(state, "--unix", arg, unix_policies);
		return 0;
	case KEY_TCP:
		a->tcp = args_word(state, "--tcp", arg, tcp_modes);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp look_argp = { .options = options, .parser = parse };

void look_args_apply(const struct look_args *a, struct capture *c)
{
	c->drop = a->drop;	/* lent */
	c->unix_policy = a->unix_policy;
	c->tcp = a->tcp;
}

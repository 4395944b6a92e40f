/* SPDX-License-Identifier: MIT */
/*
 * migrate-check - can this process tree be moved?
 *
 * Names every obstacle, each with what can be done about it, one a line.
 * Nothing is stopped or changed.
 */

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/args.h"
#include "base/failure.h"
#include "image/capture.h"

enum { KEY_UNIX = 256, KEY_TCP };

const char *argp_program_version = "migrate-check " VERSION;

static const struct argp_option options[] = {
	{ "quiet", 'q', NULL, 0, "Say nothing if it can be moved", 0 },
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

struct options {
	pid_t pid;
	struct list drop;	/* of int */
	enum unix_policy unix_policy;
	enum tcp_mode tcp;
	bool quiet;
};

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'q':
		o->quiet = true;
		return 0;
	case 'x':
		args_fd(state, "--drop", arg, &o->drop);
		return 0;
	case KEY_UNIX:
		o->unix_policy = args_word(state, "--unix", arg, unix_policies);
		return 0;
	case KEY_TCP:
		o->tcp = args_word(state, "--tcp", arg, tcp_modes);
		return 0;
	case ARGP_KEY_ARG:
		args_pid(state, arg, &o->pid);
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < 1)
			argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_arg, .args_doc = "PID",
	.doc = "Name every obstacle to moving the process tree below PID."
	       "\vNothing is stopped or changed.  The exit status is 0 if it "
	       "can be moved, and 69 if not.",
};

int main(int argc, char *argv[])
{
	struct options o = { 0 };
	struct capture c = { 0 };
	struct failure f = { 0 };
	int status = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	c.drop = o.drop;	/* lent */
	c.unix_policy = o.unix_policy;
	c.tcp = o.tcp;
	if (capture_look(&c, o.pid, &f) < 0)
		failure_die(&f);
	list_each(&c.obstacles, struct obstacle, ob) {
		printf("process %d (%s) %s%s%s\n", ob->pid, ob->name, ob->what,
		       ob->remedy ? ": " : "", ob->remedy ? ob->remedy : "");
		status = STATUS_OBSTACLE;
	}
	if (!status && !o.quiet)
		printf("process %d can be moved: %zu process%s\n", o.pid,
		       c.sources.n, c.sources.n == 1 ? "" : "es");
	capture_free(&c);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * migrate-release - ends a source that migrate-capture has left stopped
 *
 * All processes of the tree are continued, or killed.
 */

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/args.h"
#include "base/failure.h"
#include "base/list.h"
#include "proc/proc.h"

struct options {
	pid_t pid;
	int signal;		/* SIGCONT, SIGKILL; 0 not chosen */
};

const char *argp_program_version = "migrate-release " VERSION;

static const struct argp_option options[] = {
	{ "resume", 'r', NULL, 0, "Let the processes run on", 0 },
	{ "kill", 'k', NULL, 0, "End the processes", 0 },
	{ 0 }
};

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'r':
		o->signal = SIGCONT;
		return 0;
	case 'k':
		o->signal = SIGKILL;
		return 0;
	case ARGP_KEY_ARG:
		args_pid(state, arg, &o->pid);
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < 1 || !o->signal)
			argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_arg,
	.args_doc = "--resume PID\n--kill PID",
	.doc = "End a source that migrate-capture has left stopped: all "
	       "processes of the tree below PID run on, or are killed.",
};

/* Parents first: whoever is in it must not run before it is known. */
static void walk(struct list *tree, pid_t root)
{
	*(pid_t *)list_add(tree, sizeof(pid_t)) = root;
	for (size_t i = 0; i < tree->n; i++) {
		struct list kids = { 0 };

		proc_children(*list_at(tree, pid_t, i), &kids);
		list_each(&kids, pid_t, kid)
			*(pid_t *)list_add(tree, sizeof(pid_t)) = *kid;
		list_free(&kids);
	}
}

/* A running process is not what this is for: it may have gone on already. */
static int check(pid_t pid, struct failure *f)
{
	struct list tids = { 0 };
	struct proc_stat st;
	bool stopped = false;

	if (proc_threads(pid, &tids) < 0)
		return fail(f, STATUS_NOPROC, "there is no process %d", pid);
	/* Any thread will do: the main one may have ended. */
	list_each(&tids, pid_t, tid)
		if (proc_stat(pid, *tid, &st) == 0)
			stopped |= st.state == 'T' || st.state == 't';
	list_free(&tids);
	if (!stopped)
		return fail(f, STATUS_NOPROC, "process %d is not stopped: "
			    "nothing to release", pid);
	return 0;
}

int main(int argc, char *argv[])
{
	struct options o = { 0 };
	struct failure f = { 0 };
	struct list tree = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (check(o.pid, &f) < 0)
		failure_die(&f);
	walk(&tree, o.pid);
	list_each(&tree, pid_t, pid)
		if (kill(*pid, o.signal) < 0 && errno != ESRCH) {
			fail_errno(&f, 0, "process %d", *pid);
			failure_die(&f);
		}
	list_free(&tree);
	return 0;
}

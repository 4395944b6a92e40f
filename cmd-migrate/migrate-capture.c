/* SPDX-License-Identifier: MIT */
/*
 * migrate-capture - a running process tree becomes a stream on standard output
 *
 * Every obstacle is named before anything is stopped.  Then the tree is frozen,
 * written, and left as asked: stopped (the default), killed, or running.  If
 * anything fails, it runs on as if nothing had been.
 *
 * After the stream, our own standard input is passed on: the moved program's
 * keyboard is still at the front of the pipeline.
 */

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"
#include "base/failure.h"
#include "base/wakeup.h"
#include "image/capture.h"
#include "image/look_args.h"
#include "job/pass.h"

#define TRIES 10	/* freezes of a tree that never is at rest */

struct options {
	pid_t pid;
	enum capture_end end;
	struct look_args look_args;
	bool pass;		/* standard input, after the stream */
	bool quiet;
	bool carry;		/* files */
	enum stream_compress compress;
};

enum { KEY_FILES = 256, KEY_COMPRESS };

const char *argp_program_version = "migrate-capture " VERSION;

static const struct argp_option options[] = {
	{ "kill", 'k', NULL, 0,
	  "End the process once its stream has been written", 0 },
	{ "leave-running", 'r', NULL, 0,
	  "Let the process run on once its stream has been written", 0 },
	{ "no-stdin", 'n', NULL, 0,
	  "Do not pass standard input on after the stream", 0 },
	{ "quiet", 'q', NULL, 0,
	  "Do not say how to end a source that is left stopped", 0 },
	{ "files", KEY_FILES, "require|carry", 0,
	  "Files that the tree has open or mapped have to be at the other end "
	  "(the default), or travel in the stream", 0 },
	{ "compress", KEY_COMPRESS, "auto|none|lz4|zstd", 0,
	  "How pages travel: as their reader has them soonest (the default; rates "
	  "are measured), as they are, or compressed", 0 },
	{ 0 }
};

static void set_compress(struct options *o, const char *arg,
			 struct argp_state *state)
{
	static const char *const words[] = {
		[COMPRESS_AUTO] = "auto", [COMPRESS_NONE] = "none",
		[COMPRESS_LZ4] = "lz4", [COMPRESS_ZSTD] = "zstd",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(arg, words[i])) {
			o->compress = i;
			return;
		}
	}
	argp_error(state, "--compress=%s: not auto, none, lz4 or zstd", arg);
}

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->look_args;
		return 0;
	case 'k':
		o->end = END_KILLED;
		return 0;
	case 'r':
		o->end = END_RUNNING;
		return 0;
	case 'n':
		o->pass = false;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case KEY_FILES:
		o->carry = !strcmp(arg, "carry");
		if (!o->carry && strcmp(arg, "require"))
			argp_error(state, "--files=%s: not require or carry",
				   arg);
		return 0;
	case KEY_COMPRESS:
		set_compress(o, arg, state);
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

static const struct argp_child children[] = { { &look_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = options, .parser = parse_arg, .children = children,
	.args_doc = "PID",
	.doc = "Write the process tree below PID as a stream to standard output."
	       "\vThe tree is left stopped; migrate-release(1) ends that.",
};

/*
 * Frozen from here until it is released: nothing may return in between.  Before
 * anything is written it may be tried again (*@again): the tree was just doing
 * something that cannot be stopped, or that is seen only once it is.
 */
static int frozen(struct capture *c, const struct options *o, bool *again,
		  struct failure *f)
{
	struct stream_out *out = stream_out_new(STDOUT_FILENO);
	int rc = 0;

	stream_compress(out, o->compress);
	if (capture_freeze(c, f) < 0 || capture_record(c, f) < 0) {
		*again = f->status == STATUS_OBSTACLE;
		rc = -1;
	} else if (capture_write(c, out, f) < 0) {
		rc = -1;
	}
	/* A pipe takes a small stream whole, though its reader may be dying. */
	if (rc == 0 && o->end != END_RUNNING)
		rc = stream_await_reader(out, f);
	capture_release(c, rc == 0 ? o->end : END_RUNNING);
	stream_out_free(out);
	return rc;
}

static int run(struct capture *c, struct options *o, bool *again,
	       struct failure *f)
{
	c->ends = o->end;
	c->quick_look = true;
	look_args_apply(&o->look_args, c);
	c->carry = o->carry;
	c->terminal_keys = o->pass && isatty(STDIN_FILENO);
	if (capture_look(c, o->pid, f) < 0)
		return -1;
	if (c->obstacles.n)
		return capture_refuse(c, f);
	return frozen(c, o, again, f);
}

static void say_how_to_end(const struct options *o)
{
	if (o->end == END_STOPPED && !o->quiet)
		fprintf(stderr, "migrate-capture: process %d is left stopped; "
			"end that with: migrate-release --kill %d, or "
			"migrate-release --resume %d\n", o->pid, o->pid, o->pid);
}

/* The program had its keyboard outside, and our reader is not a file. */
static bool somebody_reads(const struct capture *c)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 || S_ISREG(st.st_mode))
		return false;
	image_each(&c->image, RECORD_OUTSIDE, struct rec_outside, o)
		if (o->fd == 0)
			return true;
	return false;
}

int main(int argc, char *argv[])
{
	struct options o = { .pass = true };
	struct capture c = { 0 };
	struct failure f = { 0 };
	bool raw, pass, again = false;
	int tries = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	signal(SIGPIPE, SIG_IGN);	/* write(2) tells */
	signal(SIGXFSZ, SIG_IGN);
	if (isatty(STDOUT_FILENO)) {
		fail(&f, STATUS_USAGE, "a stream is not for terminals: use a "
		     "pipe or a file (migrate-capture %d | migrate-restore)",
		     o.pid);
		failure_die(&f);
	}
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		fail_errno(&f, STATUS_IO, "standard output");
		failure_die(&f);
	}
	wakeup_fast();
	while (run(&c, &o, &again, &f) < 0) {
		if (!again || tries++ == TRIES)
			failure_die(&f);
		capture_free(&c);
		c = (struct capture){ 0 };
		f = (struct failure){ 0 };
		again = false;
	}
	say_how_to_end(&o);
	raw = c.terminal_keys && image_list(&c.image, RECORD_TERMINAL)->n;
	pass = o.pass && somebody_reads(&c);
	capture_free(&c);
	if (pass && pass_stdin(STDIN_FILENO, STDOUT_FILENO, raw, &f) < 0)
		failure_die(&f);
	return 0;
}

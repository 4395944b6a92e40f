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
#include "move/precopy.h"

#define TRIES 10	/* freezes of a tree that never is at rest */

struct options {
	pid_t pid;
	enum capture_end end;
	struct look_args look_args;
	bool pass;		/* standard input, after the stream */
	bool quiet;
	bool carry;		/* files */
	bool precopy, throttle;
	unsigned downtime_ms, max_rounds;
	enum progress_form progress;
	enum stream_compress compress;
};

#define DOWNTIME_MS	100
#define MAX_ROUNDS	30

enum { KEY_FILES = 256, KEY_PRECOPY, KEY_DOWNTIME, KEY_ROUNDS, KEY_THROTTLE,
       KEY_PROGRESS, KEY_COMPRESS };

const char *argp_program_version = "migrate-capture " VERSION;

static const struct argp_option options[] = {
	{ "kill", 'k', NULL, 0,
	  "End the process once its stream has been written", 0 },
	{ "leave-running", 'r', NULL, 0,
	  "Let the process run on once its stream has been written", 0 },
	{ "no-stdin", 'n', NULL, 0,
	  "Do not pass standard input on after the stream", 0 },
	{ "pre-copy", KEY_PRECOPY, NULL, 0,
	  "Write memory while the process runs, in rounds; freeze it for what "
	  "is left", 0 },
	{ "downtime-ms", KEY_DOWNTIME, "MS", 0,
	  "Pre-copy: freeze when the rest takes no longer than MS milliseconds "
	  "(100)", 0 },
	{ "max-rounds", KEY_ROUNDS, "N", 0,
	  "Pre-copy: freeze after N rounds at the latest (30)", 0 },
	{ "throttle", KEY_THROTTLE, NULL, 0,
	  "Pre-copy: hold a process that writes faster than the stream takes "
	  "for part of the time", 0 },
	{ "progress", KEY_PROGRESS, "auto|none|json", 0,
	  "Say how far it is on standard error: on a terminal (the default), "
	  "never, or as JSON, a line an event", 0 },
	{ "quiet", 'q', NULL, 0,
	  "Do not say how to end a source that is left stopped, nor how far it "
	  "is", 0 },
	{ "files", KEY_FILES, "require|carry", 0,
	  "Files that the tree has open or mapped have to be at the other end "
	  "(the default), or travel in the stream", 0 },
	{ "compress", KEY_COMPRESS, "auto|none|lz4|zstd", 0,
	  "How pages travel: as their reader has them soonest (the default; rates "
	  "are measured), as they are, or compressed", 0 },
	{ 0 }
};

static unsigned parse_number(const char *name, const char *arg, unsigned least,
			     struct argp_state *state)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (end == arg || *end || arg[0] == '-' || n < least || n > 1000000)
		argp_error(state, "--%s=%s: not a number from %u to 1000000",
			   name, arg, least);
	return n;
}

static enum progress_form parse_progress(const char *arg,
					 struct argp_state *state)
{
	if (!strcmp(arg, "json"))
		return PROGRESS_JSON;
	if (strcmp(arg, "none") && strcmp(arg, "auto"))
		argp_error(state, "--progress=%s: not auto, none or json", arg);
	return !strcmp(arg, "auto") && isatty(STDERR_FILENO) ? PROGRESS_LINE :
		PROGRESS_NONE;
}

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
	case KEY_PRECOPY:
		o->precopy = true;
		return 0;
	case KEY_DOWNTIME:
		o->downtime_ms = parse_number("downtime-ms", arg, 1, state);
		return 0;
	case KEY_ROUNDS:
		o->max_rounds = parse_number("max-rounds", arg, 1, state);
		return 0;
	case KEY_THROTTLE:
		o->throttle = true;
		return 0;
	case KEY_PROGRESS:
		o->progress = parse_progress(arg, state);
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

/* What one move has, whichever way it goes. */
struct move {
	const struct options *o;
	struct capture c;	/* the last one, of the freeze */
	struct precopy precopy;
	struct progress progress;
	struct stream_out *out;
	bool again;		/* it failed, and may be tried again */
};

static int write_all(struct move *m, struct failure *f)
{
	bool live = m->o->precopy;

	if (live && precopy_frozen(&m->precopy, &m->c, f) < 0)
		return -1;
	if (capture_write(&m->c, m->out, f) < 0)
		return -1;
	if (live && precopy_done(&m->precopy, f) < 0)
		return -1;
	progress_clear(&m->progress);
	return stream_put_end(m->out, f);
}

/*
 * Frozen from here until it is released: nothing may return in between.  Before
 * anything is written it may be tried again: the tree was just doing something
 * that cannot be stopped, or that is seen only once it is.
 */
static int frozen(struct move *m, struct failure *f)
{
	struct capture *c = &m->c;
	int rc = 0;

	if (capture_freeze(c, f) < 0 || capture_record(c, f) < 0) {
		m->again = f->status == STATUS_OBSTACLE;
		rc = -1;
	} else if (write_all(m, f) < 0) {
		rc = -1;
	}
	/* A pipe takes a small stream whole, though its reader may be dying. */
	if (rc == 0 && m->o->end != END_RUNNING)
		rc = stream_await_reader(m->out, f);
	capture_release(c, rc == 0 ? m->o->end : END_RUNNING);
	return rc;
}

static int look(struct capture *c, const struct options *o, struct failure *f)
{
	c->ends = o->end;
	c->live = o->precopy ? LIVE_PRECOPY : LIVE_NO;
	c->quick_look = true;
	look_args_apply(&o->look_args, c);
	c->carry = o->carry;
	c->terminal_keys = o->pass && isatty(STDIN_FILENO);
	if (capture_look(c, o->pid, f) < 0)
		return -1;
	return c->obstacles.n ? capture_refuse(c, f) : 0;
}

static int freeze(struct move *m, struct failure *f)
{
	if (m->o->precopy)
		m->c.track = &m->precopy.track;
	return look(&m->c, m->o, f) < 0 ? -1 : frozen(m, f);
}

static int begin(struct move *m, struct failure *f)
{
	return look(&m->c, m->o, f) < 0 ? -1 :
		precopy_begin(&m->precopy, &m->c, m->out, &m->again, f);
}

static void forget(struct move *m)
{
	capture_free(&m->c);
	m->c = (struct capture){ 0 };
}

/* Each try with another look at the tree. */
static int insist(struct move *m, int (*step)(struct move *, struct failure *),
		  struct failure *f)
{
	int tries = 0;

	while (step(m, f) < 0) {
		if (!m->again || tries++ == TRIES)
			return -1;
		forget(m);
		*f = (struct failure){ 0 };
		m->again = false;
	}
	return 0;
}

static void say_rounds(const struct move *m)
{
	const struct precopy *p = &m->precopy;

	if (m->o->quiet || !p->stuck)
		return;
	fprintf(stderr, "migrate-capture: process %d writes %.0f MiB/s, the "
		"stream takes %.0f MiB/s: after %u rounds it is frozen for "
		"about %u ms%s\n", m->o->pid, p->write_rate / (1 << 20),
		p->rate / (1 << 20), p->rounds, p->left_ms,
		p->throttle ? "" : " (--throttle holds it back)");
}

static int rounds(struct move *m, struct failure *f)
{
	m->precopy.downtime_ms = m->o->downtime_ms;
	m->precopy.max_rounds = m->o->max_rounds;
	m->precopy.throttle = m->o->throttle;
	m->precopy.progress = &m->progress;
	if (insist(m, begin, f) < 0)
		return -1;
	forget(m);
	if (precopy_rounds(&m->precopy, f) < 0)
		return -1;
	say_rounds(m);
	return 0;
}

static int run(struct move *m, struct failure *f)
{
	int rc = 0;

	if (m->o->precopy)
		rc = rounds(m, f);
	if (rc == 0)
		rc = insist(m, freeze, f);
	precopy_end(&m->precopy);
	progress_done(&m->progress, rc == 0);
	return rc;
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
	struct options o = {
		.pass = true, .downtime_ms = DOWNTIME_MS,
		.max_rounds = MAX_ROUNDS,
		.progress = isatty(STDERR_FILENO) ? PROGRESS_LINE :
			PROGRESS_NONE,
	};
	struct move m = { .o = &o };
	struct failure f = { 0 };
	bool raw, pass;

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
	m.progress = (struct progress){ .form = o.quiet ? PROGRESS_NONE :
					o.progress, .to = stderr };
	m.out = stream_out_new(STDOUT_FILENO);
	stream_compress(m.out, o.compress);
	if (run(&m, &f) < 0)
		failure_die(&f);
	stream_out_free(m.out);
	say_how_to_end(&o);
	raw = m.c.terminal_keys && image_list(&m.c.image, RECORD_TERMINAL)->n;
	pass = o.pass && somebody_reads(&m.c);
	capture_free(&m.c);
	if (pass && pass_stdin(STDIN_FILENO, STDOUT_FILENO, raw, &f) < 0)
		failure_die(&f);
	return 0;
}

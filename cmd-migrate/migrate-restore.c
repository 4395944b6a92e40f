/* SPDX-License-Identifier: MIT */
/*
 * migrate-restore - a stream becomes the process tree it was
 *
 * In the foreground it then is the job: it passes its own standard input,
 * terminal and signals on, and exits as the program exits.  With --detach it
 * prints the program's PID and is done.
 */

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/wakeup.h"
#include "image/restore.h"
#include "job/job.h"

#define REDIRECTS 3

struct options {
	const char *file;	/* stream comes from here, not from stdin */
	bool detach, quiet, bridge, end_tcp;
	enum pids_mode pids;
	struct redirect redirects[REDIRECTS];
	size_t redirect_n;
	struct list maps;	/* of struct path_map */
	struct policy policy;
};

enum { KEY_PIDS = 256, KEY_STDIO, KEY_TCP, KEY_VDSO, KEY_FILES, KEY_MAP, KEY_CACHE,
       KEY_USER, KEY_CPU };

const char *argp_program_version = "migrate-restore " VERSION;

static const struct argp_option options[] = {
	{ "detach", 'd', NULL, 0,
	  "Print the PID of the program and leave it running", 0 },
	{ "pids", KEY_PIDS, "same|new|auto", 0,
	  "Keep PIDs, give the tree a PID namespace of its own, or keep them "
	  "if they are free (the default)", 0 },
	{ "stdio", KEY_STDIO, "here|FD=PATH", 0,
	  "Descriptors that led out of the tree become this program's standard "
	  "streams (the default), or descriptor FD (0, 1, 2) leads to PATH", 0 },
	{ "files", KEY_FILES, "MODE", 0,
	  "Where files differ or are missing: auto, use what the stream carries "
	  "(the default); require, refuse; accept, use data files as they are; "
	  "overwrite, replace those that the program writes to", 0 },
	{ "map", KEY_MAP, "OLD=NEW", 0,
	  "Files and directories at or below OLD are at or below NEW here; may "
	  "be given more than once", 0 },
	{ "cache", KEY_CACHE, "DIR", 0,
	  "Keep files that the stream carries in DIR", 0 },
	{ "user", KEY_USER, "same|caller|NAME", 0,
	  "Run the program as the user that it had (the default), as the "
	  "caller, or as NAME", 0 },
	{ "cpu", KEY_CPU, "check|ignore", 0,
	  "Refuse a processor that has fewer instructions (the default), or "
	  "only warn", 0 },
	{ "tcp", KEY_TCP, "keep|close", 0,
	  "Rebuild the TCP connections that are in the stream (the default), or "
	  "close those whose other end is not in it", 0 },
	{ "vdso", KEY_VDSO, "auto|bridge", 0,
	  "Bridge the program's own vDSO to this kernel's even where it is the "
	  "same", 0 },
	{ "quiet", 'q', NULL, 0, "Do not print warnings", 0 },
	{ 0 }
};

static void parse_stdio(struct options *o, char *arg, struct argp_state *state)
{
	char *end;
	long fd;

	if (!strcmp(arg, "here"))
		return;
	fd = strtol(arg, &end, 10);
	if (end == arg || *end != '=' || !end[1] || fd < 0 || fd > 2)
		argp_error(state, "--stdio=%s: neither \"here\" nor FD=PATH with "
			   "FD 0, 1 or 2", arg);
	for (size_t i = 0; i < o->redirect_n; i++)
		if (o->redirects[i].fd == fd)
			argp_error(state, "--stdio: descriptor %ld twice", fd);
	o->redirects[o->redirect_n++] = (struct redirect){ fd, end + 1 };
}

static enum files_mode parse_files(char *arg, struct argp_state *state)
{
	static const char *const names[] = {
		[FILES_AUTO] = "auto", [FILES_REQUIRE] = "require",
		[FILES_ACCEPT] = "accept", [FILES_OVERWRITE] = "overwrite",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(arg, names[i]))
			return i;
	argp_error(state, "--files=%s: not auto, require, accept or overwrite",
		   arg);
	return FILES_AUTO;
}

static void parse_map(struct options *o, char *arg, struct argp_state *state)
{
	struct path_map *map = list_add(&o->maps, sizeof(*map));

	if (path_map_parse(arg, map) < 0)
		argp_error(state, "--map=%s: not OLD=NEW with two absolute "
			   "paths", arg);
}

static bool parse_cpu(const char *arg, struct argp_state *state)
{
	bool ignore = !strcmp(arg, "ignore");

	if (!ignore && strcmp(arg, "check"))
		argp_error(state, "--cpu=%s: not check or ignore", arg);
	return ignore;
}

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'd':
		o->detach = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case KEY_PIDS:
		if (!strcmp(arg, "same"))
			o->pids = PIDS_SAME;
		else if (!strcmp(arg, "new"))
			o->pids = PIDS_NEW;
		else if (!strcmp(arg, "auto"))
			o->pids = PIDS_AUTO;
		else
			argp_error(state, "--pids=%s: not same, new or auto", arg);
		return 0;
	case KEY_STDIO:
		parse_stdio(o, arg, state);
		return 0;
	case KEY_FILES:
		o->policy.files = parse_files(arg, state);
		return 0;
	case KEY_MAP:
		parse_map(o, arg, state);
		return 0;
	case KEY_CACHE:
		o->policy.cache = arg;
		return 0;
	case KEY_USER:
		o->policy.user = arg;
		return 0;
	case KEY_CPU:
		o->policy.any_cpu = parse_cpu(arg, state);
		return 0;
	case KEY_TCP:
		o->end_tcp = !strcmp(arg, "close");
		if (!o->end_tcp && strcmp(arg, "keep"))
			argp_error(state, "--tcp=%s: not keep or close", arg);
		return 0;
	case KEY_VDSO:
		o->bridge = !strcmp(arg, "bridge");
		if (!o->bridge && strcmp(arg, "auto"))
			argp_error(state, "--vdso=%s: not auto or bridge", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_usage(state);
		o->file = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options, .parser = parse_arg, .args_doc = "[FILE]",
	.doc = "Rebuild the process tree from a stream on standard input, or in "
	       "FILE, and be the job that it was."
	       "\vWithout --detach, exits as the program exits: with its status, "
	       "or 128 plus the number of the signal that ended it.",
};

/* The other end of the pipeline may have made the terminal raw by now. */
static void print_warnings(const struct restore *r, const struct options *o)
{
	const char *end = isatty(STDERR_FILENO) ? "\r\n" : "\n";

	if (o->quiet)
		return;
	if (r->why_new)
		fprintf(stderr, "migrate-restore: %s: the program runs in a PID "
			"namespace of its own%s", r->why_new, end);
	list_each(&r->warnings, char *, w)
		fprintf(stderr, "migrate-restore: warning: %s%s", *w, end);
}

/* At once: whoever reads it knows that the program runs. */
static int print_pid(const struct restore *r, struct failure *f)
{
	printf("%d\n", restore_root(r));
	if (fflush(stdout) != 0)
		return fail_errno(f, STATUS_IO, "process %d runs, but its PID "
				  "could not be printed", restore_root(r));
	return 0;
}

static int open_stream(const struct options *o, struct failure *f)
{
	int fd;

	if (!o->file)
		return STDIN_FILENO;
	fd = open(o->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_errno(f, STATUS_IO, "%s", o->file);
	return fd;
}

/*
 * Where the program's keyboard is: after the stream on standard input; on
 * standard input itself if the stream is in a file; on the terminal if the
 * stream was redirected from a file, so that there is nothing after it.
 */
static int keyboard(const struct options *o)
{
	struct stat st;

	if (o->file)
		return STDIN_FILENO;
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
	    isatty(STDOUT_FILENO)) {
		int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

		if (tty >= 0)
			return tty;
	}
	return STDIN_FILENO;
}

static void set_wishes(struct restore *r, const struct options *o)
{
	r->pids = o->pids;
	r->detach = o->detach;
	r->bridge_vdso = o->bridge;
	r->end_tcp = o->end_tcp;
	r->policy = o->policy;
	r->policy.maps = o->maps.items;
	r->policy.map_n = o->maps.n;
	r->redirects = o->redirects;
	r->redirect_n = o->redirect_n;
	/* Detached, nobody passes on what follows a stream on our stdin. */
	r->in = o->detach && !o->file ? -1 : keyboard(o);
	r->pump_in = !o->detach && (!o->file || isatty(r->in));
}

static int be_the_job(struct restore *r, struct stream_in *in,
		      const struct options *o, struct failure *f)
{
	struct job j = {
		.root = restore_root(r), .status_fd = r->shepherd_fd,
		.in_fd = -1, .to_program = -1, .master = r->master,
		.out_fd = STDOUT_FILENO,
	};
	int status = 0;

	if (r->master >= 0 || r->keyboard >= 0) {
		j.in_fd = r->in;
		j.to_program = r->keyboard >= 0 ? r->keyboard : r->master;
		j.in_is_tty = isatty(r->in);
	}
	if (!o->file)
		j.in_rest = stream_in_rest(in, &j.in_rest_len);
	if (job_run(&j, &status, f) < 0)
		return -1;
	return job_exit_status(status);
}

int main(int argc, char *argv[])
{
	struct options o = { 0 };
	struct restore r;
	struct failure f = { 0 };
	struct stream_in *in;
	sigset_t before;
	int fd, status = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	signal(SIGPIPE, SIG_IGN);
	wakeup_fast();
	restore_init(&r);
	set_wishes(&r, &o);
	fd = open_stream(&o, &f);
	if (fd < 0)
		failure_die(&f);
	in = stream_in_new(fd);
	if (restore_build(&r, in, &f) < 0)
		failure_die(&f);
	print_warnings(&r, &o);
	if (!o.detach)
		job_hold_signals(&before);
	if (restore_release(&r, &f) < 0)
		failure_die(&f);
	if (o.detach)
		status = print_pid(&r, &f);
	else
		status = be_the_job(&r, in, &o, &f);
	if (status < 0)
		failure_die(&f);
	stream_in_free(in);
	restore_free(&r);
	return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * migrate-check - can this process tree be moved, and to there?
 *
 * Names every obstacle, at both ends, each with what can be done about it, one a
 * line.  The other end is asked through ssh(1): this program is started there
 * with --look, gets a look at the tree on standard input and answers.  Nothing
 * is stopped or changed anywhere.
 */

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/args.h"
#include "base/failure.h"
#include "image/capture.h"
#include "image/look_args.h"
#include "image/preflight.h"
#include "image/processor.h"

const char *argp_program_version = "migrate-check " VERSION;

enum { KEY_LOOK = 256, KEY_JSON, KEY_SSH, KEY_REMOTE, KEY_FILES, KEY_MAP,
       KEY_CACHE, KEY_USER, KEY_CPU };

static const struct argp_option options[] = {
	{ "quiet", 'q', NULL, 0, "Say nothing if it can be moved", 0 },
	{ "verbose", 'v', NULL, 0,
	  "Say also what the tree holds and what of the processor it may use", 0 },
	{ "json", KEY_JSON, NULL, 0, "Say all of it as one JSON object", 0 },
	{ "ssh", KEY_SSH, "COMMAND", 0,
	  "What HOST and a command line are given to, instead of ssh", 0 },
	{ "remote", KEY_REMOTE, "PROGRAM", 0,
	  "Where this program is at the other end", 0 },
	{ "files", KEY_FILES, "MODE", 0,
	  "How files are to be moved: require (the default), carry, accept or "
	  "overwrite", 0 },
	{ "map", KEY_MAP, "OLD=NEW", 0, "As of migrate-restore", 0 },
	{ "cache", KEY_CACHE, "DIR", 0, "As of migrate-restore", 0 },
	{ "user", KEY_USER, "same|caller|NAME", 0, "As of migrate-restore", 0 },
	{ "cpu", KEY_CPU, "check|ignore", 0, "As of migrate-restore", 0 },
	{ "look", KEY_LOOK, NULL, 0,
	  "Be the other end: answer the look on standard input", 0 },
	{ 0 }
};

struct options {
	pid_t pid;
	const char *host;
	const char *ssh, *remote;
	struct look_args look_args;
	struct list maps;	/* of struct path_map */
	struct list pass_on;	/* of char *, owned: options for the other end */
	struct policy policy;
	bool carry, quiet, verbose, json, look;
};

static void parse_files(struct options *o, const char *arg,
			struct argp_state *state)
{
	if (!strcmp(arg, "accept"))
		o->policy.files = FILES_ACCEPT;
	else if (!strcmp(arg, "overwrite"))
		o->policy.files = FILES_OVERWRITE;
	else if (strcmp(arg, "carry") && strcmp(arg, "require"))
		argp_error(state, "--files=%s: not require, carry, accept or "
			   "overwrite", arg);
	o->carry = strcmp(arg, "require") && strcmp(arg, "accept");
}

static void pass_on(struct options *o, const char *name, const char *value)
{
	*(char **)list_add(&o->pass_on, sizeof(char *)) =
		xasprintf("--%s=%s", name, value);
}

static void parse_map(struct options *o, char *arg, struct argp_state *state)
{
	pass_on(o, "map", arg);
	if (path_map_parse(arg, list_add(&o->maps, sizeof(struct path_map))) < 0)
		argp_error(state, "--map=%s: not OLD=NEW with two absolute "
			   "paths", arg);
}

/* What is about the other end; ARGP_ERR_UNKNOWN if it is not. */
static error_t parse_there(struct options *o, int key, char *arg,
			   struct argp_state *state)
{
	switch (key) {
	case KEY_FILES:
		pass_on(o, "files", arg);
		parse_files(o, arg, state);
		return 0;
	case KEY_MAP:
		parse_map(o, arg, state);
		return 0;
	case KEY_CACHE:
		pass_on(o, "cache", arg);
		o->policy.cache = arg;
		return 0;
	case KEY_USER:
		pass_on(o, "user", arg);
		o->policy.user = arg;
		return 0;
	case KEY_CPU:
		pass_on(o, "cpu", arg);
		o->policy.any_cpu = !strcmp(arg, "ignore");
		if (!o->policy.any_cpu && strcmp(arg, "check"))
			argp_error(state, "--cpu=%s: not check or ignore", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->look_args;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case KEY_JSON:
		o->json = true;
		return 0;
	case KEY_SSH:
		o->ssh = arg;
		return 0;
	case KEY_REMOTE:
		o->remote = arg;
		return 0;
	case KEY_LOOK:
		o->look = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			args_pid(state, arg, &o->pid);
		else if (state->arg_num == 1 && arg[0] && arg[0] != '-')
			o->host = arg;
		else
			argp_usage(state);
		return 0;
	case ARGP_KEY_END:
		if ((state->arg_num < 1) != o->look)
			argp_usage(state);
		return 0;
	}
	return parse_there(o, key, arg, state);
}

static const struct argp_child children[] = { { &look_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = options, .parser = parse_arg, .children = children,
	.args_doc = "PID [HOST]",
	.doc = "Name every obstacle to moving the process tree below PID, to "
	       "HOST if that is given."
	       "\vHOST is what ssh takes, or \"local\".  Nothing is stopped or "
	       "changed.  The exit status is 0 if it can be moved, 69 if not, "
	       "and 78 if only the other end objects.",
};

/* ---- being the other end ---- */

static int be_other_end(struct options *o, struct failure *f)
{
	struct restore r;
	struct stream_in *in = stream_in_new(STDIN_FILENO);
	int rc;

	restore_init(&r);
	r.policy = o->policy;
	r.policy.maps = o->maps.items;
	r.policy.map_n = o->maps.n;
	rc = preflight_judge(&r, in, stdout, f);
	restore_abandon(&r);
	restore_free(&r);
	stream_in_free(in);
	return rc;
}

/* ---- asking it ---- */

/* As one word for a shell. */
static char *quoted(const char *word)
{
	char *text = xmalloc(4 * strlen(word) + 3), *to = text;

	*to++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *word;
	}
	strcpy(to, "'");
	return text;
}

static char *command_line(const struct options *o)
{
	char *line = quoted(o->remote ? o->remote : "migrate-check");

	list_each(&o->pass_on, char *, option) {
		char *word = quoted(*option), *longer;

		longer = xasprintf("%s %s", line, word);
		free(line);
		free(word);
		line = longer;
	}
	return xasprintf("%s --look", line);
}

static void exec_local(const struct options *o)
{
	char **argv = xcalloc(o->pass_on.n + 3, sizeof(*argv));
	size_t n = 0;

	argv[n++] = xstrdup("migrate-check");
	list_each(&o->pass_on, char *, option)
		argv[n++] = *option;
	argv[n] = xstrdup("--look");
	execv("/proc/self/exe", argv);
}

static void exec_there(const struct options *o)
{
	char *script;

	if (!strcmp(o->host, "local")) {
		exec_local(o);
		return;
	}
	script = xasprintf("exec %s \"$@\";", o->ssh ? o->ssh : "ssh");
	execl("/bin/sh", "sh", "-c", script, "sh", o->host, command_line(o),
	      (char *)NULL);
}

static pid_t start_there(const struct options *o, int *to, int *from)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		signal(SIGPIPE, SIG_DFL);
		exec_there(o);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	*to = in[1];
	*from = out[0];
	return pid;
}

static int no_answer(const struct options *o, int status, struct failure *f)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return fail(f, STATUS_DIFFERS, "migrate-check cannot be started "
			    "on %s: install it there, or say where it is "
			    "(--remote)", o->host);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 64)
		return fail(f, STATUS_DIFFERS, "migrate-check on %s does not "
			    "know --look: install the same version there",
			    o->host);
	return fail(f, STATUS_IO, "no answer from %s", o->host);
}

static int ask(const struct options *o, struct capture *c, struct answer *a,
	       struct failure *f)
{
	int to, from, status = 0;
	struct failure writing = { 0 };
	FILE *in;
	pid_t pid = start_there(o, &to, &from);

	if (pid < 0)
		return fail_errno(f, 0, "cannot start a process");
	preflight_write(c, to, &writing);
	close(to);
	in = fdopen(from, "r");
	if (in) {
		preflight_read(in, a);
		fclose(in);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return a->whole ? 0 : no_answer(o, status, f);
}

/* ---- what there is ---- */

/* Of descriptors by what they lead to. */
struct count {
	char name[32];
	size_t n;
};

static const char *nature(const struct source_fd *fd, char *room, size_t size)
{
	if (!strncmp(fd->link, "anon_inode:", 11)) {
		snprintf(room, size, "%.*s", (int)strcspn(fd->link + 11 +
			 (fd->link[11] == '['), "]"),
			 fd->link + 11 + (fd->link[11] == '['));
		return room;
	}
	return S_ISREG(fd->st.st_mode) ? (fd->deleted ? "deleted file" : "file") :
	       S_ISDIR(fd->st.st_mode) ? "directory" :
	       S_ISFIFO(fd->st.st_mode) ? "pipe" :
	       S_ISSOCK(fd->st.st_mode) ? "socket" : "device";
}

static void count_fd(struct list *counts, const char *name)
{
	struct count *c;

	list_each(counts, struct count, known)
		if (!strcmp(known->name, name)) {
			known->n++;
			return;
		}
	c = list_add(counts, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->n = 1;
}

static struct list count_fds(const struct capture *c)
{
	struct list counts = { 0 };
	char room[32];

	list_each(&c->sources, struct source, s)
		list_each(&s->fds, struct source_fd, fd)
			count_fd(&counts, nature(fd, room, sizeof(room)));
	return counts;
}

static size_t count_threads(const struct capture *c)
{
	size_t n = 0;

	list_each(&c->sources, struct source, s)
		n += s->zombie ? 0 : s->stat.threads;
	return n;
}

/* For a way that takes a GiB a second, and each process costs a little. */
static uint64_t freeze_ms(const struct capture *c)
{
	uint64_t bytes = c->image.header.resident;

	list_each(&c->image.records[0], struct record, r)
		bytes += 1 << 20;
	image_each(&c->image, RECORD_CARRIED, struct rec_carried, k)
		bytes += k->size;
	return 5 + (bytes * 1000 >> 30);
}

/* ---- for people ---- */

static void say_holds(const struct capture *c)
{
	struct list counts = count_fds(c);
	bool some = false;

	printf("  %zu process%s, %zu thread%s, %llu MiB in memory: stopped for "
	       "about %llu ms, by a way that takes 1 GiB a second\n",
	       c->sources.n, c->sources.n == 1 ? "" : "es", count_threads(c),
	       count_threads(c) == 1 ? "" : "s",
	       (unsigned long long)(c->image.header.resident >> 20),
	       (unsigned long long)freeze_ms(c));
	printf("  descriptors: ");
	list_each(&counts, struct count, k) {
		printf("%s%zu %s", some ? ", " : "", k->n, k->name);
		some = true;
	}
	printf("%s\n  instructions that it may have found:", some ? "" : "none");
	list_each(&c->image.header.cpu, struct cpu_feature, cpu)
		if (processor_instruction(cpu->name))
			printf(" %s", cpu->name);
	printf("\n");
	list_free(&counts);
}

static void say(const struct options *o, const struct capture *c,
		const struct answer *a, int status)
{
	list_each(&c->obstacles, struct obstacle, ob)
		printf("process %d (%s) %s%s%s\n", ob->pid, ob->name, ob->what,
		       ob->remedy ? ": " : "", ob->remedy ? ob->remedy : "");
	list_each(&a->obstacles, char *, text)
		printf("%s: %s\n", o->host, *text);
	if (o->quiet)
		return;
	list_each(&a->notes, char *, text)
		printf("%s: note: %s\n", o->host, *text);
	if (!status)
		printf("process %d can be moved%s%s: %zu process%s\n", o->pid,
		       o->host ? " to " : "", o->host ? o->host : "",
		       c->sources.n, c->sources.n == 1 ? "" : "es");
	if (o->verbose)
		say_holds(c);
}

/* ---- for programs ---- */

static void json_texts(const char *key, const struct list *texts)
{
	bool some = false;

	printf(",\"%s\":[", key);
	list_each(texts, char *, text) {
		printf("%s", some ? "," : "");
		text_print_json(stdout, *text);
		some = true;
	}
	printf("]");
}

static void json_obstacles(const struct capture *c)
{
	bool some = false;

	printf(",\"obstacles\":[");
	list_each(&c->obstacles, struct obstacle, ob) {
		printf("%s{\"pid\":%d,\"name\":", some ? "," : "", ob->pid);
		text_print_json(stdout, ob->name);
		printf(",\"what\":");
		text_print_json(stdout, ob->what);
		printf(",\"remedy\":");
		if (ob->remedy)
			text_print_json(stdout, ob->remedy);
		else
			printf("null");
		printf("}");
		some = true;
	}
	printf("]");
}

static void json_holds(const struct capture *c)
{
	struct list counts = count_fds(c);
	bool some = false;

	printf(",\"descriptors\":{");
	list_each(&counts, struct count, k) {
		printf("%s", some ? "," : "");
		text_print_json(stdout, k->name);
		printf(":%zu", k->n);
		some = true;
	}
	printf("},\"instructions\":[");
	some = false;
	list_each(&c->image.header.cpu, struct cpu_feature, cpu)
		if (processor_instruction(cpu->name)) {
			printf("%s", some ? "," : "");
			text_print_json(stdout, cpu->name);
			some = true;
		}
	printf("]");
	list_free(&counts);
}

static void say_json(const struct options *o, const struct capture *c,
		     const struct answer *a, int status)
{
	printf("{\"pid\":%d,\"go\":%s,\"processes\":%zu,\"threads\":%zu,"
	       "\"bytes\":%llu,\"freeze_ms\":%llu", o->pid,
	       status ? "false" : "true", c->sources.n, count_threads(c),
	       (unsigned long long)c->image.header.resident,
	       (unsigned long long)freeze_ms(c));
	json_holds(c);
	json_obstacles(c);
	if (o->host) {
		printf(",\"destination\":{\"name\":");
		text_print_json(stdout, o->host);
		printf(",\"host\":");
		text_print_json(stdout, a->host);
		printf(",\"kernel\":");
		text_print_json(stdout, a->kernel);
		json_texts("obstacles", &a->obstacles);
		json_texts("notes", &a->notes);
		printf("}");
	}
	printf("}\n");
}

static int look(const struct options *o, struct capture *c, struct answer *a,
		struct failure *f)
{
	look_args_apply(&o->look_args, c);
	c->carry = o->carry;
	if (capture_look(c, o->pid, f) < 0 || preflight_record(c, f) < 0)
		return -1;
	return o->host ? ask(o, c, a, f) : 0;
}

int main(int argc, char *argv[])
{
	struct options o = { 0 };
	struct capture c = { 0 };
	struct answer a = { 0 };
	struct failure f = { 0 };
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	signal(SIGPIPE, SIG_IGN);
	if (o.look) {
		if (be_other_end(&o, &f) < 0)
			failure_die(&f);
		return 0;
	}
	if (look(&o, &c, &a, &f) < 0)
		failure_die(&f);
	status = c.obstacles.n ? STATUS_OBSTACLE :
		a.obstacles.n ? STATUS_DIFFERS : 0;
	if (o.json)
		say_json(&o, &c, &a, status);
	else
		say(&o, &c, &a, status);
	answer_free(&a);
	capture_free(&c);
	return status;
}

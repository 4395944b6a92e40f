/* SPDX-License-Identifier: MIT */
/*
 * unit-job.c - lib/job with real terminals, pipes, signals and processes
 *
 * Each test is a process of its own that plays shell and user at once: it
 * leads a session whose terminal is the far side of a pseudo-terminal, of
 * which it holds the near side (keyboard and screen).  In it, job_run() or
 * pass_stdin() is a job in a process group of its own.  The moved program is
 * a function here, started by a "shepherd" as the restore would have it.
 *
 * What is waited for is a condition, and the alarm of the test is the only
 * limit; where something must not happen, something else that comes after it
 * is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/io.h"
#include "job/job.h"
#include "job/pass.h"
#include "job/pty.h"

#define TEST_SECONDS	60

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: %s: not so: %s (errno %d)\n",\
				__FILE__, __LINE__, __func__, #cond, errno); \
			_exit(1);					\
		}							\
	} while (0)

/* ---- the shell ---- */

static int screen = -1;		/* near side of the shell's terminal */
static int tty = -1;		/* far side */

static void shell_start(void)
{
	char path[PTY_PATH_LEN];
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	struct failure f = { 0 };

	CHECK(setsid() > 0);
	CHECK(pty_open(&screen, path, NULL, 0, &size, &f) == 0);
	tty = pty_slave(screen, O_RDWR | O_CLOEXEC);
	CHECK(tty >= 0);
	CHECK(ioctl(tty, TIOCSCTTY, 0) == 0);
	/* As shells do, to be able to take the terminal back. */
	signal(SIGTTOU, SIG_IGN);
}

static void foreground(pid_t group)
{
	CHECK(tcsetpgrp(tty, group) == 0);
}

static bool is_raw(void)
{
	struct termios t;

	CHECK(tcgetattr(screen, &t) == 0);
	return !(t.c_lflag & (ICANON | ISIG | ECHO));
}

/* Asks again until it is so; the alarm ends what never comes. */
#define UNTIL(cond)							\
	do {								\
		while (!(cond))						\
			poll(NULL, 0, 2);				\
	} while (0)

static void type(const char *text)
{
	CHECK(write_full(screen, text, strlen(text)) == 0);
}

static void send_text(int fd, const char *text)
{
	CHECK(write_full(fd, text, strlen(text)) == 0);
}

/* Reads what @fd gives up to and with @text. */
static void expect(int fd, const char *text)
{
	char seen[4096] = "";
	size_t n = 0;

	while (!strstr(seen, text)) {
		ssize_t got = read(fd, seen + n, 1);

		if (got <= 0 || n == sizeof(seen) - 2) {
			fprintf(stderr, "expected \"%s\", came \"%s\"\n", text,
				seen);
			_exit(1);
		}
		seen[++n] = '\0';
	}
}

/* @fd gives exactly @text, then its end. */
static void expect_all(int fd, const char *text)
{
	char seen[4096];
	ssize_t n = read_full(fd, seen, sizeof(seen) - 1);

	CHECK(n >= 0);
	seen[n] = '\0';
	if (strcmp(seen, text) != 0) {
		fprintf(stderr, "expected \"%s\", came \"%s\"\n", text, seen);
		_exit(1);
	}
}

static char state_of(pid_t pid)
{
	char path[32], *text, *paren, state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	text = read_file(path, NULL);
	if (!text)
		return '-';
	paren = strrchr(text, ')');
	CHECK(paren);
	state = paren[2];
	free(text);
	return state;
}

/* Processor time used, in clock ticks. */
static unsigned long ticks_of(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[32], *text;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	text = read_file(path, NULL);
	CHECK(text);
	CHECK(sscanf(strrchr(text, ')'),
		     ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		     &user, &system) == 2);
	free(text);
	return user + system;
}

static pid_t fork_child(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		signal(SIGTTOU, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

/* ---- the restore ---- */

/* Of the program; the last is a terminal with stdin from a pipe. */
enum wiring { PIPES, PTY, PTY_AND_PIPE };

/* How a job is to be; the shell's ends of it are filled in. */
struct setup {
	void (*program)(void);
	enum wiring wiring;
	bool keyboard;		/* stdin is the terminal, else a pipe */
	bool screen;		/* stdout is the terminal, else a pipe */
	bool background;
	bool socket;		/* stdin and stdout are one, as under sshd */
	bool stranger;		/* not allowed to open them again */
	bool deaf;		/* to SIGHUP, as after nohup */
	bool no_input;		/* in_fd -1 */
	bool own_session;	/* of the program; always so with PTY */
	const char *in_path;	/* stdin and stdout are these files */
	const char *out_path;
	const char *rest;
	size_t rest_len;

	pid_t restore, shepherd, root;
	int in, out;		/* the shell's ends of the pipes, -1 */
};

/* All the program's own; nothing of ours may stay open in it. */
static void become_program(const struct setup *s, int in, int out, int ready,
			   const char *path)
{
	if (s->wiring != PIPES || s->own_session)
		CHECK(setsid() > 0);
	else
		CHECK(setpgid(0, 0) == 0);
	if (s->wiring != PIPES) {
		out = open(path, O_RDWR);
		CHECK(out >= 0 && ioctl(out, TIOCSCTTY, 0) == 0);
	}
	if (s->wiring == PTY)
		in = out;
	CHECK(write(ready, "r", 1) == 1);
	CHECK(dup2(in, 0) == 0 && dup2(out, 1) == 1);
	close_range(3, ~0u, 0);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &(sigset_t){ 0 }, NULL);
	s->program();
	_exit(0);
}

/* Tells PIDs and status through @report, as the restore's shepherd would. */
static void become_shepherd(const struct setup *s, int in, int out,
			    int status_fd, int report, const char *path)
{
	int ready[2], status;
	pid_t pids[2] = { getpid() };
	char byte;

	CHECK(pipe(ready) == 0);
	pids[1] = fork_child();
	if (pids[1] == 0)
		become_program(s, in, out, ready[1], path);
	close(in);
	close(out);
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1);
	CHECK(write(report, pids, sizeof(pids)) == sizeof(pids));
	close(report);
	CHECK(waitpid(pids[1], &status, 0) == pids[1]);
	CHECK(write(status_fd, &status, sizeof(status)) == sizeof(status));
	_exit(0);
}

static void become_restore(const struct setup *s, int in, int out, int tell)
{
	struct job j = { .in_fd = in, .out_fd = out, .to_program = -1,
			 .master = -1, .in_rest = s->rest,
			 .in_rest_len = s->rest_len,
			 .in_is_tty = s->wiring != PIPES && s->keyboard };
	struct failure f = { 0 };
	char path[PTY_PATH_LEN] = "";
	int status_fd[2], report[2], input[2] = { -1, -1 }, status;
	pid_t pids[2];
	sigset_t old;

	if (s->stranger) {
		CHECK(fchmod(in, 0) == 0 && fchmod(out, 0) == 0);
		CHECK(geteuid() != 0 || setuid(65534) == 0);
	}
	if (s->deaf)
		signal(SIGHUP, SIG_IGN);
	job_hold_signals(&old);
	CHECK(pipe2(status_fd, O_CLOEXEC) == 0);
	CHECK(pipe2(report, O_CLOEXEC) == 0);
	if (s->wiring != PIPES)
		CHECK(pty_open(&j.master, path, NULL, 0, NULL, &f) == 0);
	if (s->wiring == PTY) {
		j.to_program = j.master;
	} else {
		CHECK(pipe(input) == 0);
		j.to_program = input[1];
	}

	if (fork_child() == 0) {
		/* What is typed to us is not for it, nor does it read. */
		setpgid(0, 0);
		if (in != out)
			close(in);
		close(j.to_program);
		if (j.master != j.to_program)
			close(j.master);
		become_shepherd(s, input[0], out, status_fd[1], report[1],
				path);
	}
	close(status_fd[1]);
	close(report[1]);
	if (input[0] >= 0)
		close(input[0]);
	CHECK(read_full(report[0], pids, sizeof(pids)) == sizeof(pids));
	CHECK(write(tell, pids, sizeof(pids)) == sizeof(pids));
	close(tell);

	if (s->no_input)
		j.in_fd = -1;
	j.root = pids[1];
	j.status_fd = status_fd[0];
	if (job_run(&j, &status, &f) < 0)
		_exit(f.status);
	CHECK(j.master == -1 && j.to_program == -1);
	_exit(job_exit_status(status));
}

static void job_start(struct setup *s)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, tell[2];
	pid_t pids[2];

	CHECK(pipe2(tell, O_CLOEXEC) == 0);
	if (s->socket) {
		CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) ==
		      0);
		CHECK((out[0] = dup(in[1])) >= 0 && (out[1] = dup(in[0])) >= 0);
	}
	if (!s->keyboard && !s->socket)
		CHECK(pipe2(in, O_CLOEXEC) == 0);
	if (!s->screen && !s->socket)
		CHECK(pipe2(out, O_CLOEXEC) == 0);
	s->in = in[1];
	s->out = out[0];
	s->restore = fork_child();
	if (s->restore == 0) {
		int from = s->keyboard ? tty :
			   s->in_path ? open(s->in_path, O_RDONLY) : in[0];
		int to = s->screen ? tty :
			 s->out_path ? open(s->out_path, O_WRONLY) : out[1];

		setpgid(0, 0);
		close(screen);
		close(in[1]);
		close(out[0]);
		close(tell[0]);
		become_restore(s, from, to, tell[1]);
	}
	setpgid(s->restore, s->restore);
	if (!s->background)
		foreground(s->restore);
	close(in[0]);
	close(out[1]);
	close(tell[1]);
	CHECK(read_full(tell[0], pids, sizeof(pids)) == sizeof(pids));
	close(tell[0]);
	s->shepherd = pids[0];
	s->root = pids[1];
}

static int job_end(struct setup *s)
{
	int status;

	CHECK(waitpid(s->restore, &status, 0) == s->restore);
	foreground(getpgrp());
	return job_exit_status(status);
}

/* ---- programs that have moved ---- */

static void say(const char *text)
{
	send_text(1, text);
}

static void end_with_7(void)
{
	_exit(7);
}

static void end_by_kill(void)
{
	raise(SIGKILL);
}

static void copy(void)
{
	char buf[65536];
	ssize_t n;

	while ((n = read_some(0, buf, sizeof(buf))) > 0)
		CHECK(write_full(1, buf, n) == 0);
	_exit(3);
}

static void forever(void)
{
	say("ready\n");
	for (;;)
		pause();
}

static void tell_signal(int sig, siginfo_t *info, void *context)
{
	char text[64];

	(void)context;
	snprintf(text, sizeof(text), "<%s %d>", strsignal(sig),
		 info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
	say(text);
	if (sig == SIGTERM)
		_exit(9);
}

static void hear(int sig)
{
	struct sigaction sa = { .sa_sigaction = tell_signal,
				.sa_flags = SA_SIGINFO | SA_RESTART };

	CHECK(sigaction(sig, &sa, NULL) == 0);
}

static void hear_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1,
				       SIGUSR2, SIGALRM, SIGTERM };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		hear(signals[i]);
	hear(SIGRTMIN + 2);
	forever();
}

/* A group of two, each of which tells of SIGUSR1. */
static void hear_signals_in_group(void)
{
	int both[2];
	char byte;

	CHECK(pipe(both) == 0);
	hear(SIGUSR1);
	if (fork_child() == 0) {
		CHECK(write(both[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(both[0], &byte, 1) == 1);
	forever();
}

/* One MiB in which every 8 bytes tell where they are. */
enum { FLOOD = 1 << 20 };

static void flood_at(char text[8], int i)
{
	for (int digit = 7; digit-- > 0; i /= 10)
		text[digit] = '0' + i % 10;
	text[7] = '.';
}

static void flood(void)
{
	static char data[FLOOD];

	for (int i = 0; i < FLOOD; i += 8)
		flood_at(data + i, i);
	CHECK(write_full(1, data, FLOOD) == 0);
	_exit(5);
}

static void set_own_raw(void)
{
	struct termios t;

	CHECK(tcgetattr(0, &t) == 0);
	cfmakeraw(&t);
	CHECK(tcsetattr(0, TCSANOW, &t) == 0);
}

/* ---- tests: the end ---- */

static void exit_status(void)
{
	struct setup s = { .program = end_with_7 };

	job_start(&s);
	CHECK(job_end(&s) == 7);
	s = (struct setup){ .program = end_by_kill, .wiring = PTY };
	job_start(&s);
	CHECK(job_end(&s) == 128 + SIGKILL);
}

static void status_lost(void)
{
	struct setup s = { .program = forever };

	job_start(&s);
	expect(s.out, "ready");
	kill(s.shepherd, SIGKILL);
	CHECK(job_end(&s) == STATUS_SYSTEM);
}

static void expect_flood(int fd, size_t bite)
{
	static char data[FLOOD + 1];
	char want[8];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, data + n, FLOOD - n < bite ? FLOOD - n : bite)) >
	       0)
		n += got;
	CHECK(got == 0);
	CHECK(n == FLOOD);
	for (int i = 0; i < FLOOD; i += 8) {
		flood_at(want, i);
		CHECK(memcmp(data + i, want, 8) == 0);
	}
}

static void flood_of_terminal(void)
{
	struct setup s = { .program = flood, .wiring = PTY };

	job_start(&s);
	expect_flood(s.out, FLOOD);
	CHECK(read(s.out, &s, 1) == 0);
	CHECK(job_end(&s) == 5);
}

static void flood_to_slow_reader(bool socket, bool stranger)
{
	struct setup s = { .program = flood, .wiring = PTY, .socket = socket,
			   .stranger = stranger };

	job_start(&s);
	/* Until nothing moves any more. */
	UNTIL(state_of(s.restore) == 'S' && state_of(s.root) == 'S');
	expect_flood(s.out, 1000);
	CHECK(job_end(&s) == 5);
}

static void flood_to_pipe(void)
{
	flood_to_slow_reader(false, false);
}

static void flood_to_socket(void)
{
	flood_to_slow_reader(true, false);
}

static void flood_to_pipe_of_another(void)
{
	flood_to_slow_reader(false, true);
}

static int unread(int fd)
{
	int n;

	CHECK(ioctl(fd, FIONREAD, &n) == 0);
	return n;
}

/* A reader that does not read holds back the output, but not the signals:
 * one for the program, one for the wait. */
static void signal_while_output_waits(bool stranger)
{
	struct setup s = { .program = flood, .wiring = PTY,
			   .stranger = stranger };
	int status;

	job_start(&s);
	/* Whole pages may be wanting: short writes are not divided. */
	UNTIL(unread(s.out) > 50000 && state_of(s.restore) == 'S' &&
	      state_of(s.root) == 'S');
	kill(s.restore, SIGTERM);
	UNTIL(state_of(s.root) == '-');
	CHECK(waitpid(s.restore, &status, WNOHANG) == 0);
	/* Again, since it may not have heard of the end yet. */
	while (waitpid(s.restore, &status, WNOHANG) == 0) {
		kill(s.restore, SIGTERM);
		poll(NULL, 0, 2);
	}
	CHECK(job_exit_status(status) == 128 + SIGTERM);
}

static void signal_while_pipe_is_full(void)
{
	signal_while_output_waits(false);
}

static void signal_while_pipe_of_another_is_full(void)
{
	signal_while_output_waits(true);
}

/* A few bytes, which the kernel may still have on the way at the end. */
static void last_words(void)
{
	say("last words");
	_exit(1);
}

static void last_words_arrive(void)
{
	for (int i = 0; i < 200; i++) {
		struct setup s = { .program = last_words, .wiring = PTY };

		job_start(&s);
		expect_all(s.out, "last words");
		close(s.in);
		close(s.out);
		CHECK(job_end(&s) == 1);
	}
}

/* ---- tests: input ---- */

static void rest_goes_first(enum wiring wiring, const char *want)
{
	struct setup s = { .program = copy, .wiring = wiring, .rest = "abc\n",
			   .rest_len = 4 };

	job_start(&s);
	send_text(s.in, "def\n");
	close(s.in);
	expect_all(s.out, want);
	CHECK(job_end(&s) == 3);
}

static void rest_first_to_pipe(void)
{
	rest_goes_first(PIPES, "abc\ndef\n");
}

static void one_socket_for_both(void)
{
	struct setup s = { .program = copy, .socket = true };

	job_start(&s);
	send_text(s.in, "abc");
	CHECK(shutdown(s.in, SHUT_WR) == 0);
	expect_all(s.out, "abc");
	CHECK(job_end(&s) == 3);
}

/* The echo of both lines may come before either is copied. */
static void end_of_input_to_terminal(void)
{
	struct setup s = { .program = copy, .wiring = PTY };

	job_start(&s);
	send_text(s.in, "one\n");
	expect(s.out, "one\r\none\r\n");
	send_text(s.in, "not a line");
	close(s.in);
	expect(s.out, "not a linenot a line");
	CHECK(job_end(&s) == 3);
}

static void no_input_at_all(void)
{
	struct setup s = { .program = copy, .no_input = true, .rest = "rest",
			   .rest_len = 4 };

	job_start(&s);
	expect_all(s.out, "rest");
	CHECK(job_end(&s) == 3);
}

static volatile sig_atomic_t asked;

static void ask(int sig)
{
	(void)sig;
	asked = 1;
}

/* Counts bytes until it has been asked for their number. */
static void count_raw(void)
{
	struct sigaction sa = { .sa_handler = ask };
	char text[64], c;
	int n = 0;

	set_own_raw();
	sigaction(SIGUSR1, &sa, NULL);
	say("ready\n");
	while (!asked) {
		if (read(0, &c, 1) == 1)
			n++;
		if (n == 3)
			say("three\n");
	}
	snprintf(text, sizeof(text), "%d bytes\n", n);
	say(text);
	_exit(0);
}

static void end_of_input_to_raw_terminal(void)
{
	struct setup s = { .program = count_raw, .wiring = PTY };

	job_start(&s);
	expect(s.out, "ready\n");
	send_text(s.in, "123");
	expect(s.out, "three\n");
	close(s.in);
	/* Signals are looked at before input, so let it have had its turn. */
	UNTIL(state_of(s.restore) == 'S');
	kill(s.restore, SIGUSR1);
	expect(s.out, "3 bytes");
	CHECK(job_end(&s) == 0);
}

static void take_a_mebibyte(void)
{
	static char data[FLOOD];

	set_own_raw();
	say("ready\n");
	for (int n = 0; n < FLOOD;) {
		ssize_t got = read(0, data + n, 100);

		CHECK(got > 0);
		n += got;
	}
	for (int i = 0; i < FLOOD; i++)
		CHECK(data[i] == (char)(i % 251));
	_exit(11);
}

static void mebibyte_typed(void)
{
	struct setup s = { .program = take_a_mebibyte, .wiring = PTY };
	static char data[FLOOD];

	for (int i = 0; i < FLOOD; i++)
		data[i] = i % 251;
	job_start(&s);
	expect(s.out, "ready\n");
	CHECK(write_full(s.in, data, FLOOD) == 0);
	CHECK(job_end(&s) == 11);
}

static void writer_is_held_back(void)
{
	struct setup s = { .program = forever };
	static char data[4096];
	struct pollfd p;
	size_t n = 0;

	job_start(&s);
	expect(s.out, "ready");
	fcntl(s.in, F_SETFL, O_NONBLOCK);
	p = (struct pollfd){ s.in, POLLOUT, 0 };
	/* Nobody reads: two pipes and what is between them, no more. */
	while (poll(&p, 1, 200) == 1) {
		ssize_t w = write(s.in, data, sizeof(data));

		CHECK(w > 0);
		n += w;
		CHECK(n < 4 * 65536);
	}
	CHECK(ticks_of(s.restore) < 20);
	kill(s.root, SIGKILL);
	CHECK(job_end(&s) == 128 + SIGKILL);
}

static void close_input(void)
{
	close(0);
	forever();
}

static void writer_learns_of_closed_input(void)
{
	struct setup s = { .program = close_input };
	struct pollfd p;

	job_start(&s);
	expect(s.out, "ready");
	p = (struct pollfd){ s.in, 0, 0 };
	CHECK(poll(&p, 1, -1) == 1 && p.revents & POLLERR);
	CHECK(state_of(s.root) == 'S');
	kill(s.restore, SIGTERM);
	CHECK(job_end(&s) == 128 + SIGTERM);
}

/* ---- tests: output ---- */

static void reader_gone(void)
{
	struct setup s = { .program = forever, .wiring = PTY };

	job_start(&s);
	expect(s.out, "ready");
	close(s.out);
	CHECK(job_end(&s) == 128 + SIGHUP);
}

static void socket_gone(void)
{
	struct setup s = { .program = forever, .wiring = PTY, .socket = true };

	job_start(&s);
	expect(s.out, "ready");
	close(s.in);
	close(s.out);
	CHECK(job_end(&s) == 128 + SIGHUP);
}

static void output_to_full_disk(void)
{
	struct setup s = { .program = forever, .wiring = PTY };

	s.out_path = "/dev/full";
	job_start(&s);
	CHECK(job_end(&s) == STATUS_IO);
}

/* Gives up its terminal, and takes it back when it is told to. */
static void close_and_reopen(void)
{
	struct sigaction sa = { .sa_handler = ask };
	char path[PTY_PATH_LEN];
	int in[2];

	CHECK(ttyname_r(0, path, sizeof(path)) == 0);
	CHECK(pipe(in) == 0);
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGHUP, SIG_IGN);
	say("closing");
	close(0);
	close(1);
	dup2(2, 0);
	while (!asked)
		poll(NULL, 0, 10);
	CHECK(open(path, O_RDWR) == 1);
	say("back");
	for (;;)
		pause();
}

static void closed_and_opened_again(const char *typed)
{
	struct setup s = { .program = close_and_reopen, .wiring = PTY };
	unsigned long before;

	job_start(&s);
	expect(s.out, "closing");
	before = ticks_of(s.restore);
	send_text(s.in, typed);
	poll(NULL, 0, 600);
	CHECK(ticks_of(s.restore) - before < 10);
	kill(s.root, SIGUSR1);
	expect(s.out, "back");
	kill(s.restore, SIGTERM);
	CHECK(job_end(&s) == 128 + SIGTERM);
}

static void terminal_closed_and_opened_again(void)
{
	closed_and_opened_again("");
}

static void typed_to_closed_terminal(void)
{
	closed_and_opened_again("x");
}

/* ---- tests: signals ---- */

static void signals_are_passed_on(enum wiring wiring)
{
	struct setup s = { .program = hear_signals, .wiring = wiring };
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1,
				       SIGUSR2, SIGALRM };
	union sigval value = { .sival_int = 4711 };

	job_start(&s);
	expect(s.out, "ready");
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		char want[64];

		kill(s.restore, signals[i]);
		snprintf(want, sizeof(want), "<%s 0>", strsignal(signals[i]));
		expect(s.out, want);
	}
	sigqueue(s.restore, SIGRTMIN + 2, value);
	expect(s.out, " 4711>");
	kill(s.restore, SIGTERM);
	expect(s.out, "<Terminated 0>");
	CHECK(job_end(&s) == 9);
}

static void signals_without_terminal(void)
{
	signals_are_passed_on(PIPES);
}

static void signals_with_terminal(void)
{
	signals_are_passed_on(PTY);
}

static void signals_reach_the_group(void)
{
	struct setup s = { .program = hear_signals_in_group };

	job_start(&s);
	expect(s.out, "ready");
	kill(s.restore, SIGUSR1);
	expect(s.out, "<User defined signal 1 0>");
	expect(s.out, "<User defined signal 1 0>");
	kill(s.restore, SIGINT);
	CHECK(job_end(&s) == 128 + SIGINT);
}

static void nohup_is_respected(void)
{
	struct setup s = { .program = hear_signals, .deaf = true };

	job_start(&s);
	expect(s.out, "ready\n");
	kill(s.restore, SIGHUP);
	kill(s.restore, SIGUSR1);
	expect(s.out, ">");
	kill(s.restore, SIGTERM);
	expect_all(s.out, "<Terminated 0>");
	CHECK(job_end(&s) == 9);
}

static void interrupt_typed(enum wiring wiring)
{
	struct setup s = { .program = forever, .wiring = wiring,
			   .keyboard = true };

	job_start(&s);
	expect(s.out, "ready");
	UNTIL(is_raw() == (wiring == PTY));
	type("\003");
	CHECK(job_end(&s) == 128 + SIGINT);
	CHECK(!is_raw());
}

static void interrupt_without_terminal(void)
{
	interrupt_typed(PIPES);
}

/* A terminal is there, but input goes to a pipe: ^C is the signal's. */
static void interrupt_beside_pipe(void)
{
	struct setup s = { .program = forever, .wiring = PTY_AND_PIPE,
			   .keyboard = true };

	job_start(&s);
	expect(s.out, "ready");
	type("\003");
	CHECK(job_end(&s) == 128 + SIGINT);
}

static void interrupt_with_terminal(void)
{
	interrupt_typed(PTY);
}

/* ---- tests: terminals ---- */

static void tell_size(int sig)
{
	struct winsize size;
	char text[64];

	(void)sig;
	CHECK(ioctl(0, TIOCGWINSZ, &size) == 0);
	snprintf(text, sizeof(text), "<%dx%d>", size.ws_row, size.ws_col);
	say(text);
}

static void tell_sizes(void)
{
	struct sigaction sa = { .sa_handler = tell_size };

	sigaction(SIGWINCH, &sa, NULL);
	say("ready");
	for (;;) {
		tell_size(0);
		pause();
	}
}

static void size_is_followed(bool keyboard, bool to_screen)
{
	struct setup s = { .program = tell_sizes, .wiring = PTY,
			   .keyboard = keyboard, .screen = to_screen };
	struct winsize size = { .ws_row = 50, .ws_col = 132 };
	int out;

	size.ws_row = 24;
	size.ws_col = 80;
	CHECK(ioctl(tty, TIOCSWINSZ, &size) == 0);
	job_start(&s);
	out = to_screen ? screen : s.out;
	expect(out, "<24x80>");
	size.ws_row = 50;
	size.ws_col = 132;
	CHECK(ioctl(screen, TIOCSWINSZ, &size) == 0);
	expect(out, "<50x132>");
	kill(s.restore, SIGTERM);
	CHECK(job_end(&s) == 128 + SIGTERM);
}

static void size_of_screen(void)
{
	size_is_followed(false, true);
}

static void size_of_keyboard(void)
{
	size_is_followed(true, false);
}

static void size_of_dev_tty(void)
{
	size_is_followed(false, false);
}

/* The terminal of a descriptor counts before that of our session. */
static void size_of_another_terminal(bool keyboard)
{
	struct setup s = { .program = tell_sizes, .wiring = PTY };
	struct winsize size = { .ws_row = 33, .ws_col = 44 };
	struct failure f = { 0 };
	char path[PTY_PATH_LEN];
	int other;

	CHECK(pty_open(&other, path, NULL, 0, &size, &f) == 0);
	if (keyboard)
		s.in_path = path;
	else
		s.out_path = path;
	job_start(&s);
	expect(keyboard ? s.out : other, "<33x44>");
	kill(s.restore, SIGTERM);
	CHECK(job_end(&s) == 128 + SIGTERM);
}

static void size_of_another_screen(void)
{
	size_of_another_terminal(false);
}

static void size_of_another_keyboard(void)
{
	size_of_another_terminal(true);
}

static void modes_come_back(void)
{
	struct setup s = { .program = hear_signals, .wiring = PTY,
			   .keyboard = true, .screen = true };
	struct termios before, after;

	CHECK(tcgetattr(screen, &before) == 0);
	before.c_cc[VERASE] = 'q';
	before.c_iflag |= IUTF8;
	CHECK(tcsetattr(tty, TCSANOW, &before) == 0);
	CHECK(tcgetattr(screen, &before) == 0);
	job_start(&s);
	expect(screen, "ready");
	UNTIL(is_raw());
	CHECK(!(fcntl(tty, F_GETFL) & O_NONBLOCK));
	kill(s.restore, SIGTERM);
	CHECK(job_end(&s) == 9);
	CHECK(tcgetattr(screen, &after) == 0);
	CHECK(memcmp(&before, &after, sizeof(before)) == 0);
}

static void suspended_without_terminal(bool own_session)
{
	struct setup s = { .program = copy, .keyboard = true,
			   .own_session = own_session };
	int status;

	job_start(&s);
	type("before\n");
	expect(s.out, "before\n");
	type("\032");
	CHECK(waitpid(s.restore, &status, WUNTRACED) == s.restore);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
	UNTIL(state_of(s.root) == 'T');

	foreground(getpgrp());
	foreground(s.restore);
	kill(-s.restore, SIGCONT);
	UNTIL(state_of(s.root) == 'S');
	type("after\n\004");
	expect_all(s.out, "after\n");
	CHECK(job_end(&s) == 3);
}

static void suspended_in_session(void)
{
	suspended_without_terminal(false);
}

static void suspended_in_own_session(void)
{
	suspended_without_terminal(true);
}

static void suspended_with_terminal(void)
{
	struct setup s = { .program = copy, .wiring = PTY, .keyboard = true };
	int status;

	job_start(&s);
	UNTIL(is_raw());
	kill(s.restore, SIGTSTP);
	CHECK(waitpid(s.restore, &status, WUNTRACED) == s.restore);
	CHECK(WIFSTOPPED(status));
	CHECK(!is_raw());
	UNTIL(state_of(s.root) == 'T');

	foreground(getpgrp());
	foreground(s.restore);
	kill(-s.restore, SIGCONT);
	UNTIL(is_raw());
	UNTIL(state_of(s.root) == 'S');
	type("x\r");
	expect(s.out, "x\r\nx\r\n");
	type("\004");
	CHECK(job_end(&s) == 3);
	CHECK(!is_raw());
}

static void stop_hard(pid_t pid, bool shell_sets_modes)
{
	struct termios cooked;

	UNTIL(is_raw());
	kill(pid, SIGSTOP);
	UNTIL(state_of(pid) == 'T');
	foreground(getpgrp());
	CHECK(is_raw());
	if (shell_sets_modes) {
		CHECK(tcgetattr(tty, &cooked) == 0);
		cooked.c_lflag |= ICANON | ISIG | ECHO;
		CHECK(tcsetattr(tty, TCSANOW, &cooked) == 0);
	}
	foreground(pid);
	kill(pid, SIGCONT);
	UNTIL(is_raw());
	type("x\r");
}

/* SIGSTOP leaves no time to give the modes back, and a shell may do so. */
static void stopped_hard(void)
{
	for (int shell_sets_modes = 0; shell_sets_modes < 2;
	     shell_sets_modes++) {
		struct setup s = { .program = copy, .wiring = PTY,
				   .keyboard = true };

		job_start(&s);
		stop_hard(s.restore, shell_sets_modes);
		expect(s.out, "x\r\nx\r\n");
		type("\004");
		CHECK(job_end(&s) == 3);
		CHECK(!is_raw());
	}
}

/* Nobody could continue us: we go on, and so does the program. */
static void suspended_without_shell(void)
{
	struct setup s = { .program = copy, .background = true };

	/* Our own child in our own group, as far as the kernel goes. */
	job_start(&s);
	CHECK(setpgid(s.restore, getpgrp()) == 0);
	kill(s.restore, SIGTSTP);
	send_text(s.in, "x");
	expect(s.out, "x");
	close(s.in);
	CHECK(job_end(&s) == 3);
}

/* A job in the background that reads the terminal would be stopped. */
static void type_to_shell(pid_t job)
{
	int status;

	type("for the shell\n");
	poll(NULL, 0, 300);
	CHECK(waitpid(job, &status, WUNTRACED | WNOHANG) == 0);
	expect(tty, "for the shell\n");
}

static void background_leaves_terminal_alone(void)
{
	struct setup s = { .program = copy, .wiring = PTY, .keyboard = true,
			   .background = true, .rest = "rest\n",
			   .rest_len = 5 };

	job_start(&s);
	expect(s.out, "rest\r\nrest\r\n");
	type_to_shell(s.restore);
	CHECK(!is_raw());
	/* "fg", of which a job that runs is not told. */
	foreground(s.restore);
	UNTIL(is_raw());
	type("x\r");
	expect(s.out, "x\r\nx\r\n");
	type("\004");
	CHECK(job_end(&s) == 3);
}

static void modes_travel(void)
{
	char path[PTY_PATH_LEN], modes[TTY_STATE_LEN], again[TTY_STATE_LEN];
	struct winsize size = { .ws_row = 11, .ws_col = 22 }, got;
	struct failure f = { 0 };
	struct termios t;
	int master, slave;

	CHECK(tcgetattr(tty, &t) == 0);
	t.c_lflag &= ~(ICANON | ECHO);
	t.c_cc[VMIN] = 7;
	t.c_cc[VINTR] = 'i';
	cfsetspeed(&t, B19200);
	CHECK(tcsetattr(tty, TCSANOW, &t) == 0);
	CHECK(tty_read_state(tty, modes, sizeof(modes), NULL) == 0);

	CHECK(pty_open(&master, path, modes, sizeof(modes), &size, &f) == 0);
	CHECK(fcntl(master, F_GETFD) & FD_CLOEXEC);
	slave = open(path, O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
	CHECK(tty_read_state(slave, again, sizeof(again), &got) == 0);
	CHECK(memcmp(modes, again, sizeof(modes)) == 0);
	CHECK(got.ws_row == 11 && got.ws_col == 22);
	CHECK(pty_follow(master, tty) == 0);
	CHECK(tty_read_state(slave, NULL, 0, &got) == 0);
	CHECK(got.ws_row == 24 && got.ws_col == 80);

	CHECK(pty_open(&master, path, modes, 43, NULL, &f) < 0);
	CHECK(f.status == STATUS_STREAM);
	CHECK(tty_read_state(tty, modes, 43, NULL) < 0 && errno == EINVAL);
	CHECK(tty_read_state(open("/dev/null", O_RDONLY), modes,
			     sizeof(modes), NULL) < 0 && errno == ENOTTY);
}

/* ---- tests: pass_stdin ---- */

/* A job that passes its stdin on; 100 is its exit status if that returns 0. */
static pid_t pass_start(int in, int out, const int shells[2], bool background)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct failure f = { 0 };

		setpgid(0, 0);
		close(screen);
		for (int i = 0; i < 2; i++)
			if (shells[i] >= 0)
				close(shells[i]);
		_exit(pass_stdin(in, out, true, &f) == 0 ? 100 : f.status);
	}
	setpgid(pid, pid);
	if (!background)
		foreground(pid);
	close(out);
	return pid;
}

static int pass_end(pid_t pid)
{
	struct setup s = { .restore = pid };

	return job_end(&s);
}

static void pass_keyboard(int ends[2])
{
	pid_t pid = pass_start(tty, ends[1], (int[]){ ends[0], -1 }, false);

	UNTIL(is_raw());
	type("\003\032x");
	expect(ends[0], "\003\032x");
	close(ends[0]);
	CHECK(pass_end(pid) == 100);
	CHECK(!is_raw());
}

static void pass_until_reader_goes(void)
{
	int ends[2];

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pass_keyboard(ends);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	pass_keyboard(ends);
}

/* The reader goes while all pipes are full and the writer waits for room. */
static void pass_to_full_pipe(void)
{
	static char data[65536];
	int in[2], out[2];
	pid_t pid;

	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	pid = pass_start(in[0], out[1], (int[]){ out[0], in[1] }, false);
	close(in[0]);
	CHECK(write_full(in[1], data, sizeof(data)) == 0);
	CHECK(write_full(in[1], data, sizeof(data)) == 0);
	close(out[0]);
	CHECK(pass_end(pid) == 100);
}

static void pass_until_input_ends(void)
{
	int in[2], out[2];
	pid_t pid;

	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	pid = pass_start(in[0], out[1], (int[]){ out[0], in[1] }, false);
	close(in[0]);
	send_text(in[1], "all of it");
	close(in[1]);
	expect_all(out[0], "all of it");
	CHECK(pass_end(pid) == 100);
}

static void pass_to_full_disk(void)
{
	int in[2];
	pid_t pid;

	CHECK(pipe2(in, O_CLOEXEC) == 0);
	pid = pass_start(in[0], open("/dev/full", O_WRONLY),
			 (int[]){ in[1], -1 }, false);
	close(in[0]);
	CHECK(write(in[1], "x", 1) == 1);
	CHECK(pass_end(pid) == STATUS_IO);
}

static void pass_killed(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		int ends[2], status;
		pid_t pid;

		CHECK(pipe2(ends, O_CLOEXEC) == 0);
		pid = pass_start(tty, ends[1], (int[]){ ends[0], -1 }, false);
		UNTIL(is_raw());
		kill(pid, signals[i]);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
		CHECK(!is_raw());
		foreground(getpgrp());
		close(ends[0]);
	}
}

/* All of the pipe at once, so that it is read at once. */
static void fill_at_once(int in, pid_t reader)
{
	static char data[4096];

	kill(reader, SIGSTOP);
	UNTIL(state_of(reader) == 'T');
	while (write(in, data, sizeof(data)) > 0)
		;
	kill(reader, SIGCONT);
	UNTIL(state_of(reader) == 'S');
}

/* Killed while it has more to write than the room there is. */
static void pass_killed_with(int in[2], int out[2])
{
	static char data[65536];
	pid_t pid = pass_start(in[0], out[1], (int[]){ out[0], in[1] }, false);
	int status;

	close(in[0]);
	CHECK(fcntl(in[1], F_SETFL, O_NONBLOCK) == 0);
	for (int i = 0; i < 3; i++)
		fill_at_once(in[1], pid);
	/* Enough for a socket to call itself writable, not for all of it. */
	CHECK(read(out[0], data, unread(out[0]) / 8 * 7) > 0);
	UNTIL(state_of(pid) == 'S');
	kill(pid, SIGTERM);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	foreground(getpgrp());
	close(in[1]);
	close(out[0]);
}

static void pass_killed_while_full(void)
{
	int in[2], out[2];

	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	pass_killed_with(in, out);
	CHECK(pipe2(in, O_CLOEXEC) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out) == 0);
	CHECK(setsockopt(out[1], SOL_SOCKET, SO_SNDBUF, &(int){ 16384 },
			 sizeof(int)) == 0);
	pass_killed_with(in, out);
	/* As another user, to whom neither pipe may be opened again. */
	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	CHECK(fchmod(in[0], 0) == 0 && fchmod(out[1], 0) == 0);
	CHECK(geteuid() != 0 || seteuid(65534) == 0);
	pass_killed_with(in, out);
}

static void pass_suspended(void)
{
	int ends[2], status;
	pid_t pid;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pid = pass_start(tty, ends[1], (int[]){ ends[0], -1 }, true);
	UNTIL(state_of(pid) == 'S');
	type_to_shell(pid);
	CHECK(!is_raw());
	foreground(pid);
	UNTIL(is_raw());
	kill(pid, SIGTSTP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(!is_raw());
	kill(pid, SIGCONT);
	UNTIL(is_raw());
	type("x");
	expect(ends[0], "x");
	close(ends[0]);
	CHECK(pass_end(pid) == 100);
	CHECK(!is_raw());
}

static void pass_stopped_hard(void)
{
	for (int shell_sets_modes = 0; shell_sets_modes < 2;
	     shell_sets_modes++) {
		int ends[2];
		pid_t pid;

		CHECK(pipe2(ends, O_CLOEXEC) == 0);
		pid = pass_start(tty, ends[1], (int[]){ ends[0], -1 }, false);
		stop_hard(pid, shell_sets_modes);
		expect(ends[0], "x\r");
		close(ends[0]);
		CHECK(pass_end(pid) == 100);
		CHECK(!is_raw());
	}
}

/* ---- all of them ---- */

#define TEST(name)	{ #name, name }

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(exit_status),
	TEST(status_lost),
	TEST(flood_of_terminal),
	TEST(flood_to_pipe),
	TEST(flood_to_socket),
	TEST(flood_to_pipe_of_another),
	TEST(signal_while_pipe_is_full),
	TEST(signal_while_pipe_of_another_is_full),
	TEST(last_words_arrive),
	TEST(rest_first_to_pipe),
	TEST(one_socket_for_both),
	TEST(end_of_input_to_terminal),
	TEST(no_input_at_all),
	TEST(end_of_input_to_raw_terminal),
	TEST(mebibyte_typed),
	TEST(writer_is_held_back),
	TEST(writer_learns_of_closed_input),
	TEST(reader_gone),
	TEST(socket_gone),
	TEST(output_to_full_disk),
	TEST(terminal_closed_and_opened_again),
	TEST(typed_to_closed_terminal),
	TEST(signals_without_terminal),
	TEST(signals_with_terminal),
	TEST(signals_reach_the_group),
	TEST(nohup_is_respected),
	TEST(interrupt_without_terminal),
	TEST(interrupt_with_terminal),
	TEST(interrupt_beside_pipe),
	TEST(size_of_screen),
	TEST(size_of_keyboard),
	TEST(size_of_dev_tty),
	TEST(size_of_another_screen),
	TEST(size_of_another_keyboard),
	TEST(modes_come_back),
	TEST(suspended_in_session),
	TEST(suspended_in_own_session),
	TEST(suspended_with_terminal),
	TEST(stopped_hard),
	TEST(suspended_without_shell),
	TEST(background_leaves_terminal_alone),
	TEST(modes_travel),
	TEST(pass_until_reader_goes),
	TEST(pass_to_full_pipe),
	TEST(pass_until_input_ends),
	TEST(pass_to_full_disk),
	TEST(pass_killed),
	TEST(pass_killed_while_full),
	TEST(pass_suspended),
	TEST(pass_stopped_hard),
};

static bool passes(size_t i)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(TEST_SECONDS);
		signal(SIGPIPE, SIG_IGN);
		shell_start();
		tests[i].run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (status)
		fprintf(stderr, "%s: failed%s\n", tests[i].name,
			WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ?
			", since it did not end" : "");
	return status == 0;
}

int main(int argc, char *argv[])
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (argc < 2 || strcmp(argv[1], tests[i].name) == 0)
			failed += !passes(i);
	return failed ? 1 : 0;
}

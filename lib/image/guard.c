/* SPDX-License-Identifier: MIT */
/* guard.c - a process that stands by while connections are between two places */
#include "image/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "image/inet.h"
#include "proc/netfilter.h"

#define REPAIR_ON	1
#define REPAIR_OFF	(-1)	/* TCP_REPAIR_OFF_NO_WP: in silence */
#define GAP_MS		60000
#define GATE_MS		10000	/* where it cannot be told that all has left */
#define DRAIN_MS	200
#define POLL_MS		50

struct guard {
	int fd;			/* to tell it what becomes of the source; -1 */
	int gate;		/* in which the listeners are behind; -1 */
	struct list listeners;	/* of struct sockaddr_storage, behind the gate */
	bool told;
};

/*
 * What the guard has.  The sources are known to it by descriptors: the PID of
 * one that has died may be its copy's at once, which must not be waited for.
 */
struct guarded {
	struct capture *c;
	int told;		/* comes from the capture */
	int wall;		/* or -1 */
	struct list pidfds;	/* of int: the sources, the top first */
};

void connection_let_go(const struct kept_connection *k)
{
	int off = REPAIR_OFF;

	if (setsockopt(k->fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) == 0)
		setsockopt(k->fd, SOL_SOCKET, SO_REUSEADDR, &k->reuse,
			   sizeof(k->reuse));
}

/* ---- in the guard ---- */

static int64_t now_ms(void)
{
	return monotonic_ns() / 1000000;
}

/* With all its threads; after @ms, -1 never, it is found alive. */
static bool is_dead(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

/* The state is the source's if that lives afterwards: otherwise its PID may be
 * another's. */
static bool runs(const struct capture *c, const struct list *pidfds)
{
	const struct source *top = list_at(&c->sources, struct source, 0);
	struct proc_stat st;

	return proc_stat(top->pid, top->via, &st) == 0 &&
	       (st.state == 'R' || st.state == 'S' || st.state == 'D') &&
	       !is_dead(*list_at(pidfds, int, 0), 0);
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* True when the source has died, false if it runs on. */
static bool await_death(const struct capture *c, const struct list *pidfds,
			bool stopped)
{
	list_each(pidfds, int, pidfd)
		while (!is_dead(*pidfd, stopped ? POLL_MS : -1))
			if (stopped && runs(c, pidfds))
				return false;
	return true;
}

static void vanish(const struct capture *c)
{
	int on = REPAIR_ON;

	list_each(&c->connections, struct kept_connection, k) {
		setsockopt(k->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on));
		close(k->fd);
	}
}

/* Nobody has the connection again who could answer. */
static bool is_missing(const struct kept_connection *k)
{
	struct connection c = { k->local, k->peer };
	bool owned;

	return !k->inner && connection_state(&c, &owned) == 0 &&
	       proc_address_here(&k->local);
}

static void await_rebuilt(const struct capture *c)
{
	int64_t until = now_ms() + GAP_MS;
	int ms = 1;

	list_each(&c->connections, struct kept_connection, k)
		while (is_missing(k) && now_ms() < until) {
			pause_ms(ms);
			ms = ms < POLL_MS ? ms + 1 : POLL_MS;
		}
}

static unsigned int port_of(const struct sockaddr_storage *at)
{
	return ntohs(((const struct sockaddr_in *)at)->sin_port);
}

/* What listens at every address has no address that could leave. */
static void await_listeners(const struct guard *g)
{
	int64_t start = now_ms();

	list_each(&g->listeners, struct sockaddr_storage, at) {
		int64_t until = start + (address_is_any(at) ? GATE_MS : GAP_MS);

		while (!(proc_port_state(getpid(), port_of(at)) & PORT_LISTENS) &&
		       proc_address_here(at) && now_ms() < until)
			pause_ms(POLL_MS / 5);
	}
}

static void keep_only(const struct guarded *g)
{
	unsigned int last = 0;
	struct list keep = { 0 };

	*(int *)list_add(&keep, sizeof(int)) = g->told;
	*(int *)list_add(&keep, sizeof(int)) = g->wall;
	*(int *)list_add(&keep, sizeof(int)) = g->c->guard->gate;
	list_each(&g->c->connections, struct kept_connection, k)
		*(int *)list_add(&keep, sizeof(int)) = k->fd;
	/* From each kept one to the next. */
	for (;;) {
		unsigned int next = ~0u;

		list_each(&keep, int, fd)
			if (*fd >= 0 && (unsigned int)*fd >= last &&
			    (unsigned int)*fd < next)
				next = *fd;
		if (next > last)
			syscall(SYS_close_range, last, next == ~0u ? ~0u :
				next - 1, 0);
		if (next == ~0u)
			break;
		last = next + 1;
	}
	list_free(&keep);
}

static _Noreturn void stand_by(const struct guarded *g)
{
	const struct capture *c = g->c;
	enum capture_end end = END_RUNNING;
	uint8_t word;

	setsid();
	if (chdir("/") < 0)
		_exit(0);
	prctl(PR_SET_NAME, "migrate-guard");
	for (int sig = 1; sig < 32; sig++)
		signal(sig, sig == SIGCHLD ? SIG_DFL : SIG_IGN);
	if (read(g->told, &word, 1) == 1)
		end = word;
	if (end == END_RUNNING ||
	    !await_death(c, &g->pidfds, end == END_STOPPED)) {
		list_each(&c->connections, struct kept_connection, k)
			connection_let_go(k);
		_exit(0);
	}
	vanish(c);
	if (g->wall >= 0)
		await_rebuilt(c);
	if (g->wall >= 0)
		close(g->wall);
	await_listeners(c->guard);
	_exit(0);
}

/* One that is not here any more has been asked how it ended meanwhile. */
static int open_sources(struct guarded *g)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
	list_each(&g->c->sources, struct source, s) {
		int fd = syscall(SYS_pidfd_open, s->pid, 0);

		if (fd < 0 && (errno != ESRCH || !g->pidfds.n))
			return -1;
		if (fd >= 0)
			*(int *)list_add(&g->pidfds, sizeof(int)) = fd;
	}
	return 0;
}

/* Its exit status is 0, or what went wrong. */
static _Noreturn void become_guard(struct guarded *g)
{
	pid_t pid;

	keep_only(g);
	if (open_sources(g) < 0)
		_exit(errno);
	pid = fork();
	if (pid == 0)
		stand_by(g);
	_exit(pid < 0 ? errno : 0);
}

/* ---- in the capture ---- */

/* Our thread is in the network of the source meanwhile; -1 it is anyway, -2
 * that failed. */
static int enter_network(const struct source *s)
{
	char *theirs = proc_link(s->via, "ns/net");
	char *ours = proc_link(getpid(), "ns/net");
	int back = -1;

	if (theirs && ours && strcmp(theirs, ours)) {
		char path[64];
		int there;

		snprintf(path, sizeof(path), "/proc/%d/ns/net", s->via);
		there = open(path, O_RDONLY | O_CLOEXEC);
		back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (there < 0 || back < 0 || setns(there, CLONE_NEWNET) < 0) {
			if (back >= 0)
				close(back);
			back = -2;
		}
		if (there >= 0)
			close(there);
	}
	free(theirs);
	free(ours);
	return back;
}

static void leave_network(int back)
{
	if (back < 0)
		return;
	if (setns(back, CLONE_NEWNET) < 0)
		_exit(STATUS_SYSTEM);
	close(back);
}

static int build_wall(const struct capture *c, int *wall, struct failure *f)
{
	struct list outer = { 0 };

	*wall = -1;
	list_each(&c->connections, struct kept_connection, k)
		if (!k->inner)
			*(struct connection *)list_add(&outer,
				sizeof(struct connection)) =
				(struct connection){ k->local, k->peer };
	if (outer.n)
		*wall = wall_open(&outer);
	if (outer.n && *wall < 0)
		fail_errno(f, errno == EPERM ? STATUS_PERM : STATUS_SYSTEM,
			   "cannot keep the packets of %zu TCP connections back "
			   "while they move, which takes nf_tables in the "
			   "kernel", outer.n);
	list_free(&outer);
	return outer.n && *wall < 0 ? -1 : 0;
}

/* The child of a child: its end is nobody's business.  The sources are here as
 * long as we wait for the first one. */
static int fork_guard(struct guarded *g)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		become_guard(g);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
	return -1;
}

static int start_here(struct capture *c, struct failure *f)
{
	struct guarded g = { .c = c };
	int pair[2], rc;

	if (build_wall(c, &g.wall, f) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		if (g.wall >= 0)
			close(g.wall);
		return fail_errno(f, 0, "cannot make a socket");
	}
	g.told = pair[0];
	rc = fork_guard(&g);
	if (rc < 0) {
		fail_errno(f, 0, "cannot make a process that holds the TCP "
			   "connections");
		close(pair[1]);
	} else {
		c->guard->fd = pair[1];
	}
	close(pair[0]);
	if (g.wall >= 0)
		close(g.wall);
	return rc;
}

static struct guard *guard_of(struct capture *c)
{
	if (!c->guard) {
		c->guard = xcalloc(1, sizeof(*c->guard));
		c->guard->fd = c->guard->gate = -1;
	}
	return c->guard;
}

/* It goes on accepting: what is still begun and not accepted will soon be. */
static void await_drained(const struct capture *c)
{
	pid_t pid = list_at(&c->sources, struct source, 0)->via;
	int64_t until = now_ms() + DRAIN_MS;

	list_each(&c->guard->listeners, struct sockaddr_storage, at)
		while (proc_port_state(pid, port_of(at)) & PORT_WAITS &&
		       now_ms() < until)
			pause_ms(1);
}

void guard_gate(struct capture *c)
{
	struct guard *g;
	int back;

	if (c->tcp != TCP_KEEP)
		return;
	g = guard_of(c);
	tcp_listeners(c, &g->listeners);
	if (!g->listeners.n)
		return;
	back = enter_network(list_at(&c->sources, struct source, 0));
	if (back != -2) {
		g->gate = gate_open(&g->listeners);
		leave_network(back);
	}
	if (g->gate >= 0)
		await_drained(c);
	else
		list_free(&g->listeners);
}

bool guard_has_gate(const struct capture *c)
{
	return c->guard && c->guard->gate >= 0;
}

int guard_start(struct capture *c, struct failure *f)
{
	int back = enter_network(list_at(&c->sources, struct source, 0)), rc;

	guard_of(c);
	if (back == -2)
		return fail_errno(f, 0, "cannot enter the network namespace of "
				  "process %d", c->root);
	rc = start_here(c, f);
	leave_network(back);
	return rc;
}

void guard_tell(struct capture *c, enum capture_end end)
{
	uint8_t word = end;

	if (!c->guard || c->guard->fd < 0 || c->guard->told)
		return;
	c->guard->told = true;
	if (send(c->guard->fd, &word, 1, MSG_NOSIGNAL) < 0)
		return;		/* it has been killed: nothing can be done */
}

void guard_free(struct capture *c)
{
	if (c->guard) {
		if (c->guard->fd >= 0)
			close(c->guard->fd);
		if (c->guard->gate >= 0)
			close(c->guard->gate);
		list_free(&c->guard->listeners);
	}
	free(c->guard);
	c->guard = NULL;
	list_each(&c->connections, struct kept_connection, k)
		close(k->fd);
	list_free(&c->connections);
}

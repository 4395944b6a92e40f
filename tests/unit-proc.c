/* SPDX-License-Identifier: MIT */
/*
 * unit-proc.c - lib/proc against real processes of known making
 *
 * Each test forks a child that gives itself some properties, writes into shared
 * memory what the kernel told it about them, says that it is ready, and waits
 * to be killed.  What lib/proc reads from outside has to agree.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc/fallback.h"
#include "proc/proc.h"
#include "proc/text.h"

#define PAGE 4096ul
#define HUGE_PAGE (2ul << 20)

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static int failures;

#define CHECK(cond) check(cond, __func__, __LINE__, #cond, 0, 0)
#define CHECK_EQ(a, b) \
	check((uint64_t)(a) == (uint64_t)(b), __func__, __LINE__, #a " == " #b, \
	      (uint64_t)(a), (uint64_t)(b))

static bool check(bool good, const char *test, int line, const char *what,
		  uint64_t a, uint64_t b)
{
	if (good)
		return true;
	failures++;
	fprintf(stderr, "unit-proc: %s, line %d: %s", test, line, what);
	if (a != b)
		fprintf(stderr, " (%#lx and %#lx)", a, b);
	fputc('\n', stderr);
	return false;
}

/* A row that this kernel has no means for. */
static void not_here(const char *row)
{
	fprintf(stderr, "unit-proc: not tested on this kernel: %s\n", row);
}

/* For what must work in the set-up itself. */
#define MUST(cond) must(cond, __LINE__, #cond)

static void must(bool good, int line, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "unit-proc: line %d: %s: %s\n", line, what,
		strerror(errno));
	_exit(2);
}

/* Where children put what they know of themselves. */
#define MAX_ROWS 64
static struct shared {
	pid_t tid[4];
	uint32_t uid[4], gid[4], groups[64];
	int groups_n;
	struct __user_cap_data_struct cap[2];
	uint64_t bounding, ambient;
	pid_t pgrp, session, tpgid;
	uint64_t tty, arg_start, env_start, code, brk;
	int cpu;
	char *at[MAX_ROWS];
	int timer_id[4];
	int pipe_r, pipe_w;
	uint64_t personality;
	int go;
} *shared;

struct child {
	pid_t pid;
};

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

/* Fork, run @setup in the child, return when it is done. */
static struct child start(void (*setup)(void))
{
	int ready[2];
	struct child child;
	struct proc_stat st;
	char c;

	memset(shared, 0, sizeof(*shared));
	MUST(pipe2(ready, O_CLOEXEC) == 0);
	child.pid = fork();
	MUST(child.pid >= 0);
	if (child.pid == 0) {
		close(ready[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setup();
		MUST(write(ready[1], "", 1) == 1);
		close(ready[1]);
		wait_for_ever();
	}
	close(ready[1]);
	MUST(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	do		/* until it sleeps in pause() */
		MUST(proc_stat(child.pid, child.pid, &st) == 0);
	while (st.state == 'R');
	return child;
}

static void end(struct child child)
{
	kill(child.pid, SIGKILL);
	MUST(waitpid(child.pid, NULL, 0) == child.pid);
}

static bool list_is(const struct list *l, const int *want, size_t n)
{
	return l->n == n && (!n || !memcmp(l->items, want, n * sizeof(int)));
}

static void *thread_waits(void *tid)
{
	__atomic_store_n((pid_t *)tid, gettid(), __ATOMIC_RELEASE);
	wait_for_ever();
	return NULL;
}

static void start_thread(void *(*run)(void *), pid_t *tid)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, run, tid) == 0);
	while (!__atomic_load_n(tid, __ATOMIC_ACQUIRE))
		sched_yield();
}

static pid_t fork_waiting(void)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		wait_for_ever();
	}
	return pid;
}

/* ---- status ---- */

static void on_signal(int sig)
{
	(void)sig;
}

static void set_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGRTMAX);
	MUST(sigprocmask(SIG_SETMASK, &set, NULL) == 0);
	signal(SIGUSR2, SIG_IGN);
	MUST(sigaction(SIGTERM, &sa, NULL) == 0);
	raise(SIGUSR1);			/* to the thread */
	kill(getpid(), SIGRTMAX);	/* to the process */
}

static void allow_all_by_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
}

static void note_credentials(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	getresuid(&shared->uid[0], &shared->uid[1], &shared->uid[2]);
	getresgid(&shared->gid[0], &shared->gid[1], &shared->gid[2]);
	shared->uid[3] = shared->uid[1];
	shared->gid[3] = shared->gid[1];
	shared->groups_n = getgroups(64, shared->groups);
	MUST(shared->groups_n >= 0);
	MUST(syscall(SYS_capget, &head, shared->cap) == 0);
	for (int i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			shared->bounding |= 1ull << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			shared->ambient |= 1ull << i;
	}
}

static void status_setup(void)
{
	prctl(PR_SET_NAME, " a\n\\b) R\t1 ");
	umask(027);
	if (geteuid() == 0) {
		MUST(setgroups(3, (gid_t[]){ 70000, 5, 1 }) == 0);
		MUST(setresgid(11, 12, 13) == 0);
		MUST(prctl(PR_SET_KEEPCAPS, 1) == 0);
		MUST(setresuid(1001, 0, 1003) == 0);
	}
	set_signals();
	allow_all_by_filter();
	note_credentials();
	shared->tid[0] = getpid();
	start_thread(thread_waits, &shared->tid[1]);
	start_thread(thread_waits, &shared->tid[2]);
}

#define SIG(n) (1ull << ((n) - 1))

static uint64_t cap_of(int i)
{
	struct __user_cap_data_struct *c = shared->cap;

	switch (i) {
	case CAP_INH:
		return c[0].inheritable | (uint64_t)c[1].inheritable << 32;
	case CAP_PRM:
		return c[0].permitted | (uint64_t)c[1].permitted << 32;
	case CAP_EFF:
		return c[0].effective | (uint64_t)c[1].effective << 32;
	case CAP_BND:
		return shared->bounding;
	}
	return shared->ambient;
}

static int u32_ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void test_status(void)
{
	struct child c = start(status_setup);
	uint64_t blocked = SIG(SIGUSR1) | SIG(SIGRTMIN + 1) | SIG(SIGRTMAX);
	struct proc_status st;
	struct list tids;

	if (CHECK(proc_status(c.pid, c.pid, &st) == 0)) {
		CHECK(!strcmp(st.name, " a\n\\b) R\t1 "));
		CHECK_EQ(st.state, 'S');
		CHECK_EQ(st.pid, c.pid);
		CHECK_EQ(st.tgid, c.pid);
		CHECK_EQ(st.ppid, getpid());
		CHECK_EQ(st.tracer, 0);
		CHECK(!memcmp(st.uid, shared->uid, sizeof(st.uid)));
		CHECK(!memcmp(st.gid, shared->gid, sizeof(st.gid)));
		qsort(shared->groups, shared->groups_n, 4, u32_ascending);
		CHECK(list_is(&st.groups, (int *)shared->groups,
			      shared->groups_n));
		for (int i = 0; i < PROC_CAP_SETS; i++)
			CHECK_EQ(st.cap[i], cap_of(i));
		CHECK_EQ(st.sig_blocked, blocked);
		CHECK_EQ(st.sig_pending, SIG(SIGUSR1));
		CHECK_EQ(st.shared_pending, SIG(SIGRTMAX));
		/* The C library or a sanitizer may catch others. */
		CHECK(st.sig_caught & SIG(SIGTERM));
		CHECK(!(st.sig_caught & (SIG(SIGUSR1) | SIG(SIGUSR2))));
		CHECK(st.sig_ignored & SIG(SIGUSR2));
		CHECK(!(st.sig_ignored & SIG(SIGTERM)));
		CHECK(st.no_new_privs);
		CHECK_EQ(st.seccomp, 2);
		CHECK_EQ(st.umask, 027);
		CHECK_EQ(st.threads, 3);
		CHECK(!st.kernel_thread);
		proc_status_free(&st);
	}
	if (CHECK(proc_threads(c.pid, &tids) == 0))
		CHECK(list_is(&tids, shared->tid, 3));
	list_free(&tids);
	if (CHECK(proc_status(c.pid, shared->tid[1], &st) == 0)) {
		CHECK_EQ(st.pid, shared->tid[1]);
		CHECK_EQ(st.tgid, c.pid);
		CHECK_EQ(st.sig_pending, 0);
		proc_status_free(&st);
	}
	end(c);
}

static void nothing(void)
{
}

static void test_status_traced(void)
{
	struct child c = start(nothing);
	struct proc_status st;

	MUST(ptrace(PTRACE_SEIZE, c.pid, 0, 0) == 0);
	MUST(ptrace(PTRACE_INTERRUPT, c.pid, 0, 0) == 0);
	MUST(waitpid(c.pid, NULL, 0) == c.pid);
	if (CHECK(proc_status(c.pid, c.pid, &st) == 0)) {
		CHECK_EQ(st.tracer, getpid());
		CHECK_EQ(st.state, 't');
		CHECK_EQ(st.seccomp, 0);
		CHECK(!st.no_new_privs);
		proc_status_free(&st);
	}
	end(c);
}

static void nspid_setup(void)
{
	int flags = CLONE_NEWPID | (geteuid() ? CLONE_NEWUSER : 0);

	MUST(unshare(flags) == 0);
	shared->tid[0] = fork_waiting();
}

static void test_nspid(void)
{
	struct child c = start(nspid_setup);
	struct proc_status st;

	if (CHECK(proc_status(c.pid, c.pid, &st) == 0)) {
		CHECK_EQ(st.nspid_n, 1);
		CHECK_EQ(st.nspid[0], c.pid);
		proc_status_free(&st);
	}
	if (CHECK(proc_status(shared->tid[0], shared->tid[0], &st) == 0)) {
		CHECK_EQ(st.nspid_n, 2);
		CHECK_EQ(st.nspid[0], shared->tid[0]);
		CHECK_EQ(st.nspid[1], 1);
		proc_status_free(&st);
	}
	end(c);
}

static void test_kernel_threads(void)
{
	struct proc_status st;
	struct proc_stat s;
	struct list all;

	CHECK(proc_all(&all) == 0);
	CHECK(all.n > 1);
	list_each(&all, pid_t, p) {
		if (p > (pid_t *)all.items)
			CHECK(p[0] > p[-1]);
		if (proc_status(*p, *p, &st) < 0 || proc_stat(*p, *p, &s) < 0) {
			CHECK(errno == ENOENT || errno == ESRCH);
			continue;
		}
		CHECK_EQ(st.kernel_thread, !!(s.flags & 0x200000));
		proc_status_free(&st);
	}
	list_free(&all);
}

/* ---- stat ---- */

static void stat_setup(void)
{
	cpu_set_t one;
	struct stat st;
	int master, slave, cpu;
	char *name;

	MUST(sched_getaffinity(0, sizeof(one), &one) == 0);
	for (cpu = CPU_SETSIZE - 1; !CPU_ISSET(cpu, &one); cpu--)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	MUST(sched_setaffinity(0, sizeof(one), &one) == 0);
	shared->cpu = cpu;
	prctl(PR_SET_NAME, "x) Z 1 (");
	MUST(setsid() == getpid());
	master = posix_openpt(O_RDWR | O_NOCTTY);
	MUST(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	name = ptsname(master);
	slave = open(name, O_RDWR);	/* becomes the controlling terminal */
	MUST(slave >= 0 && fstat(slave, &st) == 0);
	shared->tty = st.st_rdev;
	shared->session = getsid(0);
	shared->pgrp = getpgrp();
	shared->tpgid = tcgetpgrp(slave);
	shared->arg_start = (uintptr_t)program_invocation_name;
	shared->env_start = (uintptr_t)environ[0];
	shared->brk = (uintptr_t)sbrk(0);
	shared->code = (uintptr_t)stat_setup;
}

static void test_stat(void)
{
	struct child c = start(stat_setup);
	struct proc_stat s;
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	if (CHECK(proc_stat(c.pid, c.pid, &s) == 0)) {
		CHECK_EQ(s.state, 'S');
		CHECK_EQ(s.ppid, getpid());
		CHECK_EQ(s.pgrp, shared->pgrp);
		CHECK_EQ(s.session, shared->session);
		CHECK_EQ(s.tty_nr, shared->tty);
		CHECK_EQ(s.tpgid, shared->tpgid);
		CHECK_EQ(s.threads, 1);
		CHECK_EQ(s.exit_signal, SIGCHLD);
		CHECK_EQ(s.processor, shared->cpu);
		CHECK(s.starttime / sysconf(_SC_CLK_TCK) <=
		      (uint64_t)now.tv_sec + 1);
		CHECK(s.starttime / sysconf(_SC_CLK_TCK) + 60 >
		      (uint64_t)now.tv_sec);
		CHECK_EQ(s.arg_start, shared->arg_start);
		CHECK(s.arg_end > s.arg_start);
		CHECK_EQ(s.env_start, shared->env_start);
		CHECK(s.env_end > s.env_start);
		CHECK(s.start_code <= shared->code && shared->code < s.end_code);
		CHECK(s.start_data < s.end_data);
		CHECK(s.start_brk && s.start_brk <= shared->brk);
		CHECK(s.start_stack > s.start_brk);
	}
	end(c);
}

static void *thread_ends_process(void *leader)
{
	struct proc_stat s;
	pid_t pid = *(pid_t *)leader;

	while (proc_stat(pid, pid, &s) < 0 || s.state != 'Z')
		sched_yield();
	_exit(5);
}

static void leader_first(void)
{
	static pid_t pid;
	pthread_t t;

	pid = getpid();
	MUST(pthread_create(&t, NULL, thread_ends_process, &pid) == 0);
	syscall(SYS_exit, 3);
}

static void die_by_signal(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	kill(getpid(), SIGKILL);
}

static void exit_seven(void)
{
	_exit(7);
}

/* What a zombie shows has to be what wait() will say. */
static void zombie(void (*die)(void), int want)
{
	struct proc_stat s;
	siginfo_t info;
	int status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		die();
		_exit(99);
	}
	MUST(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
	if (CHECK(proc_stat(pid, pid, &s) == 0)) {
		CHECK_EQ(s.state, 'Z');
		CHECK_EQ(s.exit_code, want);
	}
	struct proc_status st;
	if (CHECK(proc_status(pid, pid, &st) == 0)) {
		CHECK_EQ(st.state, 'Z');
		CHECK(!st.kernel_thread);
		proc_status_free(&st);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, want);
}

static void test_zombies(void)
{
	zombie(exit_seven, 7 << 8);
	zombie(die_by_signal, SIGKILL);
	zombie(leader_first, 5 << 8);
}

static void test_gone(void)
{
	uint64_t limit[16][2], words[64];
	struct proc_status st;
	struct proc_fdinfo info;
	struct proc_stat s;
	struct list l;
	int64_t v;
	size_t n;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	MUST(waitpid(pid, NULL, 0) == pid);
#define GONE(call) \
	do { \
		errno = 0; \
		CHECK(call); \
		CHECK(errno == ENOENT || errno == ESRCH); \
	} while (0)
	GONE(proc_status(pid, pid, &st) == -1);
	GONE(proc_stat(pid, pid, &s) == -1);
	GONE(proc_maps(pid, true, &l) == -1);
	GONE(proc_threads(pid, &l) == -1);
	GONE(proc_children(pid, &l) == -1);
	GONE(proc_fds(pid, &l) == -1);
	GONE(proc_fdinfo(pid, 0, &info) == -1);
	GONE(proc_link(pid, "cwd") == NULL);
	GONE(proc_limits(pid, limit) == -1);
	GONE(proc_timers(pid, &l) == -1);
	GONE(proc_auxv(pid, words, 64, &n) == -1);
	GONE(proc_number(pid, "oom_score_adj", 10, &v) == -1);
}

/* ---- maps ---- */

static char *map(char *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	char *p = mmap(at, n, prot, flags, fd, offset);

	MUST(p != MAP_FAILED);
	return p;
}

static char *anon(size_t n)
{
	return map(NULL, n, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A file of eight pages, with a name that needs an escape. */
static char dir[] = "/tmp/unit-proc.XXXXXX";
static char file[128], gone_file[128];

static int file_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	return fd;
}

static void files_make(void)
{
	char page[PAGE];

	MUST(mkdtemp(dir) != NULL);
	snprintf(file, sizeof(file), "%s/a b\nc \\ d", dir);
	snprintf(gone_file, sizeof(gone_file), "%s/gone", dir);
	for (int f = 0; f < 2; f++) {
		int fd = file_open(f ? gone_file : file, O_RDWR | O_CREAT);

		for (int i = 0; i < 8; i++) {
			memset(page, '0' + i, PAGE);
			MUST(write(fd, page, PAGE) == PAGE);
		}
		close(fd);
	}
}

static char *make_anon(void)
{
	char *p = anon(4 * PAGE);

	p[0] = p[PAGE] = p[3 * PAGE] = 1;
	return p;
}

static char *make_none(void)
{
	char *p = make_anon();

	mprotect(p, 4 * PAGE, PROT_NONE);
	return p;
}

static char *make_shared(void)
{
	return map(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static char *make_grows(void)
{
	return map(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
}

static char *make_noreserve(void)
{
	return map(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static char *make_locked(void)
{
	char *p = anon(4 * PAGE);

	/* Sanitizers make a mlock() of their own, that does nothing. */
	MUST(syscall(SYS_mlock, p, 4 * PAGE) == 0);
	return p;
}

static char *make_onfault(void)
{
	char *p = anon(4 * PAGE);

	MUST(mlock2(p, 4 * PAGE, MLOCK_ONFAULT) == 0);
	return p;
}

static char *make_sealed(void)
{
	/* It cannot be moved away from neighbours later. */
	char *p = anon(12 * PAGE) + 4 * PAGE;

	munmap(p - 4 * PAGE, 4 * PAGE);
	munmap(p + 4 * PAGE, 4 * PAGE);
	return syscall(SYS_mseal, p, 4 * PAGE, 0) == 0 ? p : NULL;
}

static char *advised(int advice)
{
	char *p = anon(4 * PAGE);

	return madvise(p, 4 * PAGE, advice) == 0 ? p : NULL;
}

static char *make_dontfork(void) { return advised(MADV_DONTFORK); }
static char *make_wipe(void) { return advised(MADV_WIPEONFORK); }
static char *make_dontdump(void) { return advised(MADV_DONTDUMP); }
static char *make_huge(void) { return advised(MADV_HUGEPAGE); }
static char *make_nohuge(void) { return advised(MADV_NOHUGEPAGE); }
static char *make_random(void) { return advised(MADV_RANDOM); }
static char *make_sequential(void) { return advised(MADV_SEQUENTIAL); }
static char *make_mergeable(void) { return advised(MADV_MERGEABLE); }

static char *make_file(void)
{
	return map(NULL, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
		   file_open(file, O_RDONLY), 2 * PAGE);
}

static char *make_file_shared(void)
{
	return map(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   file_open(file, O_RDWR), PAGE);
}

static char *make_deleted(void)
{
	int fd = file_open(gone_file, O_RDWR);

	unlink(gone_file);
	return map(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
}

static char *make_memfd(void)
{
	int fd = memfd_create("x (deleted)", MFD_CLOEXEC);

	MUST(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0);
	return map(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
}

#define VMF_ALWAYS (VMF_MR | VMF_MW | VMF_ME)
#define VMF_RW (VMF_RD | VMF_WR | VMF_ALWAYS | VMF_AC)

/* @maybe: a kernel without the feature makes no mapping. */
static const struct map_row {
	const char *name;
	char *(*make)(void);
	uint64_t flags;
	const char *path;
	uint64_t offset;
	bool maybe;
} map_rows[] = {
	{ "anonymous", make_anon, VMF_RW, "", 0, 0 },
	{ "PROT_NONE", make_none, VMF_ALWAYS | VMF_AC, "", 0, 0 },
	{ "shared", make_shared,
	  VMF_RD | VMF_WR | VMF_SH | VMF_ALWAYS | VMF_MS, "/dev/zero", 0, 0 },
	{ "grows down", make_grows, VMF_RW | VMF_GD, "", 0, 0 },
	{ "no reserve", make_noreserve, (VMF_RW & ~VMF_AC) | VMF_NR, "", 0, 0 },
	{ "locked", make_locked, VMF_RW | VMF_LO, "", 0, 0 },
	{ "locked on fault", make_onfault, VMF_RW | VMF_LO | VMF_LF, "", 0, 0 },
	{ "sealed", make_sealed, VMF_RW | VMF_SL, "", 0, true },
	{ "not forked", make_dontfork, VMF_RW | VMF_DC, "", 0, 0 },
	{ "wiped on fork", make_wipe, VMF_RW | VMF_WF, "", 0, 0 },
	{ "not dumped", make_dontdump, VMF_RW | VMF_DD, "", 0, 0 },
	{ "huge", make_huge, VMF_RW | VMF_HG, "", 0, true },
	{ "not huge", make_nohuge, VMF_RW | VMF_NH, "", 0, true },
	{ "random", make_random, VMF_RW | VMF_RR, "", 0, 0 },
	{ "sequential", make_sequential, VMF_RW | VMF_SR, "", 0, 0 },
	{ "mergeable", make_mergeable, VMF_RW | VMF_MG, "", 0, true },
	{ "file", make_file, VMF_RD | VMF_EX | VMF_ALWAYS, file, 2 * PAGE, 0 },
	{ "shared file", make_file_shared,
	  VMF_RD | VMF_WR | VMF_SH | VMF_ALWAYS | VMF_MS, file, PAGE, 0 },
	{ "deleted file", make_deleted, VMF_RD | VMF_ALWAYS, gone_file, 0, 0 },
	{ "memfd", make_memfd, VMF_RD | VMF_SH | VMF_ALWAYS | VMF_MS,
	  "/memfd:x (deleted)", 0, 0 },
};
#define MAP_ROWS (sizeof(map_rows) / sizeof(*map_rows))

static void maps_setup(void)
{
	/* Apart from each other, so that none are joined. */
	char *all = map(NULL, MAP_ROWS * 16 * PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	for (size_t i = 0; i < MAP_ROWS; i++) {
		char *p = map_rows[i].make();

		if (p && map_rows[i].make != make_sealed)
			p = mremap(p, 4 * PAGE, 4 * PAGE,
				   MREMAP_MAYMOVE | MREMAP_FIXED,
				   all + (16 * i + 8) * PAGE);
		MUST(p != MAP_FAILED);
		shared->at[i] = p;
	}
}

static struct proc_map *map_at(struct list *maps, char *at)
{
	list_each(maps, struct proc_map, m)
		if (m->start == (uintptr_t)at)
			return m;
	return NULL;
}

static void check_map_row(struct list *maps, const struct map_row *row,
			  char *at, bool flags)
{
	bool deleted = strstr(row->name, "deleted") || row->path[0] == '/';
	uint64_t want = flags ? row->flags :
			row->flags & (VMF_RD | VMF_WR | VMF_EX | VMF_SH);
	struct proc_map *m = map_at(maps, at);
	int before = failures;

	deleted = deleted && row->path != file;
	if (!CHECK(m != NULL))
		goto out;
	/* Joined mappings would be longer. */
	CHECK_EQ(m->end - m->start, 4 * PAGE);
	/* Which sets hugepage flags by default is the system's choice. */
	CHECK_EQ(m->flags, want);
	CHECK(!strcmp(m->path, row->path));
	CHECK_EQ(m->offset, row->offset);
	CHECK_EQ(m->deleted, deleted);
	CHECK_EQ(m->pkey, 0);
	CHECK_EQ(m->swap, 0);
	if (row->make == make_anon)
		CHECK_EQ(m->rss, flags ? 3 * PAGE : 0);
	if (row->path == file) {
		struct stat st;

		MUST(stat(file, &st) == 0);
		CHECK_EQ(m->ino, st.st_ino);
		CHECK_EQ(m->dev, st.st_dev);
	}
out:
	if (failures != before)
		fprintf(stderr, "unit-proc: ... mapping \"%s\"\n", row->name);
}

/* Every line of maps against scanf(). */
static void check_all_maps(pid_t pid, struct list *maps)
{
	struct proc_map *m = maps->items;
	char path[64], line[8192];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	MUST(f != NULL);
	for (; fgets(line, sizeof(line), f); n++, m++) {
		unsigned long start, stop, offset, ino;
		unsigned major, minor;
		char perms[5];
		int at = 0;

		MUST(sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %n", &start, &stop,
			    perms, &offset, &major, &minor, &ino, &at) == 7);
		if (!CHECK(n < maps->n))
			break;
		CHECK_EQ(m->start, start);
		CHECK_EQ(m->end, stop);
		CHECK_EQ(!!(m->flags & VMF_RD), perms[0] == 'r');
		CHECK_EQ(!!(m->flags & VMF_WR), perms[1] == 'w');
		CHECK_EQ(!!(m->flags & VMF_EX), perms[2] == 'x');
		CHECK_EQ(!!(m->flags & VMF_SH), perms[3] == 's');
		CHECK_EQ(m->offset, offset);
		CHECK_EQ(m->dev, makedev(major, minor));
		CHECK_EQ(m->ino, ino);
		if (!m->deleted && !strchr(m->path, '\n'))
			CHECK(strlen(m->path) + 1 == strlen(line + at) ||
			      (!*m->path && !line[at]));
	}
	CHECK_EQ(n, maps->n);
	fclose(f);
}

static void test_maps(void)
{
	struct child c = start(maps_setup);
	struct list maps;

	for (int flags = 0; flags < 2; flags++) {
		if (!CHECK(proc_maps(c.pid, flags, &maps) == 0))
			break;
		check_all_maps(c.pid, &maps);
		for (size_t i = 0; i < MAP_ROWS; i++) {
			if (shared->at[i]) {
				check_map_row(&maps, &map_rows[i],
					      shared->at[i], flags);
			} else if (!flags) {
				CHECK(map_rows[i].maybe);
				not_here(map_rows[i].name);
			}
		}
		proc_maps_free(&maps);
		CHECK(!maps.items && !maps.n);
	}
	end(c);
}

/* A line that is longer than the reader's buffer, and one without an end. */
static void test_lines(void)
{
	char path[128];
	size_t sizes[] = { 0, 1, 16382, 16383, 16384, 16385, 100000, 5 };
	struct lines in;
	FILE *f;

	snprintf(path, sizeof(path), "%s/lines", dir);
	f = fopen(path, "we");
	MUST(f != NULL);
	for (size_t i = 0; i < 8; i++) {
		for (size_t n = 0; n < sizes[i]; n++)
			fputc('a' + n % 26, f);
		if (i < 7)
			fputc('\n', f);
	}
	fclose(f);
	CHECK(lines_open_path(&in, path) == 0);
	for (size_t i = 0; i < 8; i++) {
		char *line = lines_next(&in);

		if (!CHECK(line != NULL))
			break;
		CHECK_EQ(strlen(line), sizes[i]);
		for (size_t n = 0; n < sizes[i]; n++)
			if (line[n] != (char)('a' + n % 26)) {
				CHECK_EQ(line[n], 'a' + n % 26);
				break;
			}
	}
	CHECK(lines_next(&in) == NULL);
	CHECK(lines_close(&in) == 0);
	unlink(path);
	CHECK(lines_open_path(&in, dir) == 0);	/* reads give EISDIR */
	CHECK(lines_next(&in) == NULL);
	CHECK(lines_close(&in) == -1 && errno == EISDIR);
}

/* ---- pages ---- */

/* In a row's pattern, by page: x private content, f present but a file's, z the
 * zero page, Z the huge one, . nothing, ? not private, and present or not. */
#define LONG_PAGES 20000

static char *pages_touched(void)
{
	char *p = anon(6 * PAGE);

	p[0] = p[2 * PAGE] = p[3 * PAGE] = 1;
	return p;
}

static volatile char sink;

static char *pages_zero(void)
{
	char *p = anon(6 * PAGE);

	p[0] = 1;
	sink = p[PAGE] + p[2 * PAGE] + p[4 * PAGE];
	p[4 * PAGE] = 1;
	return p;
}

static char *pages_dontneed(void)
{
	char *p = anon(6 * PAGE);

	memset(p, 1, 6 * PAGE);
	madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED);
	return p;
}

static char *pages_none(void)
{
	char *p = pages_touched();

	mprotect(p, 6 * PAGE, PROT_NONE);
	return p;
}

static char *pages_guard(void)
{
	char *p = anon(6 * PAGE);

	memset(p, 1, 6 * PAGE);
	return madvise(p + PAGE, 2 * PAGE, MADV_GUARD_INSTALL) ? NULL : p;
}

static char *pages_file(void)
{
	char *p = map(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		      file_open(file, O_RDONLY), 0);

	madvise(p, 6 * PAGE, MADV_POPULATE_READ);
	p[PAGE] = p[4 * PAGE] = 'x';
	return p;
}

static char *pages_shared(void)
{
	char *p = map(NULL, 6 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	p[0] = p[2 * PAGE] = 1;
	return p;
}

/* A private mapping of a memfd, partly written. */
static char *pages_memfd(void)
{
	int fd = memfd_create("pages", MFD_CLOEXEC);
	char *p;

	MUST(fd >= 0 && ftruncate(fd, 6 * PAGE) == 0);
	MUST(pwrite(fd, "x", 1, PAGE) == 1);
	p = map(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	sink = p[PAGE] + p[2 * PAGE];
	p[3 * PAGE] = 1;
	return p;
}

/* What fork() shares is still private. */
static char *pages_forked(void)
{
	char *p = pages_touched();

	fork_waiting();
	return p;
}

static char *huge_area(void)
{
	char *p = anon(2 * HUGE_PAGE);

	p += -(uintptr_t)p % HUGE_PAGE;
	return madvise(p, HUGE_PAGE, MADV_HUGEPAGE) ? NULL : p;
}

/* NULL unless the kernel made one huge page of it: it need not. */
static char *if_huge(char *p)
{
	unsigned char there;

	MUST(mincore(p + 2 * PAGE, PAGE, &there) == 0);
	return there & 1 ? p : NULL;
}

static char *pages_huge(void)
{
	char *p = huge_area();

	if (!p)
		return NULL;
	p[PAGE] = 1;
	return if_huge(p);
}

static char *pages_huge_split(void)
{
	char *p = pages_huge();

	if (!p)
		return NULL;
	/* Or khugepaged may put it together again. */
	madvise(p, HUGE_PAGE, MADV_NOHUGEPAGE);
	madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED);
	return p;
}

static char *pages_huge_zero(void)
{
	char *p = huge_area();

	if (!p)
		return NULL;
	sink = *p;
	return if_huge(p);
}

/* More ranges than one call of the scan gives, more entries than one read. */
static char *pages_long(void)
{
	char *p = anon(LONG_PAGES * PAGE);

	madvise(p, LONG_PAGES * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < LONG_PAGES; i += 2)
		p[i * PAGE] = 1;
	return p;
}

/* Patterns are repeated to the row's length. */
static const struct pages_row {
	const char *name;
	char *(*make)(void);
	size_t pages;
	const char *pattern;
	bool maybe;
} pages_rows[] = {
	{ "touched", pages_touched, 6, "x.xx..", 0 },
	{ "zero page", pages_zero, 6, "xzz.x.", 0 },
	{ "MADV_DONTNEED", pages_dontneed, 6, "x..xxx", 0 },
	{ "PROT_NONE", pages_none, 6, "x.xx..", 0 },
	{ "guard", pages_guard, 6, "x..xxx", true },
	{ "private file", pages_file, 6, "fxffxf", 0 },
	{ "shared", pages_shared, 6, "f.f...", 0 },
	{ "private memfd", pages_memfd, 6, "?ffx??", 0 },
	{ "forked", pages_forked, 6, "x.xx..", 0 },
	{ "huge", pages_huge, 512, "x", true },
	{ "split huge", pages_huge_split, 6, "x..xxx", true },
	{ "huge zero page", pages_huge_zero, 512, "Z", true },
	/* the last one, see check_counts() */
	{ "long", pages_long, LONG_PAGES, "x.", 0 },
};
#define PAGES_ROWS (sizeof(pages_rows) / sizeof(*pages_rows))

static void pages_setup(void)
{
	for (size_t i = 0; i < PAGES_ROWS; i++)
		shared->at[i] = pages_rows[i].make();
}

static bool in_ranges(const struct list *ranges, uint64_t page)
{
	size_t low = 0, high = ranges->n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		struct page_range *r = list_at(ranges, struct page_range, mid);

		if (page >= r->end)
			low = mid + 1;
		else if (page < r->start)
			high = mid;
		else
			return true;
	}
	return false;
}

typedef int pages_function(int, uint64_t, uint64_t, enum page_want,
			   struct list *);

static void check_order(const struct list *ranges, uint64_t from, uint64_t to)
{
	list_each(ranges, struct page_range, r) {
		if (!(from <= r->start && r->start < r->end && r->end <= to)) {
			CHECK(!"ranges in order, apart, inside");
			return;
		}
		from = r->end + 1;
	}
}

static bool same_ranges(const struct list *a, const struct list *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->items, b->items, a->n *
						 sizeof(struct page_range)));
}

static void check_pages_row(int pagemap, const struct pages_row *row, char *at,
			    pages_function *pages, bool by_reading)
{
	uint64_t start = (uintptr_t)at, stop = start + row->pages * PAGE;
	size_t period = strlen(row->pattern);
	struct list private = { 0 }, present = { 0 }, anonymous = { 0 };

	CHECK(pages(pagemap, start, stop, PAGES_PRIVATE, &private) == 0);
	CHECK(pages(pagemap, start, stop, PAGES_PRESENT, &present) == 0);
	CHECK(pages(pagemap, start, stop, PAGES_ANON, &anonymous) == 0);
	if (!strpbrk(row->pattern, by_reading ? "f?Z" : "f?"))
		CHECK(same_ranges(&anonymous, &private));
	check_order(&private, start, stop);
	check_order(&present, start, stop);
	for (size_t i = 0; i < row->pages; i++) {
		char kind = row->pattern[i % period];
		bool is_private = in_ranges(&private, start + i * PAGE);
		bool is_present = in_ranges(&present, start + i * PAGE);
		bool content = kind == 'x' || (kind == 'z' && by_reading);

		/* The reader sees the huge zero page as a file's, on some
		 * kernels. */
		if ((is_private == content || (kind == 'Z' && by_reading)) &&
		    (is_present == (kind != '.') || kind == '?'))
			continue;
		failures++;
		fprintf(stderr, "unit-proc: pages \"%s\"%s: page %zu ('%c') is "
			"%sprivate and %spresent\n", row->name,
			by_reading ? " (by reading)" : "", i, kind,
			is_private ? "" : "not ", is_present ? "" : "not ");
		break;
	}
	list_free(&private);
	list_free(&present);
	list_free(&anonymous);
}

/* Counts of ranges at and about the sizes of the vectors, ours and the
 * kernel's. */
static void check_counts(int pagemap, char *at)
{
	static const size_t counts[] = {
		1, 2, 511, 512, 513, 1023, 1024, 1025, 1535, 1536, 1537, 2047,
		2048, 2049, 2560, LONG_PAGES / 2,
	};
	uint64_t start = (uintptr_t)at;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		for (int less = 0; less < 2; less++) {
			struct list l = { 0 };

			CHECK(proc_pages(pagemap, start, start +
					 (2 * counts[i] - less) * PAGE,
					 PAGES_PRIVATE, &l) == 0);
			CHECK_EQ(l.n, counts[i]);
			check_order(&l, start, start + 2 * counts[i] * PAGE);
			list_free(&l);
		}
	}
}

static int open_pagemap(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	return file_open(path, O_RDONLY);
}

static void test_pages(void)
{
	struct child c = start(pages_setup);
	int pagemap = open_pagemap(c.pid);

	for (size_t i = 0; i < PAGES_ROWS; i++) {
		if (!shared->at[i]) {
			CHECK(pages_rows[i].maybe);
			not_here(pages_rows[i].name);
			continue;
		}
		check_pages_row(pagemap, &pages_rows[i], shared->at[i],
				proc_pages, false);
		check_pages_row(pagemap, &pages_rows[i], shared->at[i],
				pages_by_reading, true);
	}
	check_counts(pagemap, shared->at[PAGES_ROWS - 1]);
	close(pagemap);
	end(c);
}

/* Appending, addresses of the kernel, an empty range, a wrong descriptor. */
static void test_pages_edges(void)
{
	pages_function *how[] = { proc_pages, pages_by_reading };
	char *p = anon(4 * PAGE);
	uint64_t at = (uintptr_t)p;
	int pagemap = open_pagemap(getpid()), null = open("/dev/null", O_RDONLY);
	struct list all = { 0 };

	memset(p, 1, 4 * PAGE);
	for (int i = 0; i < 2; i++) {
		struct list l = { 0 };

		CHECK(how[i](pagemap, at, at + PAGE, PAGES_PRIVATE, &l) == 0);
		CHECK(how[i](pagemap, at + PAGE, at + 4 * PAGE, PAGES_PRIVATE,
			     &l) == 0);
		CHECK(how[i](pagemap, at, at, PAGES_PRIVATE, &l) == 0);
		if (CHECK_EQ(l.n, 2)) {
			struct page_range *r = l.items;

			CHECK(r[0].start == at && r[0].end == at + PAGE);
			CHECK(r[1].start == at + PAGE &&
			      r[1].end == at + 4 * PAGE);
		}
		CHECK(how[i](pagemap, 0xffffffffff600000, 0xffffffffff601000,
			     PAGES_PRESENT, &l) == 0);
		CHECK_EQ(l.n, 2);
		list_free(&l);
	}
	/* Everything at once finds it among the rest. */
	CHECK(proc_pages(pagemap, 0, 0x7ffffffff000, PAGES_PRIVATE, &all) == 0);
	CHECK(in_ranges(&all, at + 2 * PAGE));
	list_free(&all);
	CHECK(proc_pages(null, at, at + PAGE, PAGES_PRIVATE, &all) == 0);
	CHECK_EQ(all.n, 0);	/* reads as an empty pagemap */
	CHECK(pages_by_reading(-1, at, at + PAGE, PAGES_PRIVATE,
			       &(struct list){ 0 }) == -1);
	close(pagemap);
	close(null);
	munmap(p, 4 * PAGE);
}

/* ---- descriptors ---- */

enum { FD_FILE = 40, FD_APPEND, FD_PATH, FD_DELETED, FD_LOCK, FD_FREE };

static void move_fd(int fd, int to, bool cloexec)
{
	MUST(dup3(fd, to, cloexec ? O_CLOEXEC : 0) == to);
	close(fd);
}

static void fds_setup(void)
{
	char path[160];
	int fd;

	for (fd = 3; fd < 40; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			close(fd);
	move_fd(file_open(file, O_RDONLY), FD_FILE, true);
	lseek(FD_FILE, 0x123456789, SEEK_SET);
	move_fd(file_open(file, O_WRONLY | O_APPEND | O_NONBLOCK), FD_APPEND,
		false);
	move_fd(open(dir, O_PATH), FD_PATH, false);
	snprintf(path, sizeof(path), "%s/deleted", dir);
	move_fd(file_open(path, O_RDWR | O_CREAT), FD_DELETED, false);
	unlink(path);
	move_fd(file_open(file, O_RDWR), FD_LOCK, false);
	MUST(flock(FD_LOCK, LOCK_EX) == 0);
}

static void check_fd(pid_t pid, int fd, uint32_t flags, int64_t pos, bool lock,
		     const char *path)
{
	struct proc_fdinfo info;
	char name[16], *link;

	snprintf(name, sizeof(name), "fd/%d", fd);
	link = proc_link(pid, name);
	CHECK(link && !strcmp(link, path));
	free(link);
	if (!CHECK(proc_fdinfo(pid, fd, &info) == 0))
		return;
	/* O_LARGEFILE is 0 to programs of 64 bits, but the kernel sets it. */
	CHECK_EQ(info.flags & ~0100000u, flags);
	CHECK_EQ(info.pos, pos);
	CHECK_EQ(info.has_lock, lock);
	CHECK(info.mnt_id > 0);
	if (fd == FD_FILE) {
		struct stat st;

		MUST(stat(file, &st) == 0);
		CHECK_EQ(info.ino, st.st_ino);
	}
	CHECK(strstr(info.text, "pos:") != NULL);
	proc_fdinfo_free(&info);
}

static void test_fds(void)
{
	struct child c = start(fds_setup);
	struct proc_fdinfo info;
	char path[160];
	struct list fds;
	int ours = 0;

	snprintf(path, sizeof(path), "%s/deleted (deleted)", dir);
	check_fd(c.pid, FD_FILE, O_RDONLY | O_CLOEXEC, 0x123456789, false, file);
	check_fd(c.pid, FD_APPEND, O_WRONLY | O_APPEND | O_NONBLOCK, 0, false,
		 file);
	check_fd(c.pid, FD_PATH, O_PATH, 0, false, dir);
	check_fd(c.pid, FD_DELETED, O_RDWR, 0, false, path);
	check_fd(c.pid, FD_LOCK, O_RDWR, 0, true, file);
	CHECK(proc_fdinfo(c.pid, FD_FREE, &info) == -1 && errno == ENOENT);
	CHECK(proc_fds(c.pid, &fds) == 0);
	list_each(&fds, int, fd) {
		CHECK(fd == fds.items || fd[0] > fd[-1]);
		/* What we inherited is there too. */
		ours += *fd >= FD_FILE && *fd < FD_FREE;
		CHECK(*fd != FD_FREE);
	}
	CHECK_EQ(ours, FD_FREE - FD_FILE);
	list_free(&fds);
	end(c);
}

/* ---- limits, timers, auxv, numbers ---- */

static void limits_setup(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit r;

		MUST(getrlimit(i, &r) == 0);
		if (r.rlim_cur > (rlim_t)1000000 + i)
			r.rlim_cur = 1000000 + i;
		setrlimit(i, &r);
	}
}

static void test_limits(void)
{
	struct child c = start(limits_setup);
	uint64_t limit[16][2];

	CHECK_EQ(RLIM_NLIMITS, 16);
	if (CHECK(proc_limits(c.pid, limit) == 0))
		for (int i = 0; i < 16; i++) {
			struct rlimit r;

			MUST(prlimit(c.pid, i, NULL, &r) == 0);
			CHECK_EQ(limit[i][0], r.rlim_cur);
			CHECK_EQ(limit[i][1], r.rlim_max);
		}
	end(c);
}

static void timer_make(int i, clockid_t clock, int notify, int sig, pid_t tid)
{
	struct sigevent ev = { .sigev_notify = notify, .sigev_signo = sig };

	ev.sigev_value.sival_ptr = (void *)(0xdeadbeefcafe + i);
	ev._sigev_un._tid = tid;
	MUST(syscall(SYS_timer_create, clock, &ev, &shared->timer_id[i]) == 0);
}

static void timers_setup(void)
{
	shared->tid[0] = getpid();
	start_thread(thread_waits, &shared->tid[1]);
	timer_make(0, CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	timer_make(1, CLOCK_BOOTTIME, SIGEV_NONE, 0, 0);
	timer_make(2, CLOCK_REALTIME, SIGEV_THREAD_ID, SIGRTMAX,
		   shared->tid[1]);
}

static void test_timers(void)
{
	static const struct {
		int clock, notify, signal;
	} want[] = {
		{ CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1 },
		{ CLOCK_BOOTTIME, SIGEV_NONE, 0 },
		{ CLOCK_REALTIME, SIGEV_THREAD_ID, 64 },
	};
	struct child c = start(timers_setup);
	struct list timers;
	int seen = 0;

	if (CHECK(proc_timers(c.pid, &timers) == 0))
		CHECK_EQ(timers.n, 3);
	list_each(&timers, struct proc_timer, t) {
		for (int i = 0; i < 3; i++) {
			if (t->id != shared->timer_id[i])
				continue;
			seen |= 1 << i;
			CHECK_EQ(t->clock, want[i].clock);
			CHECK_EQ(t->notify, want[i].notify);
			CHECK_EQ(t->signal, want[i].signal);
			CHECK_EQ(t->sigval, 0xdeadbeefcafe + i);
			if (i != 1)
				CHECK_EQ(t->target, shared->tid[i / 2]);
		}
	}
	CHECK_EQ(seen, 7);
	list_free(&timers);
	end(c);
	c = start(nothing);
	CHECK(proc_timers(c.pid, &timers) == 0 && timers.n == 0);
	end(c);
}

static void test_auxv(void)
{
	uint64_t w[128];
	size_t n;

	if (CHECK(proc_auxv(getpid(), w, 128, &n) == 0)) {
		CHECK(n >= 20 && n % 2 == 0);
		CHECK_EQ(w[n - 2], AT_NULL);
		for (size_t i = 0; i + 2 < n; i += 2)
			if (w[i] != AT_HWCAP)	/* the C library's own */
				CHECK_EQ(w[i + 1], getauxval(w[i]));
		CHECK(proc_auxv(getpid(), w, n, &n) == 0);
		CHECK(proc_auxv(getpid(), w, n - 1, &n) == -1 &&
		      errno == E2BIG);
	}
}

static void write_self(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void numbers_setup(void)
{
	personality(ADDR_NO_RANDOMIZE);
	write_self("/proc/self/oom_score_adj", "567");
	write_self("/proc/self/coredump_filter", "0x5b");
}

static void test_numbers(void)
{
	struct child c = start(numbers_setup);
	int64_t v;

	CHECK(proc_number(c.pid, "personality", 16, &v) == 0);
	CHECK_EQ(v, ADDR_NO_RANDOMIZE);
	CHECK(proc_number(c.pid, "oom_score_adj", 10, &v) == 0);
	CHECK_EQ(v, 567);
	CHECK(proc_number(c.pid, "coredump_filter", 16, &v) == 0);
	CHECK_EQ(v, 0x5b);
	CHECK(proc_number(c.pid, "comm", 10, &v) == -1 && errno == EPROTO);
	end(c);
}

static void chdir_setup(void)
{
	MUST(chdir(dir) == 0);
}

static void test_link(void)
{
	struct child c = start(chdir_setup);
	char *exe = proc_link(getpid(), "exe"), *s;

	s = proc_link(c.pid, "cwd");
	CHECK(s && !strcmp(s, dir));
	free(s);
	s = proc_link(c.pid, "exe");
	CHECK(s && exe && !strcmp(s, exe));
	free(s);
	free(exe);
	s = proc_link(c.pid, "ns/pid");
	CHECK(s && !strncmp(s, "pid:[", 5));
	free(s);
	CHECK(!proc_link(c.pid, "fd/9999") && errno == ENOENT);
	end(c);
}

/* ---- children ---- */

static void *thread_forks(void *tid)
{
	shared->tid[2] = fork_waiting();
	return thread_waits(tid);
}

static void children_setup(void)
{
	shared->tid[0] = fork_waiting();
	shared->tid[1] = fork_waiting();
	start_thread(thread_forks, &shared->tid[3]);
}

static void test_children(void)
{
	struct child c = start(children_setup);
	struct list l;

	if (CHECK(proc_children(c.pid, &l) == 0))
		CHECK(list_is(&l, shared->tid, 3));
	list_free(&l);
	if (CHECK(children_by_parent(c.pid, &l) == 0))
		CHECK(list_is(&l, shared->tid, 3));
	list_free(&l);
	if (CHECK(children_by_threads(c.pid, &l) == 0))
		CHECK(list_is(&l, shared->tid, 3));
	list_free(&l);
	if (CHECK(proc_children(shared->tid[0], &l) == 0))
		CHECK_EQ(l.n, 0);
	list_free(&l);
	end(c);
}

/* ---- pipes ---- */

static char fifo[128];

static void hold(int fd, int other)
{
	move_fd(fd, 60, false);
	close(other);
}

static void hold_reader(void)
{
	hold(shared->pipe_r, shared->pipe_w);
}

static void hold_writer(void)
{
	hold(shared->pipe_w, shared->pipe_r);
}

static void hold_fifo(void)
{
	move_fd(file_open(fifo, O_RDWR), 60, false);
}

static void hold_fifo_path(void)
{
	move_fd(open(fifo, O_PATH), 60, false);
}

static void *thread_own_table(void *tid)
{
	MUST(unshare(CLONE_FILES) == 0);
	hold_fifo();
	return thread_waits(tid);
}

static void hold_fifo_in_thread(void)
{
	start_thread(thread_own_table, &shared->tid[0]);
}

/* start() wipes what is shared: the pipe's numbers are put back. */
static int pipe_r, pipe_w;

static void with_reader(void)
{
	shared->pipe_r = pipe_r;
	shared->pipe_w = pipe_w;
	hold_reader();
}

static void with_writer(void)
{
	shared->pipe_r = pipe_r;
	shared->pipe_w = pipe_w;
	hold_writer();
}

static void tree_add(struct list *tree, pid_t pid)
{
	*(pid_t *)list_add(tree, sizeof(pid_t)) = pid;
}

static int ends_listed(const struct list *tree, uint64_t dev, uint64_t ino)
{
	struct list pipes;
	int ends = 0;

	CHECK(proc_pipes_outside(tree, &pipes) == 0);
	list_each(&pipes, struct proc_pipe, p) {
		struct proc_pipe *next = p + 1;

		if (p->dev == dev && p->ino == ino)
			ends |= p->ends;
		if (next < (struct proc_pipe *)pipes.items + pipes.n)
			CHECK(p->dev < next->dev ||
			      (p->dev == next->dev && p->ino < next->ino));
	}
	list_free(&pipes);
	return ends;
}

static void check_ends(const struct stat *st, pid_t a, pid_t b, int want,
		       int line)
{
	struct list tree = { 0 };
	int one, all;

	if (a)
		tree_add(&tree, a);
	if (b)
		tree_add(&tree, b);
	one = proc_pipe_outside(st->st_ino, &tree);
	all = ends_listed(&tree, st->st_dev, st->st_ino);
	check(one == want, "pipe_outside", line, "found and wanted", one, want);
	check(all == want, "pipes_outside", line, "found and wanted", all, want);
	list_free(&tree);
}
#define CHECK_ENDS(st, a, b, want) check_ends(st, a, b, want, __LINE__)

static void test_pipes(void)
{
	struct child r, w;
	struct stat st;
	int p[2];

	MUST(pipe(p) == 0 && fstat(p[0], &st) == 0);
	pipe_r = p[0];
	pipe_w = p[1];
	r = start(with_reader);
	w = start(with_writer);
	CHECK_ENDS(&st, r.pid, w.pid, PIPE_READER | PIPE_WRITER); /* ourselves */
	close(p[0]);
	CHECK_ENDS(&st, r.pid, w.pid, PIPE_WRITER);
	close(p[1]);
	CHECK_ENDS(&st, r.pid, w.pid, 0);
	CHECK_ENDS(&st, r.pid, 0, PIPE_WRITER);
	CHECK_ENDS(&st, w.pid, 0, PIPE_READER);
	CHECK_ENDS(&st, 0, 0, PIPE_READER | PIPE_WRITER);
	end(r);
	CHECK_ENDS(&st, w.pid, 0, 0);
	end(w);
}

static void test_fifos(void)
{
	struct child a, b;
	struct stat st;

	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	MUST(mkfifo(fifo, 0600) == 0 && stat(fifo, &st) == 0);
	a = start(hold_fifo_path);
	CHECK_ENDS(&st, 0, 0, 0);
	b = start(hold_fifo);
	CHECK_ENDS(&st, b.pid, 0, 0);
	CHECK_ENDS(&st, a.pid, 0, PIPE_READER | PIPE_WRITER);
	end(b);
	b = start(hold_fifo_in_thread);
	CHECK_ENDS(&st, a.pid, 0, PIPE_READER | PIPE_WRITER);
	CHECK_ENDS(&st, a.pid, b.pid, 0);
	end(a);
	end(b);
	unlink(fifo);
}

/* ---- cpu ---- */

typedef char *name_pointer;

static bool has_flag(const struct list *names, const char *name)
{
	list_each(names, name_pointer, n)
		if (!strcmp(*n, name))
			return true;
	return false;
}

static void test_cpu(void)
{
	struct list names;

	if (CHECK(proc_cpu_flags(&names) == 0) && CHECK(names.n > 10)) {
		CHECK(has_flag(&names, "sse2"));
		CHECK(has_flag(&names, "fpu"));
		CHECK(!has_flag(&names, ":"));
		for (size_t i = 1; i < names.n; i++)
			CHECK(strcmp(*list_at(&names, char *, i - 1),
				     *list_at(&names, char *, i)) < 0);
		CHECK_EQ(has_flag(&names, "avx"), !!(proc_xcr0() & 4));
		CHECK_EQ(has_flag(&names, "avx512f"),
			 (proc_xcr0() & 0xe0) == 0xe0);
		CHECK_EQ(has_flag(&names, "xsave"), !!(proc_xcr0() & 1));
	}
	list_each(&names, name_pointer, n)
		free(*n);
	list_free(&names);
}

int main(void)
{
	shared = (void *)map(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	files_make();
	test_status();
	test_status_traced();
	test_nspid();
	test_kernel_threads();
	test_stat();
	test_zombies();
	test_gone();
	test_lines();
	test_maps();
	test_pages();
	test_pages_edges();
	test_fds();
	test_limits();
	test_timers();
	test_auxv();
	test_numbers();
	test_link();
	test_children();
	test_pipes();
	test_fifos();
	test_cpu();
	unlink(file);
	unlink(gone_file);
	if (rmdir(dir) < 0)
		CHECK(!"nothing left behind");
	return failures != 0;
}

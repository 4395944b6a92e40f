/* SPDX-License-Identifier: MIT */
/*
 * damage.h - what a bad move would have lost, lost on purpose
 *
 * A test that cannot fail proves nothing.  With VICTIM_DAMAGE=NAME in its
 * environment a victim that has not been moved at all loses, at the moment of
 * go, what a move might have forgotten; tests/victims.bats asks that a victim
 * made for just that notices.  Every thread that was waiting does it.
 */
#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>


/* Each descriptor above the standard ones. */
static void each_fd(void (*to)(int fd))
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (fd > 2 && fd != dirfd(dir))
			to(fd);
	}
	closedir(dir);
}

static void rewind_fd(int fd)
{
	lseek(fd, 0, SEEK_SET);
}

static void plain_fd(int fd)
{
	fcntl(fd, F_SETFL, 0);
}

static void keep_fd(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

static void close_fd(int fd)
{
	close(fd);
}

/* Opened again: no description is shared any more, and offsets are 0. */
static void reopen_fd(int fd)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR);
	if (again < 0)
		again = open(path, O_RDONLY);
	lseek(again, lseek(fd, 0, SEEK_CUR), SEEK_SET);
	dup2(again, fd);
	close(again);
}

static void drain_fd(int fd)
{
	char buf[4096];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, buf, sizeof(buf)) == sizeof(buf))
		;
	fcntl(fd, F_SETFL, 0);
}

static void shrink_fd(int fd)
{
	fcntl(fd, F_SETPIPE_SZ, 4096);
}

static void lose_offsets(void)	{ each_fd(rewind_fd); }
static void lose_flags(void)	{ each_fd(plain_fd); }
static void lose_cloexec(void)	{ each_fd(keep_fd); }
static void lose_fds(void)	{ each_fd(close_fd); }
static void lose_sharing(void)	{ each_fd(reopen_fd); }
static void lose_content(void)	{ each_fd(drain_fd); }
static void lose_capacity(void)	{ each_fd(shrink_fd); }

static void lose_mask(void)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void lose_handlers(void)
{
	for (int s = 1; s < 65; s++)
		signal(s, SIG_DFL);
}

static void lose_pending(void)
{
	struct timespec now = { 0, 0 };
	sigset_t all;

	sigfillset(&all);
	while (sigtimedwait(&all, NULL, &now) > 0)
		;
}

static void lose_altstack(void)
{
	stack_t off = { .ss_flags = SS_DISABLE };

	sigaltstack(&off, NULL);
}

static void lose_itimers(void)
{
	struct itimerval off = { 0 };

	for (int which = 0; which < 3; which++)
		setitimer(which, &off, NULL);
}

static void lose_timers(void)
{
	for (long id = 0; id < 64; id++)
		syscall(SYS_timer_delete, id);
}

static void lose_umask(void)	{ umask(027); }
static void lose_cwd(void)	{ if (chdir("/") < 0) abort(); }
static void lose_nice(void)	{ setpriority(PRIO_PROCESS, 0, 11); }
static void lose_slack(void)	{ prctl(PR_SET_TIMERSLACK, 77777); }
static void lose_mlock(void)	{ munlockall(); }
static void lose_death(void)	{ prctl(PR_SET_PDEATHSIG, 0); }
static void lose_subreaper(void) { prctl(PR_SET_CHILD_SUBREAPER, 0); }
static void lose_dumpable(void)
{
	prctl(PR_SET_DUMPABLE, !prctl(PR_GET_DUMPABLE));
}
static void lose_thp(void)	{ prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0); }
static void lose_name(void)	{ prctl(PR_SET_NAME, "lost"); }
static void lose_caps(void)	{ prctl(PR_CAPBSET_DROP, 12); }
static void lose_gs(void)	{ syscall(SYS_arch_prctl, 0x1001, 0); }
static void lose_persona(void)	{ syscall(SYS_personality, 0); }
static void lose_ioprio(void)	{ syscall(SYS_ioprio_set, 1, 0, 0); }

static void lose_robust(void)
{
	static void *none[3] = { none };

	syscall(SYS_set_robust_list, none, sizeof(none));
}

static void lose_clear_tid(void)
{
	static int elsewhere;

	syscall(SYS_set_tid_address, &elsewhere);
}

static void lose_policy(void)
{
	struct sched_param normal = { 0 };

	sched_setscheduler(0, SCHED_OTHER, &normal);
}

static void lose_affinity(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

static void lose_limits(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur--;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void lose_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (write(fd, "999", 3) != 3)
		abort();
	close(fd);
}

static void lose_group(void)	{ setpgid(0, getppid()); }

/* A wait that ends early, as if the move had been a signal: all other threads
 * of the process are interrupted. */
static void nothing(int signal)
{
	(void)signal;
}

static void lose_waits(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	sigaction(SIGWINCH, &sa, NULL);
	while (dir && (entry = readdir(dir)))
		if (atoi(entry->d_name) &&
		    atoi(entry->d_name) != syscall(SYS_gettid))
			syscall(SYS_tgkill, getpid(), atoi(entry->d_name),
				SIGWINCH);
	closedir(dir);
}

/* Control words as a new process has them. */
static void lose_control(void)
{
	unsigned int mxcsr = 0x1f80;
	unsigned short cw = 0x37f;

	__asm__ volatile("ldmxcsr %0; fldcw %1" :: "m"(mxcsr), "m"(cw));
}

/* Anonymous memory of one's own that no library knows comes back empty: all
 * mappings that begin between 1 and 2 TiB, where victims put theirs; and
 * changed files' pages come back from the file. */
static void lose_memory(void)
{
	unsigned long start, end;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 &&
		    start >= 1ul << 40 && start < 1ul << 41)
			madvise((void *)start, end - start, MADV_DONTNEED);
	fclose(maps);
}

/* Everything there may be written again. */
static void lose_protection(void)
{
	unsigned long start, end;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 &&
		    start >= 1ul << 40 && start < 1ul << 41)
			mprotect((void *)start, end - start,
				 PROT_READ | PROT_WRITE);
	fclose(maps);
}

/* Advice such as MADV_DONTFORK is forgotten. */
static void lose_advice(void)
{
	static const int undo[] = { MADV_DOFORK, MADV_DODUMP, MADV_NORMAL, 19,
				    MADV_NOHUGEPAGE, MADV_UNMERGEABLE };
	unsigned long start, end;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 &&
		    start >= 1ul << 40 && start < 1ul << 41)
			for (size_t i = 0; i < sizeof(undo) / sizeof(*undo); i++)
				madvise((void *)start, end - start, undo[i]);
	fclose(maps);
}

static const struct {
	const char *name;
	void (*lose)(void);
} damages[] = {
	{ "advice", lose_advice },
	{ "affinity", lose_affinity },
	{ "altstack", lose_altstack },
	{ "capacity", lose_capacity },
	{ "caps", lose_caps },
	{ "clear-tid", lose_clear_tid },
	{ "cloexec", lose_cloexec },
	{ "content", lose_content },
	{ "control", lose_control },
	{ "cwd", lose_cwd },
	{ "death", lose_death },
	{ "dumpable", lose_dumpable },
	{ "fds", lose_fds },
	{ "flags", lose_flags },
	{ "group", lose_group },
	{ "gs", lose_gs },
	{ "handlers", lose_handlers },
	{ "ioprio", lose_ioprio },
	{ "itimers", lose_itimers },
	{ "limits", lose_limits },
	{ "mask", lose_mask },
	{ "memory", lose_memory },
	{ "mlock", lose_mlock },
	{ "name", lose_name },
	{ "nice", lose_nice },
	{ "offsets", lose_offsets },
	{ "oom", lose_oom },
	{ "pending", lose_pending },
	{ "persona", lose_persona },
	{ "policy", lose_policy },
	{ "protection", lose_protection },
	{ "robust", lose_robust },
	{ "sharing", lose_sharing },
	{ "slack", lose_slack },
	{ "subreaper", lose_subreaper },
	{ "thp", lose_thp },
	{ "timers", lose_timers },
	{ "umask", lose_umask },
	{ "waits", lose_waits },
};

static void damage(void)
{
	const char *name = getenv("VICTIM_DAMAGE");

	for (size_t i = 0; name && i < sizeof(damages) / sizeof(*damages); i++)
		if (strcmp(name, damages[i].name) == 0)
			damages[i].lose();
}

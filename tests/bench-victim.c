/* SPDX-License-Identifier: MIT */
/*
 * bench-victim - what tests/bench moves: memory, threads, processes, mappings
 *
 *	bench-victim mem MIB FILE	random anonymous memory, 4 KiB pages
 *	bench-victim threads N FILE	N threads waiting on one condition
 *	bench-victim procs N FILE	a tree of N processes, three levels
 *	bench-victim many N FILE	N mappings and N open files
 *	bench-victim warm MIB		touches memory and ends
 *
 * Writes "ready" to FILE when all is set up and waits.  On SIGTERM it checks
 * that all it had is still as it was, and writes "right" or "wrong".  FILE is
 * open only while it is written, so that every tool can move the rest.
 */

#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB		(1ul << 20)
#define BRANCHES	9	/* children of the root in a tree */

static void say(const char *path, const char *word)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(word, f) < 0 || fclose(f))
		err(1, "%s", path);
}

static void wait_term(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	do
		sigwait(&set, &sig);
	while (sig != SIGTERM);
}

static void *map(size_t bytes, int flags)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		err(1, "%zu MiB", bytes / MIB);
	return p;
}

static uint64_t xorshift(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static bool run_mem(size_t mib, const char *path)
{
	size_t n = mib * MIB / sizeof(uint64_t);
	uint64_t *mem = map(mib * MIB, 0);
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < n; i++)
		mem[i] = x = xorshift(x);
	say(path, "ready");
	wait_term();
	x = 88172645463325252u;
	for (size_t i = 0; i < n; i++) {
		x = xorshift(x);
		if (mem[i] != x)
			return false;
	}
	return true;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static size_t waiting, woken;
static bool go;

static void *waiter(void *arg)
{
	pthread_mutex_lock(&lock);
	waiting++;
	pthread_cond_broadcast(&changed);
	while (!go)
		pthread_cond_wait(&changed, &lock);
	woken++;
	pthread_mutex_unlock(&lock);
	return arg;
}

static bool run_threads(size_t n, const char *path)
{
	pthread_t *threads = calloc(n, sizeof(*threads));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (size_t i = 0; i < n; i++)
		if (pthread_create(&threads[i], &attr, waiter, NULL))
			errx(1, "thread %zu cannot be made", i);

	pthread_mutex_lock(&lock);
	while (waiting < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	say(path, "ready");
	wait_term();

	pthread_mutex_lock(&lock);
	go = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return woken == n;
}

/*
 * Makes @n children, which share out @more grandchildren, and ends when told
 * to: true if all of them ended so too.  All is set up when the last copy of
 * the pipe's writing end is closed; only the root (@path) waits for that.
 */
static bool branch(size_t n, size_t more, int ready[2], const char *path)
{
	pid_t *child = calloc(n + 1, sizeof(*child));
	bool right = true;
	int status;
	char byte;

	for (size_t i = 0; i < n; i++) {
		size_t own = more / n + (i < more % n);

		child[i] = fork();
		if (child[i] < 0)
			err(1, "fork");
		if (!child[i])
			_exit(!branch(own, 0, ready, NULL));
	}
	if (!path)
		close(ready[0]);
	close(ready[1]);
	if (path) {
		while (read(ready[0], &byte, 1) > 0)
			;
		close(ready[0]);
		say(path, "ready");
	}

	wait_term();
	for (size_t i = 0; i < n; i++)
		kill(child[i], SIGTERM);
	for (size_t i = 0; i < n; i++)
		if (waitpid(child[i], &status, 0) != child[i] || status)
			right = false;
	free(child);
	return right;
}

static bool run_procs(size_t n, const char *path)
{
	size_t branches = n - 1 < BRANCHES ? n - 1 : BRANCHES;
	int ready[2];

	if (pipe(ready))
		err(1, "pipe");
	return branch(branches, n - 1 - branches, ready, path);
}

/* A page of its own in each mapping: neighbours differ in what they allow. */
static uint64_t *map_many(size_t n, size_t words)
{
	uint64_t *mem = map(n * words * sizeof(*mem), 0);

	for (size_t i = 0; i < n; i++) {
		mem[i * words] = ~i;
		if (i & 1 && mprotect(mem + i * words, words * sizeof(*mem),
				      PROT_READ))
			err(1, "mapping %zu", i);
	}
	return mem;
}

static bool run_many(size_t n, const char *path)
{
	size_t words = (size_t)sysconf(_SC_PAGESIZE) / sizeof(uint64_t);
	struct rlimit limit = { 2 * n, 2 * n };
	uint64_t *mem = map_many(n, words);
	int *fd = calloc(n, sizeof(*fd));
	bool right = true;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "%zu descriptors", 2 * n);
	for (size_t i = 0; i < n; i++) {
		fd[i] = open("/proc/self/exe", O_RDONLY);
		if (fd[i] < 0 || lseek(fd[i], i, SEEK_SET) < 0)
			err(1, "descriptor %zu", i);
	}
	say(path, "ready");
	wait_term();
	for (size_t i = 0; i < n; i++)
		right &= mem[i * words] == ~i &&
			 lseek(fd[i], 0, SEEK_CUR) == (off_t)i;
	free(fd);
	return right;
}

int main(int argc, char *argv[])
{
	sigset_t set;
	size_t n;
	bool right;

	if (argc < 3)
		errx(64, "wants: mem|threads|procs|many|warm NUMBER FILE");
	n = strtoul(argv[2], NULL, 10);
	if (!strcmp(argv[1], "warm")) {
		map(n * MIB, MAP_POPULATE);
		return 0;
	}

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (argc < 4)
		errx(64, "wants a file to report to");
	if (!strcmp(argv[1], "mem"))
		right = run_mem(n, argv[3]);
	else if (!strcmp(argv[1], "threads"))
		right = run_threads(n, argv[3]);
	else if (!strcmp(argv[1], "procs"))
		right = run_procs(n, argv[3]);
	else if (!strcmp(argv[1], "many"))
		right = run_many(n, argv[3]);
	else
		errx(64, "%s: no such mode", argv[1]);
	say(argv[3], right ? "right" : "wrong");
	return !right;
}

/* SPDX-License-Identifier: MIT */
/* victim.c - what all victims share; see victim.h and README.md */
#include "victim.h"
#include "damage.h"

#include <stdarg.h>
#include <stdatomic.h>

#define TICK_NS		2000000
#define GAP		0.01	/* a tick that took longer was a freeze */

static const char *directory;
static atomic_int arrived;
static _Thread_local double frozen;

char *victim_path(const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = malloc(size);

	if (!path)
		abort();
	snprintf(path, size, "%s/%s", directory, name);
	return path;
}

char *victim_file(const char *name, const char *text)
{
	char *path = victim_path(name);
	int fd = must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644));

	same(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* The whole file appears at once, and only if none of that name is there. */
static bool publish(const char *name, const char *text)
{
	char temp[64];
	char *from, *to;
	int fd;
	bool done;

	snprintf(temp, sizeof(temp), ".%s.%ld", name,
		 (long)syscall(SYS_gettid));
	from = victim_path(temp);
	to = victim_path(name);
	fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", from, strerror(errno));
		return false;
	}
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	done = done && link(from, to) == 0;
	unlink(from);
	return done;
}

void victim_pass(void)
{
	_exit(publish("result", "ok\n") ? 0 : 1);
}

static void verdict(const char *prefix, const char *fmt, va_list args)
{
	char reason[900], text[1000];

	vsnprintf(reason, sizeof(reason), fmt, args);
	snprintf(text, sizeof(text), "%s%s\n", prefix, reason);
	fputs(text, stderr);
	publish("result", text);
}

void victim_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	verdict("", fmt, args);
	va_end(args);
	_exit(1);
}

void victim_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	verdict("skip ", fmt, args);
	va_end(args);
	_exit(1);
}

void victim_ready(void)
{
	if (!publish("ready", ""))
		victim_fail("cannot create the file ready");
}

double victim_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

double victim_frozen(void)
{
	return frozen;
}

static void tick(void)
{
	struct timespec ts = { 0, TICK_NS };

	nanosleep(&ts, NULL);
}

void victim_wait(void)
{
	char *go = victim_path("go");
	double before = victim_now(), now;

	while (access(go, F_OK) < 0) {
		tick();
		now = victim_now();
		if (now - before > GAP)
			frozen += now - before;
		before = now;
	}
	free(go);
	damage();
}

void victim_move(void)
{
	victim_ready();
	victim_wait();
}

void victim_arrive(void)
{
	atomic_fetch_add(&arrived, 1);
}

void victim_gather(int n)
{
	while (atomic_load(&arrived) < n)
		tick();
}

void victim_blocked(pid_t tid, long nr)
{
	char path[64], line[256];
	long is = -1;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tid);
	while (is != nr) {
		int fd = must(open(path, O_RDONLY | O_CLOEXEC));
		ssize_t n = read(fd, line, sizeof(line) - 1);

		close(fd);
		line[n > 0 ? n : 0] = 0;
		if (sscanf(line, "%ld", &is) != 1)
			is = -1;
		if (is != nr)
			tick();
	}
}

pthread_t victim_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	zero(pthread_create(&thread, NULL, run, arg));
	return thread;
}

pid_t victim_child(void (*run)(void))
{
	pid_t pid = must(fork());

	if (pid == 0) {
		run();
		_exit(0);
	}
	return pid;
}

void victim_reap(pid_t pid, int status)
{
	int got;

	same(must(waitpid(pid, &got, 0)), pid);
	if (!WIFEXITED(got) || WEXITSTATUS(got) != status)
		victim_fail("child %d ended with %#x instead of exit status %d",
			    (int)pid, (unsigned int)got, status);
}

void victim_sleep(double seconds)
{
	double end = victim_now() + seconds;

	while (victim_now() < end)
		tick();
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

void fill(void *to, size_t size, uint64_t seed)
{
	unsigned char *byte = to;
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++) {
		if (i % 8 == 0)
			word = mix(seed * 0x9e3779b97f4a7c15ull + i);
		byte[i] = word >> i % 8 * 8;
	}
}

long spoilt(const void *from, size_t size, uint64_t seed)
{
	const unsigned char *byte = from;
	unsigned char good[4096];

	for (size_t i = 0; i < size; i++) {
		if (i % sizeof(good) == 0) {
			uint64_t word = 0;

			for (size_t j = 0; j < sizeof(good); j++) {
				if (j % 8 == 0)
					word = mix(seed * 0x9e3779b97f4a7c15ull
						   + i + j);
				good[j] = word >> j % 8 * 8;
			}
		}
		if (byte[i] != good[i % sizeof(good)])
			return i;
	}
	return -1;
}

void *area(size_t size, int prot, int flags, int fd, off_t offset)
{
	static uintptr_t next = 1ul << 40;
	uintptr_t at = next;
	void *got;

	next += ((size + 0xfffff) & ~0xffffful) + (16ul << 20);
	got = mmap((void *)at, size, prot, flags | MAP_FIXED_NOREPLACE, fd,
		   offset);
	if (got != (void *)at)
		victim_fail("cannot map %zu bytes at %#zx: %s", size, at,
			    strerror(errno));
	return got;
}

int file_flags(int fd)
{
	/* The C library calls it 0. */
	return must(fcntl(fd, F_GETFL)) & ~0100000;
}

const char *field(const char *file, const char *key)
{
	static _Thread_local char line[4096];
	size_t length = strlen(key);
	FILE *in = fopen(file, "re");

	if (!in)
		victim_fail("%s: %s", file, strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, key, length))
			continue;
		fclose(in);
		line[strcspn(line, "\n")] = 0;
		return line + length + strspn(line + length, ": \t");
	}
	victim_fail("%s has no line %s", file, key);
}

void vm_flags(const void *address, char *to)
{
	char line[4096];
	unsigned long at = (unsigned long)address, start, end;
	bool inside = false;
	FILE *in = fopen("/proc/self/smaps", "re");

	if (!in)
		victim_fail("/proc/self/smaps: %s", strerror(errno));
	*to = 0;
	while (fgets(line, sizeof(line), in)) {
		char *save, *flag;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= at && at < end;
		if (!inside || strncmp(line, "VmFlags:", 8))
			continue;
		for (flag = strtok_r(line + 8, " \n", &save); flag;
		     flag = strtok_r(NULL, " \n", &save))
			if (strcmp(flag, "sd") && strcmp(flag, "ac") &&
			    strlen(to) < 250)
				strcat(strcat(to, flag), " ");
	}
	fclose(in);
	if (!*to)
		victim_fail("no mapping at %p", address);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "Usage: %s DIR\n", argv[0]);
		return 64;
	}
	directory = argv[1];
	victim();
	victim_pass();
}

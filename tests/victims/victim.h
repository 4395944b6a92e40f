/* SPDX-License-Identifier: MIT */
/*
 * victim.h - a program that is moved and then checks itself
 *
 * A victim is `NAME DIR`.  It defines victim(), which sets something up,
 * calls victim_move() and then finds out, by itself, whether all is as it
 * was; coming back from victim() means that it is.  Whoever runs it moves it
 * between the files DIR/ready, which the victim makes, and DIR/go, which the
 * victim waits for, as often as he likes.  The verdict is DIR/result: "ok",
 * or the reason, or "skip" and the reason; and the exit status.
 *
 * A check that fails ends the process at once.  In a tree every process may
 * check; the first verdict stays.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the victim does; defined by each. */
void victim(void);

/* DIR/ready comes into being; once, by one process of the tree. */
void victim_ready(void);
/* Until DIR/go exists.  Any thread of any process may wait. */
void victim_wait(void);
/* victim_ready() and victim_wait(). */
void victim_move(void);
/* Seconds that the calling thread did not get to run in victim_wait(). */
double victim_frozen(void);

_Noreturn void victim_pass(void);
_Noreturn void victim_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
/* What is to be checked does not exist on this machine. */
_Noreturn void victim_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* DIR/name; allocated, for good. */
char *victim_path(const char *name);
/* A new file DIR/name that holds @text; its path, allocated. */
char *victim_file(const char *name, const char *text);

/* Count the caller in; wait until @n have been counted in, in this process. */
void victim_arrive(void);
void victim_gather(int n);
/* Wait until task @tid (or process) is blocked in system call @nr.  Before
 * victim_ready() only: afterwards /proc may number tasks otherwise. */
void victim_blocked(pid_t tid, long nr);

pthread_t victim_thread(void *(*run)(void *), void *arg);
/* A child that runs @run and exits 0 if it comes back. */
pid_t victim_child(void (*run)(void));
/* Wait for child @pid, which must exit with @status. */
void victim_reap(pid_t pid, int status);

/* CLOCK_MONOTONIC in seconds; sleep for so long, whatever the signals. */
double victim_now(void);
void victim_sleep(double seconds);

/* Bytes that are the same for the same seed and differ for different ones. */
void fill(void *to, size_t size, uint64_t seed);
/* The offset of the first byte that differs from fill()'s, or -1. */
long spoilt(const void *from, size_t size, uint64_t seed);

/* mmap(2) at an address of its own, between 1 and 2 TiB, far from others; it
 * must succeed.  Of what lies there damage.h knows. */
void *area(size_t size, int prot, int flags, int fd, off_t offset);
#define AREA_ANON(size)	area((size), PROT_READ | PROT_WRITE, \
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
#define AREA_SHARED(size) area((size), PROT_READ | PROT_WRITE, \
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0)

/* fcntl(2) F_GETFL, without O_LARGEFILE, which means nothing on 64 bits and
 * comes and goes with the system call that opened the file. */
int file_flags(int fd);

/* The value of line @key of a file such as /proc/self/status: the text
 * after it, in static storage of the calling thread. */
const char *field(const char *file, const char *key);
/* The VmFlags of the mapping at @address, copied to @to, 256 bytes; without
 * "sd" and "ac", which are the kernel's bookkeeping. */
void vm_flags(const void *address, char *to);

#define WHERE_(what) "%s line %d: " what, __FILE_NAME__, __LINE__

/* Something that must hold. */
#define check(what) do { \
	if (!(what)) \
		victim_fail(WHERE_("not so: %s"), #what); \
} while (0)

/* A number that must be what it was. */
#define same(now, was) do { \
	long long now_ = (long long)(now), was_ = (long long)(was); \
	if (now_ != was_) \
		victim_fail(WHERE_("%s is %lld, should be %lld"), #now, \
			    now_, was_); \
} while (0)

#define same_text(now, was) do { \
	const char *now_ = (now), *was_ = (was); \
	if (strcmp(now_, was_)) \
		victim_fail(WHERE_("%s is \"%s\", should be \"%s\""), #now, \
			    now_, was_); \
} while (0)

#define same_fill(from, size, seed) do { \
	long at_ = spoilt((from), (size), (seed)); \
	if (at_ >= 0) \
		victim_fail(WHERE_("%s differs from byte %ld on"), #from, at_); \
} while (0)

/* A call that returns -1 (or MAP_FAILED) with errno, and must not. */
#define must(call) ({ \
	__typeof__(call) ret_ = (call); \
	if (ret_ == (__typeof__(call))-1) \
		victim_fail(WHERE_("%s: %s"), #call, strerror(errno)); \
	ret_; \
})

/* A call that returns an error number, and must return 0. */
#define zero(call) do { \
	int err_ = (call); \
	if (err_) \
		victim_fail(WHERE_("%s: %s"), #call, strerror(err_)); \
} while (0)

/* A call that must fail with just this errno. */
#define refused(call, why) do { \
	errno = 0; \
	if ((long)(call) != -1 || errno != (why)) \
		victim_fail(WHERE_("%s: should be %s, is %s"), #call, #why, \
			    strerror(errno)); \
} while (0)

#endif

/* SPDX-License-Identifier: MIT */
/* aio.h - asynchronous I/O by its system calls alone: io_setup(2) */
#include <linux/aio_abi.h>

#include "victim.h"

static inline aio_context_t aio_open(unsigned int requests)
{
	aio_context_t ctx = 0;

	if (syscall(SYS_io_setup, requests, &ctx) < 0)
		victim_skip("no asynchronous I/O: %s", strerror(errno));
	return ctx;
}

static inline struct iocb aio_request(int op, int fd, void *buf, size_t n,
				      uint64_t data)
{
	return (struct iocb){
		.aio_lio_opcode = op, .aio_fildes = fd,
		.aio_buf = (uint64_t)buf, .aio_nbytes = n, .aio_data = data,
	};
}

static inline void aio_submit(aio_context_t ctx, struct iocb *one)
{
	same(syscall(SYS_io_submit, ctx, 1L, &one), 1);
}

/* The next event, within ten seconds. */
static inline struct io_event aio_next(aio_context_t ctx)
{
	struct timespec limit = { 10, 0 };
	struct io_event e = { 0 };

	same(syscall(SYS_io_getevents, ctx, 1L, 1L, &e, &limit), 1);
	return e;
}

static inline bool aio_is_empty(aio_context_t ctx)
{
	struct timespec now = { 0, 0 };
	struct io_event e;

	return must(syscall(SYS_io_getevents, ctx, 0L, 1L, &e, &now)) == 0;
}

static inline void aio_has(aio_context_t ctx, const struct iocb *one,
			   uint64_t data, int64_t res)
{
	struct io_event e = aio_next(ctx);

	same(e.data, data);
	same(e.obj, (uint64_t)one);
	same(e.res, res);
}

/* A read of a file goes through it. */
static inline void aio_works(aio_context_t ctx, int fd, uint64_t data)
{
	char byte = 0;
	struct iocb one = aio_request(IOCB_CMD_PREAD, fd, &byte, 1, data);

	aio_submit(ctx, &one);
	aio_has(ctx, &one, data, 1);
	same(byte, 'T');
}

/* How many can be under way; they are taken out again. */
static inline int aio_capacity(aio_context_t ctx, int fd)
{
	struct iocb none = aio_request(IOCB_CMD_PREAD, fd, NULL, 0, 0);
	struct iocb *one = &none;
	int n = 0;

	while (syscall(SYS_io_submit, ctx, 1L, &one) == 1)
		n++;
	same(errno, EAGAIN);
	for (int i = 0; i < n; i++)
		aio_next(ctx);
	return n;
}

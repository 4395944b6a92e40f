/* SPDX-License-Identifier: MIT */
/* uring.h - an io_uring(7) by its system calls alone */
#include <linux/io_uring.h>

#include "victim.h"

struct ring {
	int fd;
	struct io_uring_params p;
	uint8_t *rings;
	struct io_uring_sqe *sqes;
};

static inline void ring_open(struct ring *r, unsigned entries, unsigned flags)
{
	size_t a, b;

	*r = (struct ring){ .p.flags = flags };
	r->fd = syscall(SYS_io_uring_setup, entries, &r->p);
	if (r->fd < 0)
		victim_skip("no io_uring: %s", strerror(errno));
	a = r->p.sq_off.array + r->p.sq_entries * 4;
	b = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->rings = mmap(NULL, a > b ? a : b, PROT_READ | PROT_WRITE, MAP_SHARED,
			r->fd, IORING_OFF_SQ_RING);
	r->sqes = mmap(NULL, r->p.sq_entries * sizeof(struct io_uring_sqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		       IORING_OFF_SQES);
	check(r->rings != MAP_FAILED && (void *)r->sqes != MAP_FAILED);
}

static inline uint32_t *ring_word(struct ring *r, uint32_t offset)
{
	return (uint32_t *)(r->rings + offset);
}

/* The next request, zeroed; the kernel does not see it yet. */
static inline struct io_uring_sqe *ring_next(struct ring *r)
{
	uint32_t *tail = ring_word(r, r->p.sq_off.tail);
	uint32_t at = *tail & (r->p.sq_entries - 1);

	memset(&r->sqes[at], 0, sizeof(r->sqes[at]));
	ring_word(r, r->p.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return &r->sqes[at];
}

static inline void ring_nop(struct ring *r, uint64_t data)
{
	struct io_uring_sqe *sqe = ring_next(r);

	sqe->opcode = IORING_OP_NOP;
	sqe->user_data = data;
}

static inline long ring_enter(struct ring *r, unsigned submit, unsigned wait)
{
	return syscall(SYS_io_uring_enter, r->fd, submit, wait,
		       wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

/* The next completion, whose data and result it must have. */
static inline void ring_has(struct ring *r, uint64_t data, int32_t result)
{
	uint32_t *head = ring_word(r, r->p.cq_off.head);
	uint32_t tail = __atomic_load_n(ring_word(r, r->p.cq_off.tail),
					__ATOMIC_ACQUIRE);
	struct io_uring_cqe *cqe = (void *)(r->rings + r->p.cq_off.cqes);

	check(*head != tail);
	cqe += *head & (r->p.cq_entries - 1);
	same(cqe->user_data, data);
	same(cqe->res, result);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
}

static inline bool ring_is_empty(struct ring *r)
{
	return *ring_word(r, r->p.cq_off.head) ==
	       __atomic_load_n(ring_word(r, r->p.cq_off.tail),
			       __ATOMIC_ACQUIRE);
}

/* A request of its own passes through it. */
static inline void ring_works(struct ring *r, uint64_t data)
{
	ring_nop(r, data);
	same(ring_enter(r, 1, 1), 1);
	ring_has(r, data, 0);
}

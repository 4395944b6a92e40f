/* SPDX-License-Identifier: MIT */
/*
 * image.h - all records of a process tree, by kind, and the table of kinds
 *
 * An image is a small database: a list of records for each kind, in the order
 * they were captured or read.  Pages are not in it; they stream past.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdio.h>

#include "image/records.h"
#include "stream/stream.h"

#define KIND_MAX 64		/* rows in the table */

struct record {
	uint64_t id;
	void *data;		/* owned: the struct of its kind */
};

struct image {
	struct stream_header header;
	struct list records[KIND_MAX];	/* of struct record, by row */
	bool unordered[KIND_MAX];	/* a later record has a lower id */
};

struct batch;
struct capture;
struct source;
struct source_task;
struct restore;
struct puppet;
struct member;

/*
 * One row of the table: a kind of resource.  Any function may be missing; they
 * are called in the order of the rows, each for all of the tree before the
 * next row.
 */
struct kind {
	enum record_type type;
	const struct schema *schema;
	bool unique;		/* one record an id: may be looked up */
	bool open;		/* an open description: descriptors refer to it
				   by the id, which it has from next_open */

	/* Before the freeze and again in it: names what cannot be moved. */
	int (*check)(struct capture *, struct source *, struct failure *);
	/* In the freeze: what only the task itself can tell is asked in one
	 * go; task_ret() and task_data() have the answers for capture(). */
	void (*ask)(struct capture *, struct source *, struct source_task *,
		    struct batch *);
	/* In the freeze: from a process into records. */
	int (*capture)(struct capture *, struct source *, struct failure *);
	/* The same for the draft that a live stream begins with. */
	int (*draft)(struct capture *, struct source *, struct failure *);

	/* Once, before anything is made: are the records sound, is all here
	 * that they name? */
	int (*verify)(struct restore *, struct failure *);
	/* Once: opens or makes what the puppets will inherit. */
	int (*prepare)(struct restore *, struct failure *);
	/* In each address space, before it is filled; then in each process. */
	int (*map)(struct restore *, struct puppet *, struct failure *);
	int (*build)(struct restore *, struct puppet *, struct failure *);
	/* In each process, after it. */
	int (*settle)(struct restore *, struct puppet *, struct failure *);
	/* In each thread, when the process is settled. */
	int (*thread)(struct restore *, struct puppet *, struct member *,
		      struct failure *);

	/* Once, when all is ready, just before it runs: what others outside
	 * notice. */
	int (*commit)(struct restore *, struct failure *);

	/* An open description, in some words on one line (say.h). */
	void (*describe)(FILE *, const void *rec);
};

extern const struct kind *const kinds[];	/* NULL at the end */

extern const struct kind
	kind_process, kind_thread, kind_creds, kind_sched, kind_actions,
	kind_pending, kind_timers, kind_limits, kind_space, kind_mapping,
	kind_vdso, kind_object, kind_file, kind_pipe, kind_pipe_end,
	kind_terminal, kind_outside, kind_descriptor,
	kind_inet, kind_inet_data, kind_tcp, kind_netlink, kind_packet, kind_unix,
	kind_message, kind_carried;

extern const struct kind
	kind_proc_file,
	kind_shm, kind_sem, kind_msg, kind_notice, kind_mqueue,
	kind_mqueue_open,
	kind_bpf_map, kind_bpf_data, kind_btf,
	kind_eventfd, kind_aio, kind_uring, kind_epoll, kind_timerfd, kind_pidfd, kind_signalfd,
	kind_inotify, kind_fanotify;

extern const struct kind kind_pty, kind_pty_end, kind_traits, kind_cgroups,
	kind_filter, kind_seccomp, kind_namespace, kind_area, kind_live,
	kind_mounts, kind_filesystem, kind_entry;

size_t kind_row(uint32_t type);	/* in the table; of its end if unknown */
const struct kind *kind_of(uint32_t type);	/* NULL if unknown */
const struct schema *record_schema(uint32_t type);
bool record_known(uint32_t type);
/* What messages call a type of record ("mapping"); NULL if it is not known. */
const char *record_name(uint32_t type);

/* A zeroed new record of its kind's struct. */
void *image_add(struct image *, enum record_type, uint64_t id);
/* Of kinds that are unique; NULL if there is none. */
void *image_find(const struct image *, enum record_type, uint64_t id);
struct list *image_list(const struct image *, enum record_type);
/* First record of @id and how many follow it: kinds whose records of one id
 * stand together. */
struct record *image_run(const struct image *, enum record_type, uint64_t id,
			 size_t *n);
void image_forget(struct image *);	/* its records: the header stays */
void image_free(struct image *);

/* Header and all records; these alone; those of one kind. */
int image_write(const struct image *, struct stream_out *, struct failure *);
int image_write_records(const struct image *, struct stream_out *,
			struct failure *);
int image_write_kind(const struct image *, enum record_type,
		     struct stream_out *, struct failure *);
/*
 * Header and records, up to the first run of pages or, in a live stream, the
 * next phase (then 1 and *item is it), or the end (0).  Records of one kind that
 * are not unique but ought to be fail.
 */
int image_read(struct image *, struct stream_in *, struct stream_item *item,
	       struct failure *);
/* The same after the header. */
int image_read_records(struct image *, struct stream_in *,
		       struct stream_item *item, struct failure *);

#define image_each(img, type, strct, it)				\
	for (struct record *it##_r = image_list(img, type)->items,	\
	     *it##_e = it##_r + image_list(img, type)->n;		\
	     it##_r < it##_e; it##_r++)					\
		for (strct *it = it##_r->data; it; it = NULL)

#endif

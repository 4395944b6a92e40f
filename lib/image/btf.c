/* SPDX-License-Identifier: MIT */
/*
 * btf.c - types of bpf(2): what a descriptor of them was loaded from
 *
 * The kernel gives back the very bytes.  Those of the kernel itself are others on
 * another machine, and are refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/anon.h"
#include "image/bpf.h"

static const struct field fields[] = {
	FIELD(struct rec_btf, data, FIELD_BLOB, .max = BTF_SIZE_MAX),
};
static const struct schema schema =
	SCHEMA("types of BPF", struct rec_btf, fields);

long bpf_call(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

int bpf_info(int fd, void *info, size_t size)
{
	union bpf_attr attr = { .info = {
		.bpf_fd = fd, .info_len = size, .info = (uint64_t)info,
	} };

	return bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int btf_read(int fd, struct blob *to)
{
	struct bpf_btf_info info = { 0 };

	if (bpf_info(fd, &info, sizeof(info)) < 0)
		return -1;
	errno = info.kernel_btf ? EPERM : EFBIG;
	if (info.kernel_btf || !info.btf_size || info.btf_size > BTF_SIZE_MAX)
		return -1;
	to->len = info.btf_size;
	to->data = xmalloc(to->len);
	info = (struct bpf_btf_info){ .btf = (uint64_t)to->data,
				      .btf_size = to->len };
	return bpf_info(fd, &info, sizeof(info));
}

int btf_load(const struct blob *from)
{
	union bpf_attr attr = { .btf = (uint64_t)from->data,
				.btf_size = from->len };

	return bpf_call(BPF_BTF_LOAD, &attr);
}

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "btf");
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	struct failure mine = { 0 };
	struct blob data = { 0 };
	int copy = anon_take(s, fd->fd, &mine);

	if (copy < 0) {
		if (c->frozen)
			*f = mine;
		return c->frozen ? -1 : 0;
	}
	if (btf_read(copy, &data) < 0)
		obstacle_add(c, s, "close it, or leave it behind (--drop)",
			     "has %s open (descriptor %d), which cannot be moved",
			     errno == EPERM ? "types of the kernel or of root's "
			     "(BTF)" : "types of BPF (BTF) that cannot be read",
			     fd->fd);
	free(data.data);
	close(copy);
	return 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_btf *rec = image_add(&c->image, RECORD_BTF, id);
	int copy = anon_take(s, fd->fd, f), rc;

	if (copy < 0)
		return -1;
	rc = btf_read(copy, &rec->data);
	if (rc < 0)
		fail_errno(f, 0, "cannot read types of BPF of process %d "
			   "(descriptor %d)", s->pid, fd->fd);
	close(copy);
	return rc;
}

const struct fd_kind fd_kind_btf = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_BTF, struct rec_btf, b)
		if (!b->data.len)
			return fail(f, STATUS_STREAM, "types of BPF %llu are not "
				    "sound", (unsigned long long)b_r->id);
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_BTF, struct rec_btf, b) {
		int fd = btf_load(&b->data);

		if (fd < 0)
			return fail_errno(f, 0, "cannot load types of BPF");
		if (opened_add(r, &r->opened, b_r->id, fd, f) < 0)
			return -1;
	}
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_btf *b = rec;

	fprintf(to, "types of BPF, %zu bytes", b->data.len);
}

const struct kind kind_btf = {
	.type = RECORD_BTF, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .describe = describe,
};

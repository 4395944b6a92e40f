/* SPDX-License-Identifier: MIT */
/* anon.c - what descriptors without a file have in common: eventfd and its kin */
#include "image/anon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool anon_is(const struct source_fd *fd, const char *name)
{
	static const char head[] = "anon_inode:";

	return !strncmp(fd->link, head, sizeof(head) - 1) &&
	       !strcmp(fd->link + sizeof(head) - 1, name);
}

bool anon_value(const struct proc_fdinfo *info, const char *key, int base,
		uint64_t *value)
{
	size_t n = strlen(key);

	for (const char *line = info->text; line && *line;) {
		const char *end = strchr(line, '\n');

		if (!strncmp(line, key, n)) {
			*value = strtoull(line + n, NULL, base);
			return true;
		}
		line = end ? end + 1 : NULL;
	}
	return false;
}

int anon_take(const struct source *s, int fd, struct failure *f)
{
	int copy = proc_take_fd(s->via, fd);

	if (copy < 0)
		fail_errno(f, 0, "cannot take descriptor %d of process %d", fd,
			   s->pid);
	return copy;
}

int anon_opened(struct restore *r, uint64_t id, int fd, uint32_t flags,
		struct failure *f)
{
	if (flags & ANON_FLAGS && fcntl(fd, F_SETFL, flags & ANON_FLAGS) < 0) {
		close(fd);
		return fail_errno(f, 0, "cannot set flags of a descriptor");
	}
	return opened_add(r, &r->opened, id, fd, f);
}

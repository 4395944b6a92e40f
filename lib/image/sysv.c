/* SPDX-License-Identifier: MIT */
/* sysv.c - the tables of /proc/sysvipc, and numbers that are asked for */
#include "image/sysv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "base/io.h"

static const char *const names[] = { "shm", "sem", "msg" };
static const char *const words[] = {
	"System V shared memory", "the System V semaphores",
	"the System V message queue",
};

static bool parse(enum sysv_kind kind, const char *line, struct sysv_line *l)
{
	unsigned long long size;

	switch (kind) {
	case SYSV_SHM:
		if (sscanf(line, "%d %d %o %llu %d %d %u", &l->key, &l->id,
			   &l->perms, &size, &l->pid[0], &l->pid[1],
			   &l->attached) != 7)
			return false;
		break;
	case SYSV_SEM:
		if (sscanf(line, "%d %d %o %llu", &l->key, &l->id, &l->perms,
			   &size) != 4)
			return false;
		break;
	default:
		if (sscanf(line, "%d %d %o %llu %*u %d %d", &l->key, &l->id,
			   &l->perms, &size, &l->pid[0], &l->pid[1]) != 6)
			return false;
	}
	l->size = size;
	return true;
}

int sysv_lines(enum sysv_kind kind, struct list *lines)
{
	char path[32], *text, *line;

	snprintf(path, sizeof(path), "/proc/sysvipc/%s", names[kind]);
	text = read_file(path, NULL);
	if (!text)
		return 0;	/* a kernel without it */
	for (line = strchr(text, '\n'); line && *++line;
	     line = strchr(line, '\n')) {
		struct sysv_line l = { 0 };

		if (parse(kind, line, &l))
			*(struct sysv_line *)list_add(lines, sizeof(l)) = l;
	}
	free(text);
	return 0;
}

bool sysv_in_tree(const struct capture *c, const struct sysv_line *l)
{
	return namespaces_entered(c, NAMESPACE_IPC) ||
	       (l->pid[0] && capture_id(c, l->pid[0])) ||
	       (l->pid[1] && capture_id(c, l->pid[1]));
}

bool sysv_want(enum sysv_kind kind, int id)
{
	char path[48], text[16];
	int fd, n = snprintf(text, sizeof(text), "%d", id);
	bool done;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s_next_id",
		 names[kind]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, text, n) == n;
	close(fd);
	return done;
}

int sysv_taken(enum sysv_kind kind, int id, int32_t key, int got,
	       struct failure *f)
{
	if (got < 0)
		return fail_errno(f, STATUS_DIFFERS, "cannot make %s %d (key "
				  "0x%x) here", words[kind], id, key);
	return fail(f, STATUS_DIFFERS, "%s %d cannot have its number here: it "
		    "is taken, or may not be chosen (that needs root)",
		    words[kind], id);
}

struct made {
	enum sysv_kind kind;
	int id;
};

void sysv_made(struct restore *r, enum sysv_kind kind, int id)
{
	*(struct made *)list_add(&r->sysv_made, sizeof(struct made)) =
		(struct made){ kind, id };
}

void sysv_end(struct restore *r, bool worked)
{
	list_each(&r->sysv_made, struct made, m) {
		if (worked)
			break;
		if (m->kind == SYSV_SHM)
			shmctl(m->id, IPC_RMID, NULL);
		else if (m->kind == SYSV_SEM)
			semctl(m->id, 0, IPC_RMID);
		else
			msgctl(m->id, IPC_RMID, NULL);
	}
	list_free(&r->sysv_made);
}

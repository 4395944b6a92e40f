/* SPDX-License-Identifier: MIT */
/*
 * status.c - /proc/PID/task/TID/status and stat: what a task is
 *
 * status is read by a table of its lines.  The kernel writes them in the
 * table's order, so the search for a line's key goes on where the last one was
 * found; a line that is not in the table costs one turn through it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/proc.h"
#include "proc/text.h"

#define PF_KTHREAD 0x200000

/* Sees to the escapes of the kernel's string_escape: \n \\ \ooo and kin. */
static char unescaped(const char **p)
{
	static const char letters[] = "nrtfvabe\\\"s";
	static const char meant[] = "\n\r\t\f\v\a\b\033\\\" ";
	const char *s = *p, *l;

	if (*s != '\\' || !s[1])
		return *(*p)++;
	l = strchr(letters, s[1]);
	if (l) {
		*p += 2;
		return meant[l - letters];
	}
	if (s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
	    s[3] >= '0' && s[3] <= '7') {
		*p += 4;
		return (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
	}
	return *(*p)++;
}

static void read_name(const char *v, struct proc_status *st, void *to)
{
	size_t n = 0;

	(void)to;
	/* One tab after the colon: blanks after it are the name's own. */
	while (v[-1] != '\t')
		v--;
	while (*v && n < sizeof(st->name) - 1)
		st->name[n++] = unescaped(&v);
	st->name[n] = '\0';
}

static void read_char(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	*(char *)to = *v;
}

static void read_int(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	*(int *)to = text_int(&v);
}

static void read_bool(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	*(bool *)to = *v == '1';
}

static void read_octal(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	*(uint32_t *)to = strtoul(v, NULL, 8);
}

static void read_hex(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	*(uint64_t *)to = text_hex(&v);
}

static void read_ids(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	for (int i = 0; i < 4; i++, v = text_blank(v))
		((uint32_t *)to)[i] = text_dec(&v);
}

static void read_groups(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	for (; *v >= '0' && *v <= '9'; v = text_blank(v))
		*(uint32_t *)list_add(to, sizeof(uint32_t)) = text_dec(&v);
}

static void read_nspid(const char *v, struct proc_status *st, void *to)
{
	(void)to;
	for (st->nspid_n = 0; *v && st->nspid_n < 8; v = text_blank(v))
		st->nspid[st->nspid_n++] = text_int(&v);
}

static void read_levels(const char *v, struct proc_status *st, void *to)
{
	(void)st;
	for (int i = 0; *v && i < 8; v = text_blank(v), i++)
		((pid_t *)to)[i] = text_int(&v);
}

#define FIELD(key, reader, field) \
	{ key, sizeof(key) - 1, reader, offsetof(struct proc_status, field) }

static const struct field {
	const char *key;
	size_t len;
	void (*read)(const char *value, struct proc_status *st, void *to);
	size_t offset;
} fields[] = {
	FIELD("Name:", read_name, name),
	FIELD("Umask:", read_octal, umask),
	FIELD("State:", read_char, state),
	FIELD("Tgid:", read_int, tgid),
	FIELD("Pid:", read_int, pid),
	FIELD("PPid:", read_int, ppid),
	FIELD("TracerPid:", read_int, tracer),
	FIELD("Uid:", read_ids, uid),
	FIELD("Gid:", read_ids, gid),
	FIELD("Groups:", read_groups, groups),
	FIELD("NSpid:", read_nspid, nspid),
	FIELD("NSpgid:", read_levels, nspgid),
	FIELD("NSsid:", read_levels, nssid),
	FIELD("Kthread:", read_bool, kernel_thread),
	FIELD("Threads:", read_int, threads),
	FIELD("SigPnd:", read_hex, sig_pending),
	FIELD("ShdPnd:", read_hex, shared_pending),
	FIELD("SigBlk:", read_hex, sig_blocked),
	FIELD("SigIgn:", read_hex, sig_ignored),
	FIELD("SigCgt:", read_hex, sig_caught),
	FIELD("CapInh:", read_hex, cap[CAP_INH]),
	FIELD("CapPrm:", read_hex, cap[CAP_PRM]),
	FIELD("CapEff:", read_hex, cap[CAP_EFF]),
	FIELD("CapBnd:", read_hex, cap[CAP_BND]),
	FIELD("CapAmb:", read_hex, cap[CAP_AMB]),
	FIELD("NoNewPrivs:", read_bool, no_new_privs),
	FIELD("Seccomp:", read_int, seccomp),
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

/* The table's row for @line, searched from row @from on. */
static const struct field *field_of(const char *line, size_t from)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct field *f = &fields[(from + i) % FIELDS];

		if (*line == *f->key && !strncmp(line, f->key, f->len))
			return f;
	}
	return NULL;
}

/* Kernels before 6.8 have no Kthread line. */
static int kthread_by_stat(pid_t pid, pid_t tid, struct proc_status *st)
{
	struct proc_stat stat;

	if (proc_stat(pid, tid, &stat) < 0)
		return -1;
	st->kernel_thread = stat.flags & PF_KTHREAD;
	return 0;
}

int proc_status(pid_t pid, pid_t tid, struct proc_status *st)
{
	bool kthread_known = false;
	size_t from = 0;
	struct lines in;
	char *line;

	memset(st, 0, sizeof(*st));
	if (lines_open_small(&in, pid, tid, "status") < 0)
		return -1;
	while ((line = lines_next(&in))) {
		const struct field *f = field_of(line, from);

		if (!f)
			continue;
		f->read(text_blank(line + f->len), st, (char *)st + f->offset);
		kthread_known |= f->read == read_bool && *line == 'K';
		from = f - fields + 1;
	}
	if (lines_close(&in) < 0)
		goto failed;
	if (!st->pid) {		/* died between open and read */
		errno = ESRCH;
		goto failed;
	}
	if (!kthread_known && kthread_by_stat(pid, tid, st) < 0)
		goto failed;
	return 0;
failed:
	proc_status_free(st);
	return -1;
}

pid_t proc_inner_id(const struct proc_status *st, pid_t unknown)
{
	return st->nspid_n ? st->nspid[st->nspid_n - 1] : unknown;
}

void proc_status_free(struct proc_status *st)
{
	list_free(&st->groups);
}

/* The kernel's new_encode_dev(): major in the middle, minor around it. */
static uint64_t tty_dev(uint32_t n)
{
	return makedev(n >> 8 & 0xfff, (n & 0xff) | (n >> 12 & 0xfff00));
}

/* Fields are numbered as in proc_pid_stat(5); signed ones are kept as the
 * two's complement. */
#define STAT_FIELDS 52

static int stat_numbers(const char *p, uint64_t v[static STAT_FIELDS + 1])
{
	int n = 4;

	for (; n <= STAT_FIELDS; n++) {
		const char *start = p = text_blank(p);

		v[n] = text_int(&p);
		if (p == start)
			break;
	}
	/* Fields were added over time, the last ones in Linux 3.5. */
	return n > STAT_FIELDS ? 0 : -1;
}

int proc_stat(pid_t pid, pid_t tid, struct proc_stat *s)
{
	uint64_t v[STAT_FIELDS + 1] = { 0 };
	char buf[2048];
	const char *p;
	ssize_t n;
	int err, fd = proc_open(pid, tid, "stat", O_RDONLY);

	memset(s, 0, sizeof(*s));
	if (fd < 0)
		return -1;
	n = read_some(fd, buf, sizeof(buf) - 1);	/* whole, or cut */
	err = errno;
	close(fd);
	errno = err;
	if (n < 0)
		return -1;
	buf[n] = '\0';
	/* The name may hold anything, ") R 1" too; no number does. */
	p = strrchr(buf, ')');
	if (!p || p[1] != ' ' || !p[2] || stat_numbers(p + 3, v) < 0) {
		errno = n ? EPROTO : ESRCH;
		return -1;
	}
	*s = (struct proc_stat){
		.state = p[2], .ppid = v[4], .pgrp = v[5], .session = v[6],
		.tty_nr = tty_dev(v[7]), .tpgid = v[8], .flags = v[9],
		.threads = v[20], .starttime = v[22],
		.start_code = v[26], .end_code = v[27], .start_stack = v[28],
		.exit_signal = v[38], .processor = v[39],
		.start_data = v[45], .end_data = v[46], .start_brk = v[47],
		.arg_start = v[48], .arg_end = v[49],
		.env_start = v[50], .env_end = v[51], .exit_code = v[52],
	};
	return 0;
}

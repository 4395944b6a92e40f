/* SPDX-License-Identifier: MIT */
/*
 * maps.c - /proc/PID/maps and smaps: the mappings of a process
 *
 * smaps is maps with some 23 lines more for each mapping, of which seven matter
 * here.  A mapping's own line starts with a lower-case hexadecimal address, the
 * others with a capital: that is how they are told apart.
 */
#include <errno.h>
#include <sys/sysmacros.h>

#include "proc/proc.h"
#include "proc/text.h"

#define PAIR(a, b) ((unsigned char)(a) << 8 | (unsigned char)(b))

/* One of VmFlags' two-letter names as a bit.  Soft-dirty is no property that a
 * mapping was given, and almost all have it where the kernel tracks it. */
static uint64_t vm_flag(char a, char b)
{
	switch (PAIR(a, b)) {
	case PAIR('r', 'd'): return VMF_RD;
	case PAIR('w', 'r'): return VMF_WR;
	case PAIR('e', 'x'): return VMF_EX;
	case PAIR('s', 'h'): return VMF_SH;
	case PAIR('m', 'r'): return VMF_MR;
	case PAIR('m', 'w'): return VMF_MW;
	case PAIR('m', 'e'): return VMF_ME;
	case PAIR('m', 's'): return VMF_MS;
	case PAIR('g', 'd'): return VMF_GD;
	case PAIR('p', 'f'): return VMF_PF;
	case PAIR('l', 'o'): return VMF_LO;
	case PAIR('l', 'f'): return VMF_LF;
	case PAIR('i', 'o'): return VMF_IO;
	case PAIR('s', 'r'): return VMF_SR;
	case PAIR('r', 'r'): return VMF_RR;
	case PAIR('d', 'c'): return VMF_DC;
	case PAIR('d', 'e'): return VMF_DE;
	case PAIR('a', 'c'): return VMF_AC;
	case PAIR('n', 'r'): return VMF_NR;
	case PAIR('h', 't'): return VMF_HT;
	case PAIR('d', 'd'): return VMF_DD;
	case PAIR('m', 'm'): return VMF_MM;
	case PAIR('h', 'g'): return VMF_HG;
	case PAIR('n', 'h'): return VMF_NH;
	case PAIR('m', 'g'): return VMF_MG;
	case PAIR('u', 'm'): return VMF_UM;
	case PAIR('u', 'w'): return VMF_UW;
	case PAIR('u', 'i'): return VMF_UI;
	case PAIR('w', 'f'): return VMF_WF;
	case PAIR('s', 'l'): return VMF_SL;
	case PAIR('s', 's'): return VMF_SS;
	case PAIR('d', 'p'): return VMF_DP;
	case PAIR('s', 'd'): return 0;
	}
	return VMF_OTHER;
}

static uint64_t vm_flags(const char *p)
{
	uint64_t flags = 0;

	for (p = text_blank(p); *p; p = text_blank(p)) {
		if (!p[1])
			return flags | VMF_OTHER;
		flags |= vm_flag(p[0], p[1]);
		p += 2;
	}
	return flags;
}

/*
 * The kernel writes a newline in a path as \012 and leaves all else, the
 * backslash too, as it is: a file that is really called "a\012b" cannot be told
 * from one with a newline here (a link in map_files could).
 */
static char *path_unescaped(const char *s, size_t n)
{
	char *path = xmalloc(n + 1), *to = path;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && n - i > 3 && !memcmp(s + i, "\\012", 4)) {
			*to++ = '\n';
			i += 3;
		} else {
			*to++ = s[i];
		}
	}
	*to = '\0';
	return path;
}

static void map_path(struct proc_map *m, const char *p)
{
	static const char gone[] = " (deleted)";
	size_t n = strlen(p), tail = sizeof(gone) - 1;

	if ((m->ino || m->dev) && n > tail && !memcmp(p + n - tail, gone, tail)) {
		m->deleted = true;
		n -= tail;
	}
	m->path = path_unescaped(p, n);
}

/* "start-end rwxp offset major:minor inode   path"; -1 if it is not that. */
static int map_line(struct proc_map *m, const char *p)
{
	unsigned major, minor;

	m->start = text_hex(&p);
	if (*p++ != '-')
		goto odd;
	m->end = text_hex(&p);
	if (*p++ != ' ' || strnlen(p, 5) < 5)
		goto odd;
	m->flags = (p[0] == 'r' ? VMF_RD : 0) | (p[1] == 'w' ? VMF_WR : 0) |
		   (p[2] == 'x' ? VMF_EX : 0) | (p[3] == 's' ? VMF_SH : 0);
	p += 5;
	m->offset = text_hex(&p);
	p = text_blank(p);
	major = text_hex(&p);
	if (*p++ != ':')
		goto odd;
	minor = text_hex(&p);
	m->dev = makedev(major, minor);
	p = text_blank(p);
	m->ino = text_dec(&p);
	map_path(m, text_blank(p));
	return 0;
odd:
	errno = EPROTO;
	return -1;
}

static uint64_t bytes(const char *kb)
{
	kb = text_blank(kb);
	return text_dec(&kb) << 10;
}

/* A line of smaps about @m.  Called for some 100,000 lines of a big process:
 * most leave at the first letters. */
static void detail_line(struct proc_map *m, const char *line)
{
	switch (*line) {
	case 'R':
		if (!strncmp(line, "Rss:", 4))
			m->rss += bytes(line + 4);
		break;
	case 'S':
		if (!strncmp(line, "Swap:", 5))
			m->swap = bytes(line + 5);
		else if (!strncmp(line, "Shared_Hugetlb:", 15))
			m->rss += bytes(line + 15);
		break;
	case 'K':
		if (!strncmp(line, "KernelPageSize:", 15))
			m->page = bytes(line + 15);
		break;
	case 'V':
		if (!strncmp(line, "VmFlags:", 8))
			m->flags = vm_flags(line + 8);
		break;
	case 'P':
		if (!strncmp(line, "ProtectionKey:", 14)) {
			const char *p = text_blank(line + 14);

			m->pkey = text_dec(&p);
		} else if (!strncmp(line, "Private_Hugetlb:", 16)) {
			m->rss += bytes(line + 16);
		}
		break;
	}
}

int proc_maps(pid_t pid, bool flags, struct list *maps)
{
	struct proc_map *m = NULL;
	struct lines in;
	char *line;
	int rc = 0;

	memset(maps, 0, sizeof(*maps));
	if (lines_open(&in, pid, pid, flags ? "smaps" : "maps") < 0)
		return -1;
	while (rc == 0 && (line = lines_next(&in))) {
		if (*line >= 'A' && *line <= 'Z') {
			if (m)
				detail_line(m, line);
			continue;
		}
		m = list_add(maps, sizeof(*m));
		rc = map_line(m, line);
	}
	if (lines_close(&in) < 0)
		rc = -1;
	return rc;
}

void proc_maps_free(struct list *maps)
{
	list_each(maps, struct proc_map, m)
		free(m->path);
	list_free(maps);
}

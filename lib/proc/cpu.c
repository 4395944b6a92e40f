/* SPDX-License-Identifier: MIT */
/* cpu.c - what the processor can do, as the kernel lets programs use it */
#include <cpuid.h>
#include <errno.h>

#include "proc/proc.h"
#include "proc/text.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_words(const char *p, struct list *names)
{
	for (p = text_blank(p); *p; p = text_blank(p)) {
		size_t n = strcspn(p, " \t");

		*(char **)list_add(names, sizeof(char *)) =
			xasprintf("%.*s", (int)n, p);
		p += n;
	}
}

/* The first processor's: Linux uses what all of them have. */
int proc_cpu_flags(struct list *names)
{
	struct lines in;
	char *line;

	memset(names, 0, sizeof(*names));
	if (lines_open_path(&in, "/proc/cpuinfo") < 0)
		return -1;
	while (!names->n && (line = lines_next(&in))) {
		const char *v = text_after(line, "flags");

		if (v && *v == ':')
			add_words(v + 1, names);
	}
	if (lines_close(&in) < 0)
		return -1;
	if (!names->n) {
		errno = EPROTO;
		return -1;
	}
	list_sort(names, sizeof(char *), by_name);
	return 0;
}

uint64_t proc_xcr0(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return 0;
	__asm__("xgetbv" : "=a" (a), "=d" (d) : "c" (0));
	return (uint64_t)d << 32 | a;
}

/* SPDX-License-Identifier: MIT */
/* list.c - a growing array of items of one size */
#include "base/list.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"

static void *need(void *p)
{
	struct failure f = { 0 };

	if (p)
		return p;
	errno = ENOMEM;
	fail_errno(&f, STATUS_SYSTEM, "out of memory");
	failure_die(&f);
}

void *xmalloc(size_t n)
{
	return need(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return need(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
	return need(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return need(strdup(s));
}

char *xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return need(s);
}

void *list_add(struct list *l, size_t item_size)
{
	char *item;

	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 8;
		l->items = xrealloc(l->items, l->room * item_size);
	}
	item = (char *)l->items + l->n++ * item_size;
	return memset(item, 0, item_size);
}

void list_free(struct list *l)
{
	free(l->items);
	*l = (struct list){ 0 };
}

void list_sort(struct list *l, size_t item_size,
	       int (*compare)(const void *, const void *))
{
	if (l->n)
		qsort(l->items, l->n, item_size, compare);
}
